// A CUDA driver for tests: the host's memory behind it, streams that do their work when they are asked about, errors on demand, and a
// list of everything that a caller must not do.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "../src/cuda_types.hpp"

namespace stub {

using equivar::cuda::DevicePointer;
using equivar::cuda::Status;

/** Statuses that the stub gives by itself, beside those of cuda_types.hpp. */
constexpr Status invalidValue = 1, invalidDevice = 101, invalidPtx = 218, notFound = 500, invalidHandle = 400, captureUnsupported = 900,
                 illegalState = 401, peerUnsupported = 217;

constexpr int numDevices = 2;

struct Op {
  std::string kind;
  std::function<void()> run;
  /** Whether it may run now. */
  std::function<bool()> isReady;
  /** What it uses: pinned memory, a module. */
  const void* uses = nullptr;
};

struct Context {
  int device;
  int retained = 0;
  std::set<const Context*> peers;
};
struct Graph {
  std::vector<Op> ops;
};
struct Executable {
  std::vector<Op> ops;
};
struct Stream {
  Context* context;
  std::deque<Op> queue;
  std::unique_ptr<Graph> capture;
};
struct Marks {
  /** Records of an event that are not done. */
  int pending = 0;
  double time = 0;
};
struct Event {
  Context* context;
  bool isTimed;
  /** Outlives the event, in the work that marks it or waits for it. */
  std::shared_ptr<Marks> marks = std::make_shared<Marks>();
};
struct Function {
  struct Module* module;
  std::string name;
  int sharedLimit = 48 << 10;
};
struct Module {
  Context* context;
  std::string text;
  std::map<std::string, std::unique_ptr<Function>> functions;
};
struct Link {
  std::string text;
  char* information = nullptr;
  std::size_t informationBytes = 0;
  char* errors = nullptr;
  std::size_t errorBytes = 0;
  std::string image;
};

struct Failure {
  Status status;
  int skip;
};

/** All of it, behind one mutex. */
struct State {
  std::recursive_mutex mutex;
  bool isHeld = false;
  std::size_t totalBytes = std::size_t{1} << 30;
  std::map<std::string, int> calls;
  std::map<std::string, Failure> failures;
  /** After a sticky status every call on a device gives it. */
  Status sticky = 0;
  std::vector<std::string> violations;
  std::vector<std::string> log;
  /** Times that a caller waited for the device. */
  int waits = 0;
  double clock = 0;

  Context contexts[numDevices] = {{0, 0, {}}, {1, 0, {}}};
  std::map<DevicePointer, std::pair<std::size_t, Context*>> memory;
  std::map<void*, std::size_t> pinned;
  std::set<Stream*> streams;
  std::set<Event*> events;
  std::set<Module*> modules;
  std::set<Graph*> graphs;
  std::set<Executable*> executables;
  std::set<Link*> links;

  std::size_t usedBytes() const;
  void violate(const std::string& what) { violations.push_back(what); }
  /** Does what can be done, if nobody holds the device. */
  void progress();
  /** Does everything, as if the caller waited. */
  void finish();
  bool isUsed(const void* what) const;
};

State& state();

/** The context that the calling thread made current. */
Context*& currentContext();

template <typename T>
bool isAlive(const std::set<T*>& all, T* one, const char* call) {
  if (all.count(one) > 0) return true;
  state().violate(std::string(call) + ": a handle that is not alive");
  return false;
}

/** Counts a call and says with which status it must end at once; success to go on. */
Status enter(const char* call, bool needsContext);

}  // namespace stub
