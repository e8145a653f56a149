// Bytes between host and device, and on the device.
#include <algorithm>

#include "instance.hpp"

namespace equivar {
namespace {

napi_value write(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const Arguments::Bytes data = arguments.view(2, "data");
  const Allocation& target = instance.allocation(arguments, 1, "target", data.length);
  instance.requireSameDevice(arguments, stream.device, target.owner->device, "target");
  if (data.length == 0) return toUndefined(arguments.env);
  instance.refuseCapture(arguments, stream);
  Context& context = *stream.device.context;
  context.enter();
  stream.staging.write(context, stream.handle, arguments.bytes(1, "target"), data.data, data.length);
  return toUndefined(arguments.env);
}

/** Enqueues the copy of one piece of a read. @throws DriverFailure */
Wait::Step enqueuePiece(Context& context, const Stream& stream, cuda::DevicePointer source, std::size_t bytes) {
  const PinnedPiece piece = context.pinned.acquire(context, bytes);
  const cuda::Status status = context.driver.cuMemcpyDtoHAsync(piece.data, source, bytes, stream.handle);
  if (status != cuda::success) {
    context.pinned.release(piece);
    throw context.failure("cuMemcpyDtoHAsync", status);
  }
  // Where the end of the copy cannot be marked the piece stays with the context: nobody knows when the device is done.
  return {context.mark(stream.handle), piece, bytes};
}

/** What was enqueued of a read that failed goes when the device is done with it. */
void abandonRead(Instance& instance, Wait& wait) {
  auto remains = std::make_unique<Remains>();
  remains->context = wait.context;
  for (const Wait::Step& step : wait.steps) {
    remains->fences.push_back(step.event);
    remains->pieces.push_back({step.piece, nullptr});
  }
  instance.buryLater(std::move(remains));
}

napi_value read(Instance& instance, const Arguments& arguments) {
  const napi_env env = arguments.env;
  Stream& stream = instance.stream(arguments, 0);
  const std::uint64_t length = arguments.bytes(2, "byteLength");
  const Allocation& source = instance.allocation(arguments, 1, "source", length);
  instance.requireSameDevice(arguments, stream.device, source.owner->device, "source");
  instance.refuseCapture(arguments, stream);
  Context& context = *stream.device.context;
  auto wait = std::make_unique<Wait>();
  wait->context = stream.device.context;
  void* destination = nullptr;
  napi_value buffer = nullptr;
  napi_value promise = nullptr;
  checkNode(napi_create_arraybuffer(env, length, &destination, &buffer), "napi_create_arraybuffer");
  wait->destination = static_cast<std::uint8_t*>(destination);
  context.enter();
  const cuda::DevicePointer address = arguments.bytes(1, "source");
  try {
    for (std::size_t offset = 0; offset < length; offset += PinnedPool::largestPiece)
      wait->steps.push_back(enqueuePiece(context, stream, address + offset, std::min(length - offset, PinnedPool::largestPiece)));
  } catch (const DriverFailure&) {
    abandonRead(instance, *wait);
    throw;
  }
  // Nobody sees the array buffer before it is full, so nobody can take its memory away meanwhile.
  checkNode(napi_create_reference(env, buffer, 1, &wait->buffer), "napi_create_reference");
  checkNode(napi_create_promise(env, &wait->promise, &promise), "napi_create_promise");
  instance.waiter->add(std::move(wait));
  return promise;
}

napi_value copy(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const std::uint64_t length = arguments.bytes(3, "byteLength");
  const Allocation& target = instance.allocation(arguments, 1, "target", length);
  const Allocation& source = instance.allocation(arguments, 2, "source", length);
  instance.requireSameDevice(arguments, stream.device, target.owner->device, "target");
  if (length == 0) return toUndefined(arguments.env);
  Context& context = *stream.device.context;
  const Context& other = *source.owner->device.context;
  const cuda::DevicePointer to = arguments.bytes(1, "target");
  const cuda::DevicePointer from = arguments.bytes(2, "source");
  context.enter();
  if (&source.owner->device == &stream.device) context.check("cuMemcpyDtoDAsync", context.driver.cuMemcpyDtoDAsync(to, from, length, stream.handle));
  else context.check("cuMemcpyPeerAsync", context.driver.cuMemcpyPeerAsync(to, context.handle, from, other.handle, length, stream.handle));
  return toUndefined(arguments.env);
}

napi_value fill(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const std::uint64_t length = arguments.bytes(2, "byteLength");
  const Allocation& target = instance.allocation(arguments, 1, "target", length);
  const std::uint64_t width = arguments.integer(4, "width", 1, 4);
  const auto value = static_cast<unsigned>(arguments.integer(3, "value", 0, width == 4 ? 0xffffffffULL : (1ULL << (8 * width)) - 1));
  const cuda::DevicePointer address = arguments.bytes(1, "target");
  if (width == 3 || length % width != 0 || address % width != 0)
    throw Refusal{std::string(arguments.function()) + ": the width is 1, 2 or 4, and target and byteLength are multiples of it, got " +
                  std::to_string(width) + ", " + std::to_string(address) + " and " + std::to_string(length)};
  instance.requireSameDevice(arguments, stream.device, target.owner->device, "target");
  if (length == 0) return toUndefined(arguments.env);
  Context& context = *stream.device.context;
  context.enter();
  const std::size_t count = length / width;
  if (width == 1) context.check("cuMemsetD8Async", context.driver.cuMemsetD8Async(address, static_cast<unsigned char>(value), count, stream.handle));
  else if (width == 2) context.check("cuMemsetD16Async", context.driver.cuMemsetD16Async(address, static_cast<unsigned short>(value), count, stream.handle));
  else context.check("cuMemsetD32Async", context.driver.cuMemsetD32Async(address, value, count, stream.handle));
  return toUndefined(arguments.env);
}

}  // namespace

const std::vector<Export> transferExports = {{"write", write}, {"read", read}, {"copy", copy}, {"fill", fill}};

}  // namespace equivar
