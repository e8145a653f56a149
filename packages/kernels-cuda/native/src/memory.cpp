// Allocations.
#include <algorithm>

#include "instance.hpp"

namespace equivar {
namespace {

/** Gives back what waited for other streams and is not used any more. */
void reclaimDeferred(Device& device) {
  Context& context = *device.context;
  for (std::size_t i = 0; i < device.deferred.size();) {
    Deferred& deferred = device.deferred[i];
    while (!deferred.events.empty()) {
      const cuda::Status status = context.driver.cuEventQuery(deferred.events.back());
      if (status == cuda::notReady) break;
      context.check("cuEventQuery", status);
      context.releaseEvent(deferred.events.back());
      deferred.events.pop_back();
    }
    if (deferred.events.empty()) {
      deferred.owner->cache.release(deferred.block);
      device.deferred[i] = device.deferred.back();
      device.deferred.pop_back();
    } else {
      i++;
    }
  }
}

std::size_t reservedBytes(const Instance& instance, const Device& device) {
  std::size_t bytes = 0;
  instance.streams.each([&](const Stream& stream) {
    if (&stream.device == &device) bytes += stream.cache.reservedBytes();
  });
  return bytes;
}

std::vector<cuda::DevicePointer> takeIdleSegments(Instance& instance, Device& device, std::size_t& bytes) {
  std::vector<cuda::DevicePointer> segments;
  instance.streams.each([&](Stream& stream) {
    if (&stream.device != &device) return;
    const auto taken = stream.cache.takeIdle(bytes);
    segments.insert(segments.end(), taken.begin(), taken.end());
  });
  return segments;
}

/** Frees the cache and tries again. This waits for the device, as the driver does before it takes memory back. */
Block* growAfterTrim(Instance& instance, Stream& stream, std::size_t bytes, const DriverFailure& first) {
  Device& device = stream.device;
  Context& context = *device.context;
  std::size_t freed = 0;
  {
    // Waits for a trim that is under way.
    const std::lock_guard<std::mutex> lock(context.freeing);
    for (const cuda::DevicePointer segment : takeIdleSegments(instance, device, freed))
      context.check("cuMemFree", context.driver.cuMemFree(segment));
  }
  try {
    return stream.cache.grow(bytes);
  } catch (const DriverFailure& failure) {
    if (failure.status != cuda::outOfMemory) throw;
    std::size_t free = 0;
    std::size_t total = 0;
    context.driver.cuMemGetInfo(&free, &total);
    DriverFailure told = first;
    told.detail += ", " + readableBytes(bytes) + " are asked for on device " + std::to_string(context.ordinal) + ", which has " +
                   readableBytes(total) + ", " + readableBytes(free) + " of it free; this process has " + readableBytes(device.allocatedBytes) + " in use and " +
                   readableBytes(reservedBytes(instance, device)) + " reserved";
    throw told;
  }
}

napi_value allocate(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const std::uint64_t bytes = arguments.bytes(1, "byteLength");
  Device& device = stream.device;
  if (!device.deferred.empty()) reclaimDeferred(device);
  Block* block = stream.cache.take(bytes);
  if (block == nullptr) {
    try {
      block = stream.cache.grow(bytes);
    } catch (const DriverFailure& failure) {
      if (failure.status != cuda::outOfMemory) throw;
      block = growAfterTrim(instance, stream, bytes, failure);
    }
  }
  instance.allocations.emplace(block->address, Allocation{&stream, block, bytes, {}});
  stream.liveAllocations++;
  device.liveAllocations++;
  device.allocatedBytes += bytes;
  device.peakBytes = std::max(device.peakBytes, device.allocatedBytes);
  return toNumber(arguments.env, static_cast<double>(block->address));
}

/** The allocation that begins at the address. @throws Refusal */
std::map<std::uint64_t, Allocation>::iterator findAllocation(Instance& instance, const Arguments& arguments) {
  const std::uint64_t address = arguments.bytes(0, "address");
  const auto found = instance.allocations.find(address);
  if (found == instance.allocations.end())
    throw Refusal{std::string(arguments.function()) + ": no allocation that is alive in this thread begins at " + std::to_string(address)};
  return found;
}

napi_value usedBy(Instance& instance, const Arguments& arguments) {
  Allocation& allocation = findAllocation(instance, arguments)->second;
  Stream& stream = instance.stream(arguments, 1);
  instance.requireSameDevice(arguments, allocation.owner->device, stream.device, "stream");
  auto& users = allocation.users;
  if (&stream != allocation.owner && std::find(users.begin(), users.end(), &stream) == users.end()) users.push_back(&stream);
  return toUndefined(arguments.env);
}

napi_value release(Instance& instance, const Arguments& arguments) {
  const auto found = findAllocation(instance, arguments);
  const Allocation allocation = found->second;
  Device& device = allocation.owner->device;
  Context& context = *device.context;
  std::vector<cuda::Event> events;
  // A lost device uses nothing any more.
  if (!allocation.users.empty() && !context.lostFailure()) {
    for (const Stream* user : allocation.users) instance.refuseCapture(arguments, *user);
    events = instance.markAll(context, allocation.users);
  }
  instance.allocations.erase(found);
  allocation.owner->liveAllocations--;
  device.liveAllocations--;
  device.allocatedBytes -= allocation.bytes;
  if (events.empty()) allocation.owner->cache.release(allocation.block);
  else device.deferred.push_back({allocation.owner, allocation.block, std::move(events)});
  return toUndefined(arguments.env);
}

napi_value statistics(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  Context& context = *device.context;
  std::size_t free = 0;
  std::size_t total = 0;
  context.enter();
  context.check("cuMemGetInfo", context.driver.cuMemGetInfo(&free, &total));
  const napi_env env = arguments.env;
  const napi_value result = newObject(env);
  set(env, result, "allocatedBytes", static_cast<double>(device.allocatedBytes));
  set(env, result, "liveAllocations", static_cast<double>(device.liveAllocations));
  set(env, result, "peakBytes", static_cast<double>(device.peakBytes));
  set(env, result, "reservedBytes", static_cast<double>(reservedBytes(instance, device)));
  set(env, result, "pinnedBytes", static_cast<double>(context.pinned.bytes()));
  set(env, result, "freeBytes", static_cast<double>(free));
  set(env, result, "totalBytes", static_cast<double>(total));
  return result;
}

napi_value resetPeak(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  device.peakBytes = device.allocatedBytes;
  return toUndefined(arguments.env);
}

napi_value trim(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  if (!device.deferred.empty()) reclaimDeferred(device);
  std::size_t bytes = 0;
  const auto segments = takeIdleSegments(instance, device, bytes);
  const auto pinned = device.context->pinned.takeIdle();
  if (!segments.empty() || !pinned.empty()) {
    // The driver waits for the device before it takes memory back.
    instance.runLater(arguments.function(), [context = device.context, segments, pinned] {
      const std::lock_guard<std::mutex> lock(context->freeing);
      context->enter();
      for (const cuda::DevicePointer segment : segments) context->driver.cuMemFree(segment);
      for (void* piece : pinned) context->driver.cuMemFreeHost(piece);
    });
  }
  return toNumber(arguments.env, static_cast<double>(bytes));
}

}  // namespace

const std::vector<Export> memoryExports = {
    {"allocate", allocate}, {"usedBy", usedBy}, {"release", release}, {"statistics", statistics}, {"resetPeak", resetPeak}, {"trim", trim},
};

}  // namespace equivar
