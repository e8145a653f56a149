// From text to functions.
#include <algorithm>
#include <cstring>

#include "instance.hpp"

namespace equivar {
namespace {

struct CompileRequest {
  std::string text;
  std::uint64_t maxRegisters = 0;
  std::uint64_t optimization = 4;
  bool hasLineInfo = false;
};

struct CompileResult {
  std::string image;
  std::string log;
};

CompileRequest readRequest(const Arguments& arguments) {
  return {arguments.text(1, "text"), arguments.member(2, "maxRegisters", 1, 255, 0), arguments.member(2, "optimization", 0, 4, 4), arguments.flag(2, "lineInfo")};
}

/** A link that goes away. */
struct Link {
  const DriverLibrary& driver;
  cuda::LinkState state = nullptr;
  ~Link() {
    if (state != nullptr) driver.cuLinkDestroy(state);
  }
};

/** Any thread. The driver's linker is the one way in which it hands compiled code out. @throws DriverFailure */
CompileResult compileText(Context& context, const CompileRequest& request) {
  std::string information(std::size_t{1} << 18, '\0');
  std::string errors(std::size_t{1} << 14, '\0');
  std::vector<int> options;
  std::vector<void*> values;
  const auto add = [&](int option, std::uintptr_t value) {
    options.push_back(option);
    values.push_back(reinterpret_cast<void*>(value));
  };
  // Numbers stand in the place of pointers, and the sizes of the logs come back in theirs.
  add(cuda::jit::infoLog, reinterpret_cast<std::uintptr_t>(information.data()));
  add(cuda::jit::infoLogBytes, information.size() - 1);
  add(cuda::jit::errorLog, reinterpret_cast<std::uintptr_t>(errors.data()));
  add(cuda::jit::errorLogBytes, errors.size() - 1);
  add(cuda::jit::verbose, 1);
  add(cuda::jit::optimization, request.optimization);
  if (request.maxRegisters > 0) add(cuda::jit::maxRegisters, request.maxRegisters);
  if (request.hasLineInfo) add(cuda::jit::lineInfo, 1);
  Link link{context.driver};
  const auto check = [&](const char* call, cuda::Status status) {
    if (status != cuda::success) throw context.failure(call, status, errors.c_str());
  };
  context.enter();
  check("cuLinkCreate", context.driver.cuLinkCreate(static_cast<unsigned>(options.size()), options.data(), values.data(), &link.state));
  std::string text = request.text;
  // The zero at the end belongs to the text.
  check("cuLinkAddData", context.driver.cuLinkAddData(link.state, cuda::jit::inputPtx, text.data(), text.size() + 1, "kernels.ptx", 0, nullptr, nullptr));
  void* image = nullptr;
  std::size_t bytes = 0;
  check("cuLinkComplete", context.driver.cuLinkComplete(link.state, &image, &bytes));
  return {std::string(static_cast<const char*>(image), bytes), information.c_str()};
}

napi_value toImage(napi_env env, const CompileResult& compiled) {
  const napi_value result = newObject(env);
  set(env, result, "image", toBytes(env, compiled.image));
  set(env, result, "log", toText(env, compiled.log));
  return result;
}

napi_value compile(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  return toImage(arguments.env, compileText(*device.context, readRequest(arguments)));
}

napi_value compileAsync(Instance& instance, const Arguments& arguments) {
  const std::shared_ptr<Context> context = instance.device(arguments, 0).context;
  auto result = std::make_shared<CompileResult>();
  return instance.runAsync(
      arguments.function(), [context, result, request = readRequest(arguments)] { *result = compileText(*context, request); },
      [result](napi_env env) { return toImage(env, *result); });
}

std::uint64_t littleEndian(const std::string& bytes, std::size_t offset, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; i++) value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  return value;
}

/**
 * Whether the driver, which is told no length, stays inside of the bytes: compiled code is a 64-bit ELF file whose headers say where
 * everything is, and text ends with a zero.
 */
bool isWhole(const std::string& image) {
  if (image.compare(0, 4, "\x7f" "ELF") != 0) return image.find('\0') >= image.size() - 1;
  if (image.size() < 64) return false;
  const std::uint64_t size = image.size();
  const auto fits = [&](std::uint64_t offset, std::uint64_t count, std::uint64_t each) { return offset <= size && count * each <= size - offset; };
  const std::uint64_t programs = littleEndian(image, 32, 8), sections = littleEndian(image, 40, 8);
  const std::uint64_t programBytes = littleEndian(image, 54, 2), numPrograms = littleEndian(image, 56, 2);
  const std::uint64_t sectionBytes = littleEndian(image, 58, 2), numSections = littleEndian(image, 60, 2);
  if (!fits(programs, numPrograms, programBytes) || !fits(sections, numSections, sectionBytes)) return false;
  if (numSections > 0 && sectionBytes != 64) return false;
  for (std::uint64_t i = 0; i < numSections; i++) {
    const std::uint64_t header = sections + i * sectionBytes;
    constexpr std::uint64_t withoutBytes = 8;
    if (littleEndian(image, header + 4, 4) != withoutBytes && !fits(littleEndian(image, header + 24, 8), littleEndian(image, header + 32, 8), 1)) return false;
  }
  return true;
}

napi_value loadModule(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  const Arguments::Bytes bytes = arguments.view(1, "image");
  Context& context = *device.context;
  std::string image(reinterpret_cast<const char*>(bytes.data), bytes.length);
  if (image.empty() || !isWhole(image))
    throw Refusal{std::string(arguments.function()) + ": the image of " + std::to_string(image.size()) + " bytes is neither text nor whole compiled code: compile it anew"};
  cuda::Module handle = nullptr;
  context.enter();
  context.check("cuModuleLoadDataEx", context.driver.cuModuleLoadDataEx(&handle, image.c_str(), 0, nullptr, nullptr));
  return toNumber(arguments.env, static_cast<double>(instance.modules.add(std::make_unique<Module>(Module{device, handle}))));
}

napi_value unloadModule(Instance& instance, const Arguments& arguments) {
  const Module& module = instance.modules.get(arguments, 0, "module");
  Device& device = module.device;
  auto remains = std::make_unique<Remains>();
  remains->context = device.context;
  remains->modules.push_back(module.handle);
  if (!device.context->lostFailure()) {
    instance.streams.each([&](const Stream& stream) {
      if (&stream.device == &device) instance.refuseCapture(arguments, stream);
    });
    remains->fences = instance.fence(device);
  }
  instance.functions.removeIf([&](const Function& function) { return function.module == module.handle; });
  instance.modules.remove(arguments.bytes(0, "module"));
  instance.buryLater(std::move(remains));
  return toUndefined(arguments.env);
}

napi_value getFunction(Instance& instance, const Arguments& arguments) {
  const Module& module = instance.module(arguments, 0);
  const std::string name = arguments.text(1, "name");
  Context& context = *module.device.context;
  cuda::Function handle = nullptr;
  context.enter();
  const cuda::Status status = context.driver.cuModuleGetFunction(&handle, module.handle, name.c_str());
  if (status != cuda::success) throw context.failure("cuModuleGetFunction", status, "the function is '" + name + "'");
  return toNumber(arguments.env, static_cast<double>(instance.functions.add(std::make_unique<Function>(Function{module.device, handle, module.handle}))));
}

napi_value functionAttributes(Instance& instance, const Arguments& arguments) {
  const Function& function = instance.function(arguments, 0);
  Context& context = *function.device.context;
  const napi_env env = arguments.env;
  const napi_value result = newObject(env);
  context.enter();
  using namespace cuda::functionAttribute;
  const std::pair<const char*, int> numbers[] = {
      {"registers", registers},
      {"localBytes", localBytes},
      {"sharedBytes", sharedBytes},
      {"constantBytes", constantBytes},
      {"maxThreadsPerBlock", maxThreadsPerBlock},
      {"ptxVersion", ptxVersion},
      {"binaryVersion", binaryVersion},
  };
  for (const auto& [name, attribute] : numbers) {
    int value = 0;
    context.check("cuFuncGetAttribute", context.driver.cuFuncGetAttribute(&value, attribute, function.handle));
    set(env, result, name, value);
  }
  return result;
}

napi_value allowSharedBytes(Instance& instance, const Arguments& arguments) {
  const Function& function = instance.function(arguments, 0);
  const auto bytes = static_cast<int>(arguments.integer(1, "byteLength", 0, 0x7fffffff));
  Context& context = *function.device.context;
  context.enter();
  context.check("cuFuncSetAttribute", context.driver.cuFuncSetAttribute(function.handle, cuda::functionAttribute::maxDynamicSharedBytes, bytes));
  return toUndefined(arguments.env);
}

napi_value blocksPerMultiprocessor(Instance& instance, const Arguments& arguments) {
  const Function& function = instance.function(arguments, 0);
  const auto threads = static_cast<int>(arguments.integer(1, "threads", 1, 1024));
  const auto shared = static_cast<std::size_t>(arguments.integer(2, "sharedBytes", 0, 0x7fffffff));
  Context& context = *function.device.context;
  int blocks = 0;
  context.enter();
  context.check("cuOccupancyMaxActiveBlocksPerMultiprocessor",
                context.driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function.handle, threads, shared));
  return toNumber(arguments.env, blocks);
}

}  // namespace

const std::vector<Export> moduleExports = {
    {"compile", compile},         {"compileAsync", compileAsync},           {"loadModule", loadModule},
    {"unloadModule", unloadModule}, {"getFunction", getFunction},           {"functionAttributes", functionAttributes},
    {"allowSharedBytes", allowSharedBytes}, {"blocksPerMultiprocessor", blocksPerMultiprocessor},
};

}  // namespace equivar
