// Streams and events.
#include "instance.hpp"

namespace equivar {
namespace {

napi_value createStream(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  Context& context = *device.context;
  cuda::Stream handle = nullptr;
  context.enter();
  context.check("cuStreamCreate", context.driver.cuStreamCreate(&handle, cuda::streamNonBlocking));
  return toNumber(arguments.env, static_cast<double>(instance.streams.add(std::make_unique<Stream>(device, handle, context))));
}

napi_value destroyStream(Instance& instance, const Arguments& arguments) {
  const std::uint64_t handle = arguments.bytes(0, "stream");
  Stream& stream = instance.streams.get(arguments, 0, "stream");
  if (stream.liveAllocations > 0)
    throw Refusal{std::string(arguments.function()) + ": " + std::to_string(stream.liveAllocations) + " allocations of the stream are alive: release them first"};
  if (stream.isCapturing) throw Refusal{std::string(arguments.function()) + ": a capture is under way: end it first"};
  Device& device = stream.device;
  for (const auto& [address, allocation] : instance.allocations)
    for (const Stream* user : allocation.users)
      if (user == &stream)
        throw Refusal{std::string(arguments.function()) + ": the stream uses memory " + std::to_string(address) + ", which is alive: release it first"};
  auto remains = std::make_unique<Remains>();
  remains->context = device.context;
  // Memory that others still use goes with the stream: the driver waits for them when it takes it.
  for (auto deferred = device.deferred.begin(); deferred != device.deferred.end();) {
    if (deferred->owner == &stream) {
      remains->fences.insert(remains->fences.end(), deferred->events.begin(), deferred->events.end());
      deferred = device.deferred.erase(deferred);
    } else {
      ++deferred;
    }
  }
  remains->streams.push_back(stream.handle);
  remains->pieces = stream.staging.takeAll();
  remains->segments = stream.cache.takeAll();
  instance.streams.remove(handle);
  instance.buryLater(std::move(remains));
  return toUndefined(arguments.env);
}

napi_value synchronize(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  Context& context = *stream.device.context;
  instance.refuseCapture(arguments, stream);
  context.enter();
  auto wait = std::make_unique<Wait>();
  wait->context = stream.device.context;
  wait->steps.push_back({context.mark(stream.handle), {}, 0});
  napi_value promise = nullptr;
  checkNode(napi_create_promise(arguments.env, &wait->promise, &promise), "napi_create_promise");
  instance.waiter->add(std::move(wait));
  return promise;
}

napi_value createEvent(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  const bool isTimed = arguments.boolean(1, "isTimed");
  Context& context = *device.context;
  cuda::Event handle = nullptr;
  context.enter();
  context.check("cuEventCreate", context.driver.cuEventCreate(&handle, isTimed ? 0 : cuda::eventDisableTiming));
  return toNumber(arguments.env, static_cast<double>(instance.events.add(std::make_unique<Event>(Event{device, handle, isTimed}))));
}

napi_value destroyEvent(Instance& instance, const Arguments& arguments) {
  const Event& event = instance.events.get(arguments, 0, "event");
  Context& context = *event.device.context;
  const cuda::Event handle = event.handle;
  instance.events.remove(arguments.bytes(0, "event"));
  // A recorded event goes when it is reached. In a lost context it is gone already.
  if (!context.lostFailure()) context.check("cuEventDestroy", context.driver.cuEventDestroy(handle));
  return toUndefined(arguments.env);
}

napi_value recordEvent(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const Event& event = instance.event(arguments, 1, "event");
  instance.requireSameDevice(arguments, stream.device, event.device, "event");
  Context& context = *stream.device.context;
  context.enter();
  context.check("cuEventRecord", context.driver.cuEventRecord(event.handle, stream.handle));
  return toUndefined(arguments.env);
}

napi_value waitEvent(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const Event& event = instance.event(arguments, 1, "event");
  Context& context = *stream.device.context;
  context.enter();
  context.check("cuStreamWaitEvent", context.driver.cuStreamWaitEvent(stream.handle, event.handle, 0));
  return toUndefined(arguments.env);
}

napi_value isDone(Instance& instance, const Arguments& arguments) {
  const Event& event = instance.event(arguments, 0, "event");
  Context& context = *event.device.context;
  context.enter();
  const cuda::Status status = context.driver.cuEventQuery(event.handle);
  if (status == cuda::notReady) return toBoolean(arguments.env, false);
  context.check("cuEventQuery", status);
  return toBoolean(arguments.env, true);
}

napi_value elapsed(Instance& instance, const Arguments& arguments) {
  const Event& start = instance.event(arguments, 0, "start");
  const Event& end = instance.event(arguments, 1, "end");
  instance.requireSameDevice(arguments, start.device, end.device, "end");
  if (!start.isTimed || !end.isTimed)
    throw Refusal{std::string(arguments.function()) + ": " + (start.isTimed ? "end" : "start") + " has no time: create it with isTimed"};
  Context& context = *start.device.context;
  float milliseconds = 0;
  context.enter();
  const cuda::Status status = context.driver.cuEventElapsedTime(&milliseconds, start.handle, end.handle);
  if (status == cuda::notReady) throw Refusal{std::string(arguments.function()) + ": the events are not both done: await synchronize first"};
  context.check("cuEventElapsedTime", status);
  return toNumber(arguments.env, milliseconds);
}

}  // namespace

const std::vector<Export> streamExports = {
    {"createStream", createStream}, {"destroyStream", destroyStream}, {"synchronize", synchronize}, {"createEvent", createEvent}, {"destroyEvent", destroyEvent},
    {"recordEvent", recordEvent},   {"waitEvent", waitEvent},         {"isDone", isDone},           {"elapsed", elapsed},
};

}  // namespace equivar
