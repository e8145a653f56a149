#include "instance.hpp"

#include <algorithm>

namespace equivar {
namespace {

/** Unless JavaScript has thrown already. */
void throwPlain(napi_env env, const std::string& message) {
  bool isPending = false;
  if (napi_is_exception_pending(env, &isPending) == napi_ok && !isPending) napi_throw_error(env, nullptr, message.c_str());
}

}  // namespace

napi_value Instance::create(napi_env env, const std::string& libraryPath, napi_value driverError, napi_value inputError) {
  auto* instance = new Instance(env, libraryPath);
  std::unique_ptr<Instance> owner(instance);
  checkNode(napi_create_reference(env, driverError, 1, &instance->driverError_), "napi_create_reference");
  checkNode(napi_create_reference(env, inputError, 1, &instance->inputError_), "napi_create_reference");
  instance->waiter = std::make_unique<Waiter>(env, settle, instance);
  for (const auto* list : {&deviceExports, &streamExports, &memoryExports, &transferExports, &moduleExports, &launchExports, &graphExports})
    for (const Export& one : *list) instance->bound_.push_back({{one.name}, instance, one.implementation});
  const napi_value exports = newObject(env);
  for (Bound& bound : instance->bound_) {
    napi_value function = nullptr;
    checkNode(napi_create_function(env, bound.name, NAPI_AUTO_LENGTH, call, static_cast<Named*>(&bound), &function), "napi_create_function");
    set(env, exports, bound.name, function);
  }
  // Hooks run in the reverse order of their making: the waiter's own, made before, comes after this one.
  checkNode(napi_add_env_cleanup_hook(env, end, instance), "napi_add_env_cleanup_hook");
  owner.release();
  return exports;
}

Instance::~Instance() = default;

void Instance::end(void* data) {
  auto* instance = static_cast<Instance*>(data);
  // Who waits for these promises is gone. Memory that the device still writes into stays with its context.
  std::vector<std::unique_ptr<Wait>> waits = instance->waiter->stop();
  for (const auto& wait : waits) {
    auto remains = std::make_unique<Remains>();
    remains->context = wait->context;
    for (const Wait::Step& step : wait->steps) {
      if (step.event != nullptr) remains->fences.push_back(step.event);
      remains->pieces.push_back({step.piece, nullptr});
    }
    bury(std::move(remains));
  }
  std::vector<Device*> open;
  instance->devices.each([&](Device& device) { open.push_back(&device); });
  for (Device* device : open) bury(instance->takeApart(*device));
  delete instance;
}

napi_value Instance::call(napi_env env, napi_callback_info info) {
  try {
    const Arguments arguments(env, info);
    const Bound& bound = static_cast<Bound&>(arguments.named());
    napi_value error = nullptr;
    try {
      return bound.implementation(*bound.instance, arguments);
    } catch (const Refusal& refusal) {
      error = bound.instance->toError(refusal);
    } catch (const DriverFailure& failure) {
      error = bound.instance->toError(failure);
    }
    napi_throw(env, error);
  } catch (const NodeFailure& failure) {
    throwPlain(env, failure.message);
  } catch (const std::exception& exception) {
    throwPlain(env, std::string("internal: ") + exception.what());
  }
  return nullptr;
}

const DriverLibrary& Instance::driver() {
  if (driver_ == nullptr) {
    driver_ = &findDriver();
    stopWaitersAtExit();
  }
  return *driver_;
}

Allocation& Instance::allocation(const Arguments& arguments, std::size_t index, const char* name, std::uint64_t bytes) {
  const std::uint64_t address = arguments.bytes(index, name);
  auto found = allocations.upper_bound(address);
  if (found != allocations.begin()) {
    --found;
    Allocation& allocation = found->second;
    const std::uint64_t offset = address - found->first;
    if (offset <= allocation.bytes && bytes <= allocation.bytes - offset) {
      usable(*allocation.owner);
      return allocation;
    }
    if (offset < allocation.bytes || (offset == 0 && allocation.bytes == 0))
      throw Refusal{std::string(arguments.function()) + ": " + name + " and " + std::to_string(bytes) + " bytes from there leave the allocation of " +
                    std::to_string(allocation.bytes) + " bytes, of which " + std::to_string(allocation.bytes - offset) + " are left"};
  }
  throw Refusal{std::string(arguments.function()) + ": " + name + " " + std::to_string(address) + " is in no memory that is alive in this thread"};
}

void Instance::requireSameDevice(const Arguments& arguments, const Device& device, const Device& other, const char* name) {
  if (&device == &other) return;
  throw Refusal{std::string(arguments.function()) + ": " + name + " is of device " + std::to_string(other.context->ordinal) + ", opened for itself, and not of device " +
                std::to_string(device.context->ordinal) + " to which the rest belongs"};
}

bool Instance::isCapturing(const Stream& stream) {
  Context& context = *stream.device.context;
  int status = 0;
  context.enter();
  context.check("cuStreamIsCapturing", context.driver.cuStreamIsCapturing(stream.handle, &status));
  return status != 0;
}

void Instance::refuseCapture(const Arguments& arguments, const Stream& stream) {
  if (isCapturing(stream)) throw Refusal{std::string(arguments.function()) + ": a capture is under way in a stream that this concerns: end it first"};
}

void Instance::settle(napi_env env, void* data, std::vector<std::unique_ptr<Wait>> waits) {
  auto& instance = *static_cast<Instance*>(data);
  for (const auto& wait : waits) {
    napi_value result = nullptr;
    if (wait->failure) {
      try {
        result = instance.toError(*wait->failure);
      } catch (const NodeFailure&) {
        // The environment is ending, and nobody waits.
      }
      if (result != nullptr) napi_reject_deferred(env, wait->promise, result);
    } else {
      const napi_status status = wait->buffer == nullptr ? napi_get_undefined(env, &result) : napi_get_reference_value(env, wait->buffer, &result);
      if (status == napi_ok && result != nullptr) napi_resolve_deferred(env, wait->promise, result);
    }
    if (wait->buffer != nullptr) napi_delete_reference(env, wait->buffer);
  }
}

napi_value Instance::toError(const Refusal& refusal) {
  const napi_value message = toText(env, refusal.message);
  return newError(inputError_, 1, &message);
}

napi_value Instance::toError(const DriverFailure& failure) {
  if (failure.lost) return lostError(failure.lost, failure);
  const napi_value values[] = {toText(env, failure.call), toNumber(env, failure.status), toText(env, failure.statusName), toText(env, failure.detail)};
  return newError(driverError_, 4, values);
}

napi_value Instance::lostError(const std::shared_ptr<Context>& context, const DriverFailure& failure) {
  napi_value error = nullptr;
  const auto known = lostErrors_.find(context);
  if (known != lostErrors_.end()) {
    checkNode(napi_get_reference_value(env, known->second, &error), "napi_get_reference_value");
    return error;
  }
  DriverFailure first = context->lostFailure().value_or(failure);
  first.lost = nullptr;
  error = toError(first);
  // It is never deleted: a process has few devices, and they are lost once.
  checkNode(napi_create_reference(env, error, 1, &lostErrors_[context]), "napi_create_reference");
  return error;
}

napi_value Instance::newError(napi_ref constructor, std::size_t count, const napi_value* values) const {
  napi_value function = nullptr;
  napi_value error = nullptr;
  checkNode(napi_get_reference_value(env, constructor, &function), "napi_get_reference_value");
  checkNode(napi_new_instance(env, function, count, values, &error), "napi_new_instance");
  return error;
}

std::vector<cuda::Event> Instance::fence(Device& device) {
  std::vector<Stream*> own;
  streams.each([&](Stream& stream) {
    if (&stream.device == &device) own.push_back(&stream);
  });
  return markAll(*device.context, own);
}

std::vector<cuda::Event> Instance::markAll(Context& context, const std::vector<Stream*>& streams) {
  std::vector<cuda::Event> marks;
  context.enter();
  try {
    for (const Stream* stream : streams) marks.push_back(context.mark(stream->handle));
  } catch (const DriverFailure&) {
    for (const cuda::Event event : marks) context.releaseEvent(event);
    throw;
  }
  return marks;
}

void Instance::buryLater(std::unique_ptr<Remains> remains) {
  bury(std::move(remains));
  waiter->sweepLater();
}

void Instance::close(std::uint64_t handle) {
  Device* device = devices.find(handle);
  if (device == nullptr) return;
  auto remains = takeApart(*device);
  devices.remove(handle);
  buryLater(std::move(remains));
}

std::unique_ptr<Remains> Instance::takeApart(Device& device) {
  const DriverLibrary& driver = device.context->driver;
  driver.cuCtxSetCurrent(device.context->handle);
  auto remains = std::make_unique<Remains>();
  remains->context = device.context;
  const auto isOfDevice = [&](const auto& object) { return &object.device == &device; };
  for (const Deferred& deferred : device.deferred)
    remains->events.insert(remains->events.end(), deferred.events.begin(), deferred.events.end());
  for (auto entry = allocations.begin(); entry != allocations.end();)
    entry = &entry->second.owner->device == &device ? allocations.erase(entry) : std::next(entry);
  for (const auto& graph : executableGraphs.removeIf(isOfDevice)) remains->executableGraphs.push_back(graph->handle);
  for (const auto& graph : graphs.removeIf(isOfDevice)) remains->graphs.push_back(graph->handle);
  for (const auto& event : events.removeIf(isOfDevice)) remains->events.push_back(event->handle);
  functions.removeIf(isOfDevice);
  compilations.removeIf(isOfDevice);
  for (const auto& module : modules.removeIf(isOfDevice)) remains->modules.push_back(module->handle);
  for (const auto& stream : streams.removeIf(isOfDevice)) {
    if (stream->isCapturing) {
      // A stream that records cannot be asked whether it is idle.
      cuda::Graph graph = nullptr;
      if (driver.cuStreamEndCapture(stream->handle, &graph) == cuda::success && graph != nullptr) remains->graphs.push_back(graph);
    }
    for (const PieceInFlight& piece : stream->staging.takeAll()) remains->pieces.push_back(piece);
    for (const cuda::DevicePointer segment : stream->cache.takeAll()) remains->segments.push_back(segment);
    remains->streams.push_back(stream->handle);
  }
  return remains;
}

}  // namespace equivar
