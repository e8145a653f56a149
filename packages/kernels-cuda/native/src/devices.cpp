// Devices: what they are, opening, closing, reaching each other.
#include <cstdio>

#include "instance.hpp"

namespace equivar {
namespace {

napi_value initialize(Instance& instance, const Arguments& arguments) {
  // Also a driver that cannot be had is looked for in the other thread; what it found is kept by the library itself.
  return instance.runAsync(
      arguments.function(), [&instance] { instance.findDriver(); },
      [&instance](napi_env env) {
        instance.driver();
        return toUndefined(env);
      });
}

napi_value driverVersion(Instance& instance, const Arguments& arguments) {
  const DriverLibrary& driver = instance.driver();
  int version = 0;
  driver.check("cuDriverGetVersion", driver.cuDriverGetVersion(&version));
  return toNumber(arguments.env, version);
}

int countDevices(const DriverLibrary& driver) {
  int count = 0;
  driver.check("cuDeviceGetCount", driver.cuDeviceGetCount(&count));
  return count;
}

napi_value deviceCount(Instance& instance, const Arguments& arguments) { return toNumber(arguments.env, countDevices(instance.driver())); }

std::string uuidText(const cuda::Uuid& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; i++) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%02x", uuid.bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex;
  }
  return text;
}

napi_value properties(Instance& instance, const Arguments& arguments) {
  const napi_env env = arguments.env;
  const DriverLibrary& driver = instance.driver();
  const auto ordinal = static_cast<int>(arguments.integer(0, "ordinal", 0, 0x7fffffff));
  cuda::DeviceId device = 0;
  driver.check("cuDeviceGet", driver.cuDeviceGet(&device, ordinal));
  const auto read = [&](int attribute) {
    int value = 0;
    driver.check("cuDeviceGetAttribute", driver.cuDeviceGetAttribute(&value, attribute, device));
    return value;
  };
  char name[256] = "";
  char busId[32] = "";
  cuda::Uuid uuid{};
  std::size_t total = 0;
  driver.check("cuDeviceGetName", driver.cuDeviceGetName(name, sizeof name, device));
  driver.check("cuDeviceGetUuid", driver.cuDeviceGetUuid(&uuid, device));
  driver.check("cuDeviceGetPCIBusId", driver.cuDeviceGetPCIBusId(busId, sizeof busId, device));
  driver.check("cuDeviceTotalMem", driver.cuDeviceTotalMem(&total, device));
  const napi_value result = newObject(env);
  set(env, result, "name", toText(env, name));
  set(env, result, "uuid", toText(env, uuidText(uuid)));
  set(env, result, "busId", toText(env, busId));
  set(env, result, "totalBytes", static_cast<double>(total));
  using namespace cuda::attribute;
  const std::pair<const char*, int> numbers[] = {
      {"major", major},
      {"minor", minor},
      {"numMultiprocessors", multiprocessors},
      {"warpSize", warpSize},
      {"maxThreadsPerBlock", maxThreadsPerBlock},
      {"maxThreadsPerMultiprocessor", threadsPerMultiprocessor},
      {"maxBlocksPerMultiprocessor", blocksPerMultiprocessor},
      {"registersPerMultiprocessor", registersPerMultiprocessor},
      {"registersPerBlock", registersPerBlock},
      {"sharedBytesPerBlock", sharedPerBlock},
      {"maxSharedBytesPerBlock", sharedPerBlockOptIn},
      {"sharedBytesPerMultiprocessor", sharedPerMultiprocessor},
      {"l2Bytes", l2Bytes},
      {"clockKilohertz", clockRate},
      {"memoryClockKilohertz", memoryClockRate},
      {"memoryBusBits", memoryBusWidth},
  };
  for (const auto& [property, attribute] : numbers) set(env, result, property, read(attribute));
  napi_value grid = nullptr;
  checkNode(napi_create_array_with_length(env, 3, &grid), "napi_create_array_with_length");
  const int extents[] = {maxGridX, maxGridY, maxGridZ};
  for (std::uint32_t axis = 0; axis < 3; axis++) checkNode(napi_set_element(env, grid, axis, toNumber(env, read(extents[axis]))), "napi_set_element");
  set(env, result, "maxGrid", grid);
  return result;
}

napi_value open(Instance& instance, const Arguments& arguments) {
  const auto ordinal = static_cast<int>(arguments.integer(0, "ordinal", 0, 0x7fffffff));
  sweepRemains();
  auto context = std::make_shared<std::shared_ptr<Context>>();
  return instance.runAsync(
      arguments.function(), [&instance, context, ordinal] { *context = Context::retain(instance.findDriver(), ordinal); },
      [&instance, context](napi_env env) {
        instance.driver();
        return toNumber(env, static_cast<double>(instance.devices.add(std::make_unique<Device>(std::move(*context)))));
      });
}

napi_value close(Instance& instance, const Arguments& arguments) {
  const std::uint64_t handle = arguments.bytes(0, "device");
  // Closing twice is no mistake, but a number that never was a device is one.
  if (instance.devices.find(handle) == nullptr && !instance.devices.hasForm(handle)) instance.devices.get(arguments, 0, "device");
  instance.close(handle);
  return toUndefined(arguments.env);
}

napi_value lost(Instance& instance, const Arguments& arguments) {
  Device& device = instance.devices.get(arguments, 0, "device");
  const auto failure = device.context->lostFailure();
  return failure ? instance.toError(*failure) : toNull(arguments.env);
}

napi_value canAccessPeer(Instance& instance, const Arguments& arguments) {
  Context& context = *instance.device(arguments, 0).context;
  const Context& peer = *instance.device(arguments, 1).context;
  int can = 0;
  context.check("cuDeviceCanAccessPeer", context.driver.cuDeviceCanAccessPeer(&can, context.device, peer.device));
  return toBoolean(arguments.env, can != 0);
}

napi_value enablePeerAccess(Instance& instance, const Arguments& arguments) {
  Context& context = *instance.device(arguments, 0).context;
  const Context& peer = *instance.device(arguments, 1).context;
  context.enter();
  const cuda::Status status = context.driver.cuCtxEnablePeerAccess(peer.handle, 0);
  if (status != cuda::peerAccessAlreadyEnabled) context.check("cuCtxEnablePeerAccess", status);
  return toUndefined(arguments.env);
}

}  // namespace

const std::vector<Export> deviceExports = {
    {"initialize", initialize}, {"driverVersion", driverVersion}, {"deviceCount", deviceCount},     {"properties", properties}, {"open", open},
    {"close", close},           {"lost", lost},                   {"canAccessPeer", canAccessPeer}, {"enablePeerAccess", enablePeerAccess},
};

}  // namespace equivar
