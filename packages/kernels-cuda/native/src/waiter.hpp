// Waiting for the device without blocking anybody.
#pragma once

#include <node_api.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "context.hpp"

namespace equivar {

/** A promise that is kept when a stream has come to some point. */
struct Wait {
  struct Step {
    cuda::Event event = nullptr;
    /** What the device wrote by then, to be copied on. */
    PinnedPiece piece;
    std::size_t bytes = 0;
  };
  std::shared_ptr<Context> context;
  /** In the order in which the stream comes to them. */
  std::deque<Step> steps;
  /** Where the bytes of the pieces go, one after another: memory of the array buffer that `buffer` keeps. */
  std::uint8_t* destination = nullptr;
  napi_ref buffer = nullptr;
  napi_deferred promise = nullptr;
  std::optional<DriverFailure> failure;
};

/**
 * One thread for each environment, started when first needed, that asks the driver whether events are reached. It asks often at first
 * and then less often, so that short work is noticed within microseconds and long work costs nothing; and it can always be stopped,
 * which a thread that waits inside of the driver cannot.
 */
class Waiter {
 public:
  /** @param settle called on the environment's thread with the waits that are over. */
  using Settle = void (*)(napi_env env, void* data, std::vector<std::unique_ptr<Wait>> waits);

  Waiter(napi_env env, Settle settle, void* data);
  ~Waiter();

  /** On the environment's thread; keeps the process alive until the promise is settled. @throws NodeFailure */
  void add(std::unique_ptr<Wait> wait);
  /** Something lies in the remains: the thread sweeps until nothing is left, without keeping the process alive. */
  void sweepLater();
  /** Ends the thread; nothing is settled any more. From any thread. */
  void endThread();
  /** Ends all of it, on the environment's thread. Waits that are not over are given back. */
  std::vector<std::unique_ptr<Wait>> stop();

 private:
  static void deliver(napi_env env, napi_value function, void* waiter, void*);
  void startThread();
  void run();
  /** Whether the wait is over within microseconds, looking all the time. */
  static bool isOverSoon(Wait& wait);
  /** Whether the wait is over. */
  static bool advance(Wait& wait);

  napi_env env_;
  Settle settle_;
  void* data_;
  napi_threadsafe_function toEnvironment_ = nullptr;
  /** Promises that are not settled; of the environment's thread alone. */
  std::size_t unsettled_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::thread thread_;
  bool isRunning_ = false;
  bool mustStop_ = false;
  bool mustSweep_ = false;
  std::vector<std::unique_ptr<Wait>> arrived_;
  std::vector<std::unique_ptr<Wait>> over_;
  /** Of the thread, and of whoever stopped it. */
  std::vector<std::unique_ptr<Wait>> waiting_;
};

/** Ends the threads of all waiters before the driver ends with the process. */
void stopWaitersAtExit();

}  // namespace equivar
