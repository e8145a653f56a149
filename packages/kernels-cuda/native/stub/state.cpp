#include "state.hpp"

#include <algorithm>

namespace stub {

State& state() {
  // Never destroyed: threads may call until the process is gone.
  static auto& one = *new State;
  return one;
}

Context*& currentContext() {
  static thread_local Context* current = nullptr;
  return current;
}

std::size_t State::usedBytes() const {
  std::size_t bytes = 0;
  for (const auto& [address, piece] : memory) bytes += piece.first;
  return bytes;
}

void State::progress() {
  if (!isHeld) finish();
}

void State::finish() {
  for (bool isMoving = true; isMoving;) {
    isMoving = false;
    for (Stream* stream : streams) {
      while (!stream->queue.empty() && (!stream->queue.front().isReady || stream->queue.front().isReady())) {
        const Op op = std::move(stream->queue.front());
        stream->queue.pop_front();
        clock += 1;
        op.run();
        isMoving = true;
      }
    }
  }
}

bool State::isUsed(const void* what) const {
  return std::any_of(streams.begin(), streams.end(), [&](const Stream* stream) {
    return std::any_of(stream->queue.begin(), stream->queue.end(), [&](const Op& op) { return op.uses == what; });
  });
}

Status enter(const char* call, bool needsContext) {
  State& all = state();
  all.calls[call]++;
  const auto found = all.failures.find(call);
  if (found != all.failures.end()) {
    if (found->second.skip > 0) {
      found->second.skip--;
    } else {
      const Status status = found->second.status;
      all.failures.erase(found);
      if (equivar::cuda::isSticky(status)) all.sticky = status;
      return status;
    }
  }
  if (!needsContext) return 0;
  if (all.sticky != 0) return all.sticky;
  if (currentContext() == nullptr || currentContext()->retained == 0) all.violate(std::string(call) + ": no context is current");
  return 0;
}

}  // namespace stub
