// The functions of the driver: modules, launches, graphs.
#include "entry.hpp"

using namespace stub;

namespace {

/** Compiled code, as far as the addon looks into it: a header with tables of no entries, and the text behind it. */
std::string imageOf(const std::string& text) {
  std::string image = "\x7f" "ELF";
  image.resize(64, '\0');
  return image + text + '\0';
}

void tell(char* log, std::size_t bytes, const std::string& text) {
  if (log != nullptr && bytes > 0) std::snprintf(log, bytes, "%s", text.c_str());
}

std::string hexadecimal(const std::vector<unsigned char>& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

/** The one function that does something: increment(u64 address, u32 count) adds 1 to so many u32. */
void run(const std::string& name, const std::vector<unsigned char>& parameters) {
  if (name != "increment" || parameters.size() != 12) return;
  DevicePointer address = 0;
  std::uint32_t count = 0;
  std::memcpy(&address, parameters.data(), 8);
  std::memcpy(&count, parameters.data() + 8, 4);
  auto* numbers = reinterpret_cast<std::uint32_t*>(address);
  for (std::uint32_t i = 0; i < count; i++) numbers[i]++;
}

}  // namespace

STUB(cuLinkCreate_v2, true, (unsigned count, int* options, void** values, Link** link)) {
  *link = new Link;
  for (unsigned i = 0; i < count; i++) {
    if (options[i] == 3) (*link)->information = static_cast<char*>(values[i]);
    if (options[i] == 4) (*link)->informationBytes = reinterpret_cast<std::size_t>(values[i]);
    if (options[i] == 5) (*link)->errors = static_cast<char*>(values[i]);
    if (options[i] == 6) (*link)->errorBytes = reinterpret_cast<std::size_t>(values[i]);
  }
  state().links.insert(*link);
  return 0;
} STUB_END
STUB(cuLinkAddData_v2, true, (Link* link, int, void* data, std::size_t bytes, const char*, unsigned, int*, void**)) {
  if (!isAlive(state().links, link, "cuLinkAddData")) return invalidHandle;
  const std::string text(static_cast<const char*>(data), bytes);
  if (text.back() != '\0') state().violate("cuLinkAddData: the text has no end");
  if (text.find("mistake") != std::string::npos) return tell(link->errors, link->errorBytes, "ptxas kernels.ptx, line 1; error: a mistake"), invalidPtx;
  link->text = text.c_str();
  return 0;
} STUB_END
STUB(cuLinkComplete, true, (Link* link, void** image, std::size_t* bytes)) {
  if (!isAlive(state().links, link, "cuLinkComplete")) return invalidHandle;
  link->image = imageOf(link->text);
  tell(link->information, link->informationBytes, "ptxas info : Used 8 registers, 0 bytes spill stores");
  *image = link->image.data();
  *bytes = link->image.size();
  return 0;
} STUB_END
STUB(cuLinkDestroy, true, (Link* link)) {
  if (!isAlive(state().links, link, "cuLinkDestroy")) return invalidHandle;
  state().links.erase(link);
  delete link;
  return 0;
} STUB_END

STUB(cuModuleLoadDataEx, true, (Module** module, const void* image, unsigned, int*, void**)) {
  const char* text = static_cast<const char*>(image);
  if (std::memcmp(text, "\x7f" "ELF", 4) == 0) text += 64;
  auto loaded = std::make_unique<Module>(Module{currentContext(), text, {}});
  for (std::size_t at = loaded->text.find(".entry "); at != std::string::npos; at = loaded->text.find(".entry ", at + 1)) {
    const std::size_t begin = at + 7;
    const std::string name = loaded->text.substr(begin, loaded->text.find_first_of(" (\n", begin) - begin);
    loaded->functions[name].reset(new Function{loaded.get(), name});
  }
  *module = loaded.release();
  state().modules.insert(*module);
  return 0;
} STUB_END
STUB(cuModuleUnload, true, (Module* module)) {
  if (!isAlive(state().modules, module, "cuModuleUnload")) return invalidHandle;
  if (state().isUsed(module)) state().violate("cuModuleUnload: work in a stream uses it");
  state().modules.erase(module);
  delete module;
  return 0;
} STUB_END
STUB(cuModuleGetFunction, true, (Function** function, Module* module, const char* name)) {
  if (!isAlive(state().modules, module, "cuModuleGetFunction")) return invalidHandle;
  const auto found = module->functions.find(name);
  if (found == module->functions.end()) return notFound;
  return *function = found->second.get(), 0;
} STUB_END
STUB(cuFuncGetAttribute, true, (int* value, int attribute, Function* function)) {
  static const int values[] = {1024, 256, 64, 16, 8, 80, 90};
  if (attribute < 0 || attribute > 6) return invalidValue;
  // Local memory, of which there is none where the text says that it fits.
  const bool fits = attribute == 3 && function->module->text.find("// fits") != std::string::npos;
  return *value = fits ? 0 : values[attribute], 0;
} STUB_END
STUB(cuFuncSetAttribute, true, (Function* function, int attribute, int value)) {
  if (attribute != 8 || value > 227 << 10) return invalidValue;
  return function->sharedLimit = value, 0;
} STUB_END
STUB(cuOccupancyMaxActiveBlocksPerMultiprocessor, true, (int* blocks, Function*, int threads, std::size_t)) { return *blocks = 2048 / threads, 0; } STUB_END

STUB(cuLaunchKernel, true,
     (Function* function, unsigned x, unsigned y, unsigned z, unsigned threads, unsigned, unsigned, unsigned shared, Stream* stream, void**, void** extra)) {
  if (static_cast<int>(shared) > function->sharedLimit) return invalidValue;
  std::vector<unsigned char> parameters;
  if (extra != nullptr) {
    const auto* data = static_cast<const unsigned char*>(extra[1]);
    parameters.assign(data, data + *static_cast<const std::size_t*>(extra[3]));
  }
  const std::string name = function->name;
  const std::string line = name + ' ' + std::to_string(x) + 'x' + std::to_string(y) + 'x' + std::to_string(z) + ' ' + std::to_string(threads) + ' ' +
                           std::to_string(shared) + ' ' + hexadecimal(parameters);
  return push("cuLaunchKernel", stream, {"kernel", [=] {
    state().log.push_back(line);
    run(name, parameters);
  }, nullptr, function->module});
} STUB_END

STUB(cuStreamBeginCapture_v2, true, (Stream* stream, int)) {
  if (!isAlive(state().streams, stream, "cuStreamBeginCapture")) return invalidHandle;
  if (stream->capture) return illegalState;
  stream->capture = std::make_unique<Graph>();
  return 0;
} STUB_END
STUB_EXPORT equivar::cuda::Status cuStreamEndCapture(Stream* stream, Graph** graph) {
  const std::lock_guard<std::recursive_mutex> lock(state().mutex);
  if (!isAlive(state().streams, stream, "cuStreamEndCapture")) return invalidHandle;
  if (!stream->capture) return illegalState;
  // Whatever comes of it, the stream leaves the capture.
  if (const Status entered = enter("cuStreamEndCapture", true); entered != 0) return stream->capture.reset(), entered;
  *graph = stream->capture.release();
  state().graphs.insert(*graph);
  return 0;
}
STUB(cuGraphGetNodes, true, (Graph* graph, void**, std::size_t* count)) {
  if (!isAlive(state().graphs, graph, "cuGraphGetNodes")) return invalidHandle;
  return *count = graph->ops.size(), 0;
} STUB_END
STUB(cuGraphInstantiateWithFlags, true, (Executable** executable, Graph* graph, unsigned long long)) {
  if (!isAlive(state().graphs, graph, "cuGraphInstantiate")) return invalidHandle;
  *executable = new Executable{graph->ops};
  state().executables.insert(*executable);
  return 0;
} STUB_END
STUB(cuGraphExecUpdate_v2, true, (Executable* executable, Graph* graph, equivar::cuda::GraphUpdateResult*)) {
  if (!isAlive(state().executables, executable, "cuGraphExecUpdate") || !isAlive(state().graphs, graph, "cuGraphExecUpdate")) return invalidHandle;
  bool isSame = executable->ops.size() == graph->ops.size();
  for (std::size_t i = 0; isSame && i < graph->ops.size(); i++) isSame = executable->ops[i].kind == graph->ops[i].kind;
  if (!isSame) return equivar::cuda::graphUpdateFailure;
  executable->ops = graph->ops;
  return 0;
} STUB_END
STUB(cuGraphLaunch, true, (Executable* executable, Stream* stream)) {
  if (!isAlive(state().executables, executable, "cuGraphLaunch")) return invalidHandle;
  for (const Op& op : executable->ops)
    if (const Status status = push("cuGraphLaunch", stream, op); status != 0) return status;
  return 0;
} STUB_END
STUB(cuGraphDestroy, true, (Graph* graph)) {
  if (!isAlive(state().graphs, graph, "cuGraphDestroy")) return invalidHandle;
  state().graphs.erase(graph);
  delete graph;
  return 0;
} STUB_END
STUB(cuGraphExecDestroy, true, (Executable* executable)) {
  if (!isAlive(state().executables, executable, "cuGraphExecDestroy")) return invalidHandle;
  state().executables.erase(executable);
  delete executable;
  return 0;
} STUB_END
