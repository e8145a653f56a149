// What the addon holds for one environment: the main thread, or a worker.
#pragma once

#include <node_api.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "compiler.hpp"
#include "context.hpp"
#include "handles.hpp"
#include "remains.hpp"
#include "staging.hpp"
#include "stream_cache.hpp"
#include "values.hpp"
#include "waiter.hpp"

namespace equivar {

struct Device;

struct Stream {
  Stream(Device& device, cuda::Stream handle, Context& context) : device(device), handle(handle), cache(context) {}
  Device& device;
  const cuda::Stream handle;
  StreamCache cache;
  Staging staging;
  std::size_t liveAllocations = 0;
  bool isCapturing = false;
};

/** Released memory that another stream may still use. */
struct Deferred {
  Stream* owner;
  Block* block;
  std::vector<cuda::Event> events;
};

struct Device {
  explicit Device(std::shared_ptr<Context> context) : context(std::move(context)) {}
  const std::shared_ptr<Context> context;
  std::vector<Deferred> deferred;
  std::size_t allocatedBytes = 0;
  std::size_t peakBytes = 0;
  std::size_t liveAllocations = 0;
};

struct Module {
  Device& device;
  cuda::Module handle;
};
struct Function {
  Device& device;
  cuda::Function handle;
  /** Of its module, to go with it. */
  cuda::Module module;
};
struct Event {
  Device& device;
  cuda::Event handle;
  bool isTimed;
};
struct Graph {
  Device& device;
  cuda::Graph handle;
};
struct ExecutableGraph {
  Device& device;
  cuda::GraphExecutable handle;
};

/** Text that a thread compiles; its end waits for the thread. */
struct Compilation {
  Device& device;
  FittingCompilation work;
};

struct Allocation {
  Stream* owner;
  Block* block;
  std::size_t bytes;
  /** Other streams that use it. */
  std::vector<Stream*> users;
};

class Instance;

/** A function of the addon, as JavaScript calls it. */
using Implementation = napi_value (*)(Instance& instance, const Arguments& arguments);

struct Export {
  const char* name;
  Implementation implementation;
};

class Instance {
 public:
  /** Makes the exports: what `bind` of the addon returns. @throws NodeFailure, Refusal */
  static napi_value create(napi_env env, const std::string& libraryPath, napi_value driverError, napi_value inputError);
  ~Instance();

  /** Opened at the first use. @throws DriverFailure */
  const DriverLibrary& driver();
  /** The same from any thread. @throws DriverFailure */
  const DriverLibrary& findDriver() const { return DriverLibrary::open(libraryPath_); }

  Device& device(const Arguments& arguments, std::size_t index) { return usable(devices.get(arguments, index, "device")); }
  Stream& stream(const Arguments& arguments, std::size_t index) { return usable(streams.get(arguments, index, "stream")); }
  Module& module(const Arguments& arguments, std::size_t index) { return usable(modules.get(arguments, index, "module")); }
  Function& function(const Arguments& arguments, std::size_t index) { return usable(functions.get(arguments, index, "function")); }
  Event& event(const Arguments& arguments, std::size_t index, const char* name) { return usable(events.get(arguments, index, name)); }
  Graph& graph(const Arguments& arguments, std::size_t index) { return usable(graphs.get(arguments, index, "graph")); }
  ExecutableGraph& executableGraph(const Arguments& arguments, std::size_t index) {
    return usable(executableGraphs.get(arguments, index, "executable graph"));
  }

  Compilation& compilation(const Arguments& arguments, std::size_t index) { return usable(compilations.get(arguments, index, "compilation")); }

  /** The live allocation that holds a range. @throws Refusal if none does. */
  Allocation& allocation(const Arguments& arguments, std::size_t index, const char* name, std::uint64_t bytes);

  /** @throws Refusal */
  static void requireSameDevice(const Arguments& arguments, const Device& device, const Device& other, const char* name);
  /** Whether what is put into the stream is recorded; also where another stream's capture reached it by an event. @throws DriverFailure */
  static bool isCapturing(const Stream& stream);
  /** @throws Refusal during a capture. */
  static void refuseCapture(const Arguments& arguments, const Stream& stream);

  /** A new promise, settled by work away from this thread and what follows on it. */
  napi_value runAsync(const char* name, std::function<void()> work, std::function<napi_value(napi_env)> finish);
  /** The same for work that nobody waits for. */
  void runLater(const char* name, std::function<void()> work);

  /** The error that JavaScript sees. */
  napi_value toError(const DriverFailure& failure);
  napi_value toError(const Refusal& refusal);

  /** Releases all that belongs to the device, its handles included. */
  void close(std::uint64_t handle);
  /** Marks the end of what is in the device's streams by now. @throws DriverFailure */
  std::vector<cuda::Event> fence(Device& device);
  /** The same of some streams. @throws DriverFailure */
  static std::vector<cuda::Event> markAll(Context& context, const std::vector<Stream*>& streams);
  void buryLater(std::unique_ptr<Remains> remains);

  HandleTable<Device, Kind::device> devices;
  HandleTable<Stream, Kind::stream> streams;
  HandleTable<Module, Kind::module> modules;
  HandleTable<Function, Kind::function> functions;
  HandleTable<Event, Kind::event> events;
  HandleTable<Graph, Kind::graph> graphs;
  HandleTable<ExecutableGraph, Kind::executableGraph> executableGraphs;
  HandleTable<Compilation, Kind::compilation> compilations;
  /** By address. */
  std::map<std::uint64_t, Allocation> allocations;
  std::unique_ptr<Waiter> waiter;
  const napi_env env;

 private:
  struct Bound : Named {
    Instance* instance;
    Implementation implementation;
  };
  struct AsyncWork;

  Instance(napi_env env, std::string libraryPath) : env(env), libraryPath_(std::move(libraryPath)) {}

  static napi_value call(napi_env env, napi_callback_info info);
  static void settle(napi_env env, void* instance, std::vector<std::unique_ptr<Wait>> waits);
  static void end(void* instance);
  napi_value startAsync(const char* name, std::function<void()> work, std::function<napi_value(napi_env)> finish, bool hasPromise);
  /** The same error each time for a device that is lost. */
  napi_value lostError(const std::shared_ptr<Context>& context, const DriverFailure& failure);
  napi_value newError(napi_ref constructor, std::size_t count, const napi_value* values) const;
  std::unique_ptr<Remains> takeApart(Device& device);

  template <typename T>
  static T& usable(T& object) {
    contextOf(object).requireUsable();
    return object;
  }
  static Context& contextOf(const Device& device) { return *device.context; }
  template <typename T>
  static Context& contextOf(const T& object) {
    return *object.device.context;
  }

  const std::string libraryPath_;
  const DriverLibrary* driver_ = nullptr;
  napi_ref driverError_ = nullptr;
  napi_ref inputError_ = nullptr;
  std::map<std::shared_ptr<Context>, napi_ref> lostErrors_;
  std::vector<Bound> bound_;
};

/** The functions of `Driver` in src/native/driver.ts. */
extern const std::vector<Export> deviceExports, streamExports, memoryExports, transferExports, moduleExports, launchExports, graphExports;

}  // namespace equivar
