// How the stub's functions begin and end.
#pragma once

#include <cstdio>

#include "state.hpp"

#define STUB_EXPORT extern "C" __attribute__((visibility("default")))

/** A function of the driver, under the mutex; calls are counted, and fail on demand, by their name without a version. */
#define STUB(symbol, needsContext, parameters)                                         \
  STUB_EXPORT equivar::cuda::Status symbol parameters {                                \
    const std::lock_guard<std::recursive_mutex> lock(stub::state().mutex);             \
    if (const Status entered = stub::enter(#symbol, needsContext); entered != 0) return entered; \
    try
#define STUB_END                                      \
  catch (const std::bad_alloc&) {                     \
    return equivar::cuda::outOfMemory;                \
  }                                                   \
  }

namespace stub {

/** Puts work into a stream, or into what it records. */
inline Status push(const char* call, Stream* stream, Op op) {
  if (!isAlive(state().streams, stream, call)) return invalidHandle;
  if (stream->context != currentContext()) state().violate(std::string(call) + ": the stream is of another context");
  if (stream->capture) stream->capture->ops.push_back(std::move(op));
  else stream->queue.push_back(std::move(op));
  return 0;
}

}  // namespace stub
