#include "waiter.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <set>

#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "remains.hpp"
#include "values.hpp"

namespace equivar {
namespace {

std::mutex& mutexOfWaiters() {
  static auto& mutex = *new std::mutex;
  return mutex;
}

std::set<Waiter*>& allWaiters() {
  static auto& all = *new std::set<Waiter*>;
  return all;
}

/** What takes no longer is waited for at once: to wake a thread, and to be woken by it, would take as long. */
constexpr std::chrono::microseconds shortest{20};

/** How long to sleep after so many looks in vain: nothing at first, a millisecond in the end. */
std::chrono::microseconds pause(int looks) {
  if (looks < 150) return std::chrono::microseconds(2);
  if (looks < 250) return std::chrono::microseconds(10);
  if (looks < 1000) return std::chrono::microseconds(50);
  return std::chrono::microseconds(looks < 3000 ? 200 : 1000);
}

}  // namespace

Waiter::Waiter(napi_env env, Settle settle, void* data) : env_(env), settle_(settle), data_(data) {
  const napi_value name = toText(env, "equivar CUDA");
  checkNode(napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, deliver, &toEnvironment_),
            "napi_create_threadsafe_function");
  checkNode(napi_unref_threadsafe_function(env, toEnvironment_), "napi_unref_threadsafe_function");
  const std::lock_guard<std::mutex> lock(mutexOfWaiters());
  allWaiters().insert(this);
}

Waiter::~Waiter() {
  stop();
  const std::lock_guard<std::mutex> lock(mutexOfWaiters());
  allWaiters().erase(this);
}

void Waiter::add(std::unique_ptr<Wait> wait) {
  if (unsettled_ == 0 && isOverSoon(*wait)) {
    std::vector<std::unique_ptr<Wait>> over;
    over.push_back(std::move(wait));
    settle_(env_, data_, std::move(over));
    return;
  }
  if (unsettled_ == 0) checkNode(napi_ref_threadsafe_function(env_, toEnvironment_), "napi_ref_threadsafe_function");
  unsettled_++;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    arrived_.push_back(std::move(wait));
    startThread();
  }
  wake_.notify_one();
}

void Waiter::sweepLater() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    mustSweep_ = true;
    startThread();
  }
  wake_.notify_one();
}

void Waiter::startThread() {
  if (isRunning_ || mustStop_) return;
  thread_ = std::thread([this] { run(); });
  isRunning_ = true;
}

void Waiter::endThread() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    mustStop_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::vector<std::unique_ptr<Wait>> Waiter::stop() {
  endThread();
  std::vector<std::unique_ptr<Wait>> rest = std::move(waiting_);
  for (auto* list : {&arrived_, &over_}) {
    rest.insert(rest.end(), std::make_move_iterator(list->begin()), std::make_move_iterator(list->end()));
    list->clear();
  }
  waiting_.clear();
  if (toEnvironment_ != nullptr) napi_release_threadsafe_function(toEnvironment_, napi_tsfn_abort);
  toEnvironment_ = nullptr;
  return rest;
}

void Waiter::run() {
#if defined(__linux__)
  // Sleeps of microseconds would else be fifty longer.
  prctl(PR_SET_TIMERSLACK, 1000);
#endif
  int looks = 0;
  bool isSweeping = false;
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      if (waiting_.empty() && !isSweeping) wake_.wait(lock, [&] { return mustStop_ || mustSweep_ || !arrived_.empty(); });
      if (mustStop_) return;
      if (!arrived_.empty()) looks = 0;
      waiting_.insert(waiting_.end(), std::make_move_iterator(arrived_.begin()), std::make_move_iterator(arrived_.end()));
      arrived_.clear();
      isSweeping = isSweeping || mustSweep_;
      mustSweep_ = false;
    }
    const auto isOpen = [](const std::unique_ptr<Wait>& wait) { return !advance(*wait); };
    const auto firstOver = std::stable_partition(waiting_.begin(), waiting_.end(), isOpen);
    if (firstOver != waiting_.end()) {
      looks = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        over_.insert(over_.end(), std::make_move_iterator(firstOver), std::make_move_iterator(waiting_.end()));
      }
      waiting_.erase(firstOver, waiting_.end());
      // The queue has no limit; where the environment is closing nobody waits any more.
      napi_call_threadsafe_function(toEnvironment_, nullptr, napi_tsfn_nonblocking);
    }
    if (isSweeping) isSweeping = sweepRemains();
    if (!waiting_.empty() || isSweeping) std::this_thread::sleep_for(waiting_.empty() ? std::chrono::microseconds(1000) : pause(looks++));
  }
}

bool Waiter::isOverSoon(Wait& wait) {
  const auto until = std::chrono::steady_clock::now() + shortest;
  while (!advance(wait))
    if (std::chrono::steady_clock::now() >= until) return false;
  return true;
}

bool Waiter::advance(Wait& wait) {
  Context& context = *wait.context;
  while (!wait.steps.empty()) {
    Wait::Step& step = wait.steps.front();
    if (step.event != nullptr) {
      const cuda::Status current = context.driver.cuCtxSetCurrent(context.handle);
      const cuda::Status status = current == cuda::success ? context.driver.cuEventQuery(step.event) : current;
      if (status == cuda::notReady) return false;
      if (status != cuda::success && !wait.failure) wait.failure = context.failure("cuEventQuery", status);
    }
    if (!wait.failure) {
      if (step.bytes > 0) std::memcpy(wait.destination, step.piece.data, step.bytes);
      wait.destination += step.bytes;
      // After a failure nobody knows whether the device still writes there: then it is left to the end of the context.
      context.pinned.release(step.piece);
    }
    if (step.event != nullptr) context.releaseEvent(step.event);
    wait.steps.pop_front();
  }
  return true;
}

void Waiter::deliver(napi_env env, napi_value, void* waiter, void*) {
  // The environment is ending, and the waiter may be gone.
  if (env == nullptr) return;
  auto& self = *static_cast<Waiter*>(waiter);
  std::vector<std::unique_ptr<Wait>> over;
  {
    const std::lock_guard<std::mutex> lock(self.mutex_);
    over = std::move(self.over_);
    self.over_.clear();
  }
  self.unsettled_ -= over.size();
  if (self.unsettled_ == 0 && !over.empty()) napi_unref_threadsafe_function(env, self.toEnvironment_);
  if (!over.empty()) self.settle_(env, self.data_, std::move(over));
}

void stopWaitersAtExit() {
  static const int registered = std::atexit([] {
    // Nobody makes or ends waiters any more: other threads of JavaScript are gone.
    const std::lock_guard<std::mutex> lock(mutexOfWaiters());
    for (Waiter* waiter : allWaiters()) waiter->endThread();
  });
  static_cast<void>(registered);
}

}  // namespace equivar
