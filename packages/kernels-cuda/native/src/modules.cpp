// From text to functions.
#include <algorithm>
#include <cstring>

#include "compiler.hpp"
#include "instance.hpp"

namespace equivar {
namespace {

CompileRequest readRequest(const Arguments& arguments) {
  return {arguments.text(1, "text"), arguments.member(2, "maxRegisters", 1, 255, 0), arguments.member(2, "optimization", 0, 4, 4), arguments.flag(2, "lineInfo")};
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

napi_value beginCompile(Instance& instance, const Arguments& arguments) {
  Device& device = instance.device(arguments, 0);
  std::vector<std::string> texts = arguments.texts(1, "texts");
  if (texts.empty()) arguments.refuse("texts", 1, "at least one text");
  std::unique_ptr<Compilation> compilation(new Compilation{device, {device.context, std::move(texts), arguments.text(2, "name")}});
  return toNumber(arguments.env, static_cast<double>(instance.compilations.add(std::move(compilation))));
}

napi_value endCompile(Instance& instance, const Arguments& arguments) {
  instance.compilation(arguments, 0);
  const auto compilation = instance.compilations.remove(arguments.bytes(0, "compilation"));
  const CompileResult& result = compilation->work.result();
  const napi_value image = toImage(arguments.env, result);
  set(arguments.env, image, "index", static_cast<double>(result.index));
  return image;
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
    {"compile", compile},         {"compileAsync", compileAsync},           {"beginCompile", beginCompile},
    {"endCompile", endCompile},   {"loadModule", loadModule},
    {"unloadModule", unloadModule}, {"getFunction", getFunction},           {"functionAttributes", functionAttributes},
    {"allowSharedBytes", allowSharedBytes}, {"blocksPerMultiprocessor", blocksPerMultiprocessor},
};

}  // namespace equivar
