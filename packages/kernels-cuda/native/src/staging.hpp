// From the host's memory to the device's, through pinned memory.
#pragma once

#include <deque>
#include <vector>

#include "context.hpp"

namespace equivar {

/** A pinned piece, or none, that is in use until the event: a copy by the device that is under way. */
struct PieceInFlight {
  PinnedPiece piece;
  /** Null if it could not be recorded: then nobody knows, and the piece stays until the stream is gone. */
  cuda::Event event = nullptr;
};

/** The copies of one stream to the device. Pieces go back to the pool when the device has read them. */
class Staging {
 public:
  /** Copies the bytes at once and enqueues their way to the device. @throws DriverFailure */
  void write(Context& context, cuda::Stream stream, cuda::DevicePointer target, const std::uint8_t* data, std::size_t length);
  /** For the end: what the device may still read. */
  std::vector<PieceInFlight> takeAll();

 private:
  /** Small writes share a piece of this size. */
  static constexpr std::size_t sharedBytes = std::size_t{1} << 18;
  static constexpr std::size_t smallWrite = sharedBytes / 4;

  void reclaim(Context& context);
  /** The piece goes back when the stream has come to here. */
  void retire(Context& context, cuda::Stream stream, PinnedPiece piece);

  std::deque<PieceInFlight> inFlight_;
  PinnedPiece shared_;
  std::size_t sharedUsed_ = 0;
};

}  // namespace equivar
