// The hot path.
#include "instance.hpp"

namespace equivar {
namespace {

napi_value launch(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const Function& function = instance.function(arguments, 1);
  constexpr std::uint64_t most = 0x7fffffff;
  const auto gridX = static_cast<unsigned>(arguments.integer(2, "gridX", 1, most));
  const auto gridY = static_cast<unsigned>(arguments.integer(3, "gridY", 1, most));
  const auto gridZ = static_cast<unsigned>(arguments.integer(4, "gridZ", 1, most));
  const auto threads = static_cast<unsigned>(arguments.integer(5, "threads", 1, 1024));
  const auto shared = static_cast<unsigned>(arguments.integer(6, "sharedBytes", 0, most));
  const Arguments::Bytes parameters = arguments.arrayBuffer(7, "parameters");
  const auto offset = static_cast<std::size_t>(arguments.integer(8, "byteOffset", 0, parameters.length));
  auto length = static_cast<std::size_t>(arguments.integer(9, "byteLength", 0, parameters.length - offset));
  instance.requireSameDevice(arguments, stream.device, function.device, "function");
  Context& context = *stream.device.context;
  context.enter();
  void* packed[] = {
      reinterpret_cast<void*>(cuda::launchBuffer), parameters.data + offset, reinterpret_cast<void*>(cuda::launchBufferBytes), &length,
      reinterpret_cast<void*>(cuda::launchEnd),
  };
  context.check("cuLaunchKernel", context.driver.cuLaunchKernel(function.handle, gridX, gridY, gridZ, threads, 1, 1, shared, stream.handle, nullptr,
                                                                length == 0 ? nullptr : packed));
  return nullptr;
}

}  // namespace

const std::vector<Export> launchExports = {{"launch", launch}};

}  // namespace equivar
