#include "context.hpp"

#include <algorithm>

namespace equivar {

PinnedPiece PinnedPool::acquire(Context& context, std::size_t bytes) {
  int order = smallestOrder;
  while ((std::size_t{1} << order) < bytes) order++;
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& idle = idle_[order];
  if (idle.empty()) {
    const std::size_t size = std::size_t{1} << std::max(order, slabOrder);
    void* data = nullptr;
    context.enter();
    const cuda::Status status = context.driver.cuMemHostAlloc(&data, size, cuda::hostAllocPortable);
    if (status != cuda::success)
      throw context.failure("cuMemHostAlloc", status, std::to_string(size) + " bytes of pinned host memory, beside " + std::to_string(bytes_));
    slabs_.push_back({static_cast<std::uint8_t*>(data), size});
    bytes_ += size;
    // Pieces at the end first: they are taken from the back.
    for (std::size_t offset = size; offset > 0; offset -= std::size_t{1} << order)
      idle.push_back(static_cast<std::uint8_t*>(data) + offset - (std::size_t{1} << order));
  }
  std::uint8_t* data = idle.back();
  idle.pop_back();
  return {data, order};
}

void PinnedPool::release(PinnedPiece piece) {
  if (piece.data == nullptr) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_[piece.order].push_back(piece.data);
}

std::vector<void*> PinnedPool::takeIdle() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<void*> taken;
  for (int order = slabOrder; order <= largestOrder; order++) {
    for (std::uint8_t* data : idle_[order]) {
      taken.push_back(data);
      slabs_.erase(std::find_if(slabs_.begin(), slabs_.end(), [&](const Slab& slab) { return slab.data == data; }));
      bytes_ -= std::size_t{1} << order;
    }
    idle_[order].clear();
  }
  return taken;
}

void PinnedPool::freeAll(const DriverLibrary& driver) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Slab& slab : slabs_) driver.cuMemFreeHost(slab.data);
  slabs_.clear();
}

std::shared_ptr<Context> Context::retain(const DriverLibrary& driver, int ordinal) {
  cuda::DeviceId device = 0;
  driver.check("cuDeviceGet", driver.cuDeviceGet(&device, ordinal));
  cuda::Context handle = nullptr;
  driver.check("cuDevicePrimaryCtxRetain", driver.cuDevicePrimaryCtxRetain(&handle, device));
  return std::shared_ptr<Context>(new Context(driver, device, ordinal, handle));
}

Context::~Context() {
  // Nothing here can be told to anybody. A driver that is gone already refuses, which does no harm.
  if (driver.cuCtxSetCurrent(handle) == cuda::success) {
    for (cuda::Event event : idleEvents_) driver.cuEventDestroy(event);
    pinned.freeAll(driver);
  }
  driver.cuDevicePrimaryCtxRelease(device);
}

DriverFailure Context::failure(const char* call, cuda::Status status, const std::string& more) {
  DriverFailure failure = driver.failure(call, status, more);
  if (!cuda::isSticky(status)) return failure;
  failure.lost = shared_from_this();
  const std::lock_guard<std::mutex> lock(mutex_);
  // Without the reference to itself, which would keep the context for ever.
  if (!lost_) lost_ = DriverFailure{failure.call, failure.status, failure.statusName, failure.detail};
  isLost_.store(true, std::memory_order_release);
  return failure;
}

std::optional<DriverFailure> Context::lostFailure() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!lost_) return std::nullopt;
  DriverFailure failure = *lost_;
  failure.lost = shared_from_this();
  return failure;
}

cuda::Event Context::acquireEvent() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idleEvents_.empty()) {
      cuda::Event event = idleEvents_.back();
      idleEvents_.pop_back();
      return event;
    }
  }
  enter();
  cuda::Event event = nullptr;
  check("cuEventCreate", driver.cuEventCreate(&event, cuda::eventDisableTiming));
  return event;
}

cuda::Event Context::mark(cuda::Stream stream) {
  const cuda::Event event = acquireEvent();
  const cuda::Status status = driver.cuEventRecord(event, stream);
  if (status == cuda::success) return event;
  releaseEvent(event);
  throw failure("cuEventRecord", status);
}

void Context::releaseEvent(cuda::Event event) {
  const std::lock_guard<std::mutex> lock(mutex_);
  idleEvents_.push_back(event);
}

}  // namespace equivar
