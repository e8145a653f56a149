// A device's primary context, with what threads share in it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "driver_library.hpp"

namespace equivar {

class Context;

/** A piece of pinned host memory, 2^order bytes. */
struct PinnedPiece {
  std::uint8_t* data = nullptr;
  int order = 0;
  std::size_t bytes() const { return std::size_t{1} << order; }
};

/** Pinned host memory in powers of two, kept for reuse: making it takes the driver much longer than copying. */
class PinnedPool {
 public:
  static constexpr int smallestOrder = 12, slabOrder = 20, largestOrder = 24;
  static constexpr std::size_t largestPiece = std::size_t{1} << largestOrder;

  /** @param bytes at most `largestPiece`. @throws DriverFailure */
  PinnedPiece acquire(Context& context, std::size_t bytes);
  void release(PinnedPiece piece);
  std::size_t bytes() const { return bytes_; }
  /** Takes out idle pieces that are slabs of their own, for the caller to free. */
  std::vector<void*> takeIdle();
  /** Frees everything, used or not; for the end of the context. */
  void freeAll(const DriverLibrary& driver);

 private:
  std::mutex mutex_;
  std::vector<std::uint8_t*> idle_[largestOrder + 1];
  struct Slab {
    std::uint8_t* data;
    std::size_t bytes;
  };
  std::vector<Slab> slabs_;
  std::atomic<std::size_t> bytes_{0};
};

/** Shared by everything that lives in it, on any thread; the driver's context goes with the last of them. */
class Context : public std::enable_shared_from_this<Context> {
 public:
  /** Takes part in the primary context of a device. @throws DriverFailure */
  static std::shared_ptr<Context> retain(const DriverLibrary& driver, int ordinal);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /** Makes this the calling thread's context: somebody else in the process may have changed it. @throws DriverFailure */
  void enter() {
    cuda::Context current = nullptr;
    if (driver.cuCtxGetCurrent(&current) != cuda::success || current != handle) check("cuCtxSetCurrent", driver.cuCtxSetCurrent(handle));
  }

  /** @throws DriverFailure unless the status is success; after some of them the context is lost. */
  void check(const char* call, cuda::Status status) {
    if (status != cuda::success) throw failure(call, status);
  }

  /** What to throw for a status. Where it is sticky, the context is lost from now on. */
  DriverFailure failure(const char* call, cuda::Status status, const std::string& more = "");

  /** @throws DriverFailure, the one that made the context unusable. */
  void requireUsable() {
    if (isLost_.load(std::memory_order_acquire)) throw *lostFailure();
  }
  std::optional<DriverFailure> lostFailure();

  /** An event without times. @throws DriverFailure */
  cuda::Event acquireEvent();
  void releaseEvent(cuda::Event event);
  /** An event that marks the end of what is in the stream by now. @throws DriverFailure */
  cuda::Event mark(cuda::Stream stream);

  const DriverLibrary& driver;
  const cuda::DeviceId device;
  const int ordinal;
  const cuda::Context handle;
  PinnedPool pinned;
  /** Held while memory goes back to the driver. */
  std::mutex freeing;

 private:
  Context(const DriverLibrary& driver, cuda::DeviceId device, int ordinal, cuda::Context handle)
      : driver(driver), device(device), ordinal(ordinal), handle(handle) {}

  std::mutex mutex_;
  std::atomic<bool> isLost_{false};
  std::optional<DriverFailure> lost_;
  std::vector<cuda::Event> idleEvents_;
};

}  // namespace equivar
