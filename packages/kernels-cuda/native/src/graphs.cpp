// Recordings of streams.
#include "instance.hpp"

namespace equivar {
namespace {

napi_value beginCapture(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  if (stream.isCapturing) throw Refusal{std::string(arguments.function()) + ": a capture is under way in this stream: end it first"};
  Context& context = *stream.device.context;
  context.enter();
  // Relaxed: memory may be taken from the driver meanwhile, and what other threads do does not matter.
  context.check("cuStreamBeginCapture", context.driver.cuStreamBeginCapture(stream.handle, cuda::captureRelaxed));
  stream.isCapturing = true;
  return toUndefined(arguments.env);
}

napi_value endCapture(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  if (!stream.isCapturing) throw Refusal{std::string(arguments.function()) + ": no capture is under way in this stream: begin one first"};
  Context& context = *stream.device.context;
  cuda::Graph graph = nullptr;
  context.enter();
  // The stream leaves the capture even where the recording was spoilt.
  stream.isCapturing = false;
  context.check("cuStreamEndCapture", context.driver.cuStreamEndCapture(stream.handle, &graph));
  return toNumber(arguments.env, static_cast<double>(instance.graphs.add(std::make_unique<Graph>(Graph{stream.device, graph}))));
}

napi_value numNodes(Instance& instance, const Arguments& arguments) {
  const Graph& graph = instance.graph(arguments, 0);
  Context& context = *graph.device.context;
  std::size_t count = 0;
  context.enter();
  context.check("cuGraphGetNodes", context.driver.cuGraphGetNodes(graph.handle, nullptr, &count));
  return toNumber(arguments.env, static_cast<double>(count));
}

napi_value instantiate(Instance& instance, const Arguments& arguments) {
  const Graph& graph = instance.graph(arguments, 0);
  Context& context = *graph.device.context;
  cuda::GraphExecutable handle = nullptr;
  context.enter();
  context.check("cuGraphInstantiate", context.driver.cuGraphInstantiate(&handle, graph.handle, 0));
  return toNumber(arguments.env, static_cast<double>(instance.executableGraphs.add(std::make_unique<ExecutableGraph>(ExecutableGraph{graph.device, handle}))));
}

napi_value updateGraph(Instance& instance, const Arguments& arguments) {
  const ExecutableGraph& executable = instance.executableGraph(arguments, 0);
  const Graph& graph = instance.graph(arguments, 1);
  instance.requireSameDevice(arguments, executable.device, graph.device, "graph");
  Context& context = *graph.device.context;
  cuda::GraphUpdateResult result{};
  context.enter();
  const cuda::Status status = context.driver.cuGraphExecUpdate(executable.handle, graph.handle, &result);
  if (status == cuda::graphUpdateFailure) return toBoolean(arguments.env, false);
  context.check("cuGraphExecUpdate", status);
  return toBoolean(arguments.env, true);
}

napi_value launchGraph(Instance& instance, const Arguments& arguments) {
  Stream& stream = instance.stream(arguments, 0);
  const ExecutableGraph& executable = instance.executableGraph(arguments, 1);
  instance.requireSameDevice(arguments, stream.device, executable.device, "executable graph");
  Context& context = *stream.device.context;
  context.enter();
  context.check("cuGraphLaunch", context.driver.cuGraphLaunch(executable.handle, stream.handle));
  return nullptr;
}

napi_value destroyGraph(Instance& instance, const Arguments& arguments) {
  const Graph& graph = instance.graphs.get(arguments, 0, "graph");
  Context& context = *graph.device.context;
  const cuda::Graph handle = graph.handle;
  instance.graphs.remove(arguments.bytes(0, "graph"));
  if (!context.lostFailure()) context.check("cuGraphDestroy", context.driver.cuGraphDestroy(handle));
  return toUndefined(arguments.env);
}

napi_value destroyExecutableGraph(Instance& instance, const Arguments& arguments) {
  const ExecutableGraph& executable = instance.executableGraphs.get(arguments, 0, "executable graph");
  auto remains = std::make_unique<Remains>();
  remains->context = executable.device.context;
  remains->executableGraphs.push_back(executable.handle);
  if (!executable.device.context->lostFailure()) {
    // During a capture in some stream the end of it cannot be marked; the driver itself lets replays finish.
    bool isCapturing = false;
    instance.streams.each([&](const Stream& stream) { isCapturing = isCapturing || (&stream.device == &executable.device && instance.isCapturing(stream)); });
    if (!isCapturing) remains->fences = instance.fence(executable.device);
  }
  instance.executableGraphs.remove(arguments.bytes(0, "executable graph"));
  instance.buryLater(std::move(remains));
  return toUndefined(arguments.env);
}

}  // namespace

const std::vector<Export> graphExports = {
    {"beginCapture", beginCapture}, {"endCapture", endCapture},     {"numNodes", numNodes},         {"instantiate", instantiate},
    {"updateGraph", updateGraph},   {"launchGraph", launchGraph},   {"destroyGraph", destroyGraph}, {"destroyExecutableGraph", destroyExecutableGraph},
};

}  // namespace equivar
