#include "staging.hpp"

#include <algorithm>
#include <cstring>

namespace equivar {

void Staging::write(Context& context, cuda::Stream stream, cuda::DevicePointer target, const std::uint8_t* data, std::size_t length) {
  reclaim(context);
  if (length <= smallWrite) {
    const std::size_t room = (length + 63) / 64 * 64;
    if (shared_.data == nullptr || sharedUsed_ + room > sharedBytes) {
      const PinnedPiece next = context.pinned.acquire(context, sharedBytes);
      const PinnedPiece full = shared_;
      shared_ = next;
      sharedUsed_ = 0;
      if (full.data != nullptr) retire(context, stream, full);
    }
    std::uint8_t* place = shared_.data + sharedUsed_;
    sharedUsed_ += room;
    std::memcpy(place, data, length);
    context.check("cuMemcpyHtoDAsync", context.driver.cuMemcpyHtoDAsync(target, place, length, stream));
    return;
  }
  // In pieces: while the device fetches one the next is filled, and a device that keeps up needs only a few of them.
  for (std::size_t offset = 0; offset < length; offset += PinnedPool::largestPiece) {
    const std::size_t bytes = std::min(length - offset, PinnedPool::largestPiece);
    const PinnedPiece piece = context.pinned.acquire(context, bytes);
    std::memcpy(piece.data, data + offset, bytes);
    const cuda::Status status = context.driver.cuMemcpyHtoDAsync(target + offset, piece.data, bytes, stream);
    if (status != cuda::success) {
      context.pinned.release(piece);
      throw context.failure("cuMemcpyHtoDAsync", status);
    }
    retire(context, stream, piece);
    reclaim(context);
  }
}

void Staging::retire(Context& context, cuda::Stream stream, PinnedPiece piece) {
  inFlight_.push_back({piece, nullptr});
  inFlight_.back().event = context.mark(stream);
}

void Staging::reclaim(Context& context) {
  while (!inFlight_.empty() && inFlight_.front().event != nullptr) {
    const cuda::Status status = context.driver.cuEventQuery(inFlight_.front().event);
    if (status == cuda::notReady) return;
    context.check("cuEventQuery", status);
    context.pinned.release(inFlight_.front().piece);
    context.releaseEvent(inFlight_.front().event);
    inFlight_.pop_front();
  }
}

std::vector<PieceInFlight> Staging::takeAll() {
  std::vector<PieceInFlight> taken(inFlight_.begin(), inFlight_.end());
  inFlight_.clear();
  if (shared_.data != nullptr) taken.push_back({shared_, nullptr});
  shared_ = {};
  return taken;
}

}  // namespace equivar
