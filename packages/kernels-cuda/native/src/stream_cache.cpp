#include "stream_cache.hpp"

namespace equivar {
namespace {

constexpr std::size_t megabyte = std::size_t{1} << 20;
/** Requests up to here come from small segments. */
constexpr std::size_t smallRequest = megabyte;
constexpr std::size_t smallSegment = 2 * megabyte;
/** Requests below come from segments that several of them share. */
constexpr std::size_t sharedRequest = 10 * megabyte;
constexpr std::size_t sharedSegment = 20 * megabyte;

std::size_t roundUp(std::size_t bytes, std::size_t unit) { return (bytes + unit - 1) / unit * unit; }

/** Also nothing has an address of its own. */
std::size_t blockBytes(std::size_t bytes) { return bytes == 0 ? StreamCache::granule : roundUp(bytes, StreamCache::granule); }

std::size_t segmentBytes(std::size_t bytes) {
  if (bytes <= smallRequest) return smallSegment;
  return bytes < sharedRequest ? sharedSegment : roundUp(bytes, smallSegment);
}

}  // namespace

StreamCache::~StreamCache() { takeAll(); }

Block* StreamCache::take(std::size_t bytes) {
  Block wanted;
  wanted.bytes = blockBytes(bytes);
  FreeBlocks& free = wanted.bytes <= smallRequest ? smallFree_ : largeFree_;
  const auto found = free.lower_bound(&wanted);
  if (found == free.end()) return nullptr;
  Block* block = *found;
  free.erase(found);
  return cut(block, wanted.bytes);
}

Block* StreamCache::grow(std::size_t bytes) {
  const std::size_t wanted = blockBytes(bytes);
  const std::size_t size = segmentBytes(wanted);
  cuda::DevicePointer address = 0;
  context_.enter();
  context_.check("cuMemAlloc", context_.driver.cuMemAlloc(&address, size));
  auto* block = new Block{address, size, true, nullptr, nullptr, nullptr};
  auto segment = std::make_unique<Segment>(Segment{size, wanted <= smallRequest, block});
  block->segment = segment.get();
  segments_[address] = std::move(segment);
  reservedBytes_ += size;
  return cut(block, wanted);
}

Block* StreamCache::cut(Block* block, std::size_t bytes) {
  const std::size_t rest = block->bytes - bytes;
  if (rest >= (block->segment->isSmall ? granule : smallRequest)) {
    auto* end = new Block{block->address + bytes, rest, true, block->segment, block, block->next};
    if (block->next != nullptr) block->next->previous = end;
    block->next = end;
    block->bytes = bytes;
    freeBlocks(*end).insert(end);
  }
  block->isFree = false;
  return block;
}

void StreamCache::release(Block* block) {
  block->isFree = true;
  Block* next = block->next;
  if (next != nullptr && next->isFree) {
    freeBlocks(*next).erase(next);
    merge(block, next);
  }
  Block* previous = block->previous;
  if (previous != nullptr && previous->isFree) {
    freeBlocks(*previous).erase(previous);
    merge(previous, block);
    block = previous;
  }
  freeBlocks(*block).insert(block);
}

void StreamCache::merge(Block* block, Block* following) {
  block->bytes += following->bytes;
  block->next = following->next;
  if (block->next != nullptr) block->next->previous = block;
  delete following;
}

std::vector<cuda::DevicePointer> StreamCache::takeIdle(std::size_t& bytes) {
  std::vector<cuda::DevicePointer> taken;
  for (auto entry = segments_.begin(); entry != segments_.end();) {
    const Segment& segment = *entry->second;
    Block* block = segment.first;
    if (!block->isFree || block->next != nullptr) {
      ++entry;
      continue;
    }
    freeBlocks(*block).erase(block);
    delete block;
    bytes += segment.bytes;
    reservedBytes_ -= segment.bytes;
    taken.push_back(entry->first);
    entry = segments_.erase(entry);
  }
  return taken;
}

std::vector<cuda::DevicePointer> StreamCache::takeAll() {
  std::vector<cuda::DevicePointer> taken;
  for (auto& [address, segment] : segments_) {
    taken.push_back(address);
    for (Block* block = segment->first; block != nullptr;) {
      Block* next = block->next;
      delete block;
      block = next;
    }
  }
  segments_.clear();
  smallFree_.clear();
  largeFree_.clear();
  reservedBytes_ = 0;
  return taken;
}

StreamCache::FreeBlocks& StreamCache::freeBlocks(const Block& block) { return block.segment->isSmall ? smallFree_ : largeFree_; }

}  // namespace equivar
