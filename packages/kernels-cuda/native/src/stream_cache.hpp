// Device memory of one stream, cached.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "context.hpp"

namespace equivar {

/** What the driver gave in one piece. */
struct Segment {
  std::size_t bytes;
  bool isSmall;
  struct Block* first;
};

/** A part of a segment: handed out, or free. Parts of a segment are a list in the order of their addresses. */
struct Block {
  cuda::DevicePointer address = 0;
  std::size_t bytes = 0;
  bool isFree = true;
  Segment* segment = nullptr;
  Block* previous = nullptr;
  Block* next = nullptr;
};

/**
 * Segments from the driver, cut into blocks. What is released goes to the next that asks for it on this stream at once: work in the
 * stream is done in its order. Small requests share segments of their own, so that they do not break up large ones.
 */
class StreamCache {
 public:
  static constexpr std::size_t granule = 512;

  explicit StreamCache(Context& context) : context_(context) {}
  ~StreamCache();
  StreamCache(const StreamCache&) = delete;
  StreamCache& operator=(const StreamCache&) = delete;

  /** A cached block; null if there is none that is large enough. */
  Block* take(std::size_t bytes);
  /** Takes a segment from the driver and gives a block of it. @throws DriverFailure */
  Block* grow(std::size_t bytes);
  void release(Block* block);
  /** Takes out the segments without a used block, for the caller to free; adds to `bytes`. */
  std::vector<cuda::DevicePointer> takeIdle(std::size_t& bytes);
  /** Takes out all of them. */
  std::vector<cuda::DevicePointer> takeAll();
  std::size_t reservedBytes() const { return reservedBytes_; }

 private:
  struct Smaller {
    bool operator()(const Block* a, const Block* b) const { return a->bytes != b->bytes ? a->bytes < b->bytes : a->address < b->address; }
  };
  using FreeBlocks = std::set<Block*, Smaller>;

  FreeBlocks& freeBlocks(const Block& block);
  /** Hands the block out, and its end back if that is worth it. */
  Block* cut(Block* block, std::size_t bytes);
  void merge(Block* block, Block* following);

  Context& context_;
  std::map<cuda::DevicePointer, std::unique_ptr<Segment>> segments_;
  FreeBlocks smallFree_;
  FreeBlocks largeFree_;
  std::size_t reservedBytes_ = 0;
};

}  // namespace equivar
