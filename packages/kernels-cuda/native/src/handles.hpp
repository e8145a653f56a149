// Numbers that stand for objects.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "values.hpp"

namespace equivar {

/** Kinds of handles; part of each number, so that one kind is never taken for another. */
enum class Kind : std::uint64_t { compilation, device, stream, module, function, event, graph, executableGraph };

const char* kindName(Kind kind);

/** No two handles of a process are equal, whatever thread and table they are of, until 2^30 have been given out. */
std::uint64_t nextSerial();

/**
 * The objects of one kind and one thread. A handle is 30 bits of a serial number, 20 of a place in the table and 3 of its kind; it is
 * good as long as the place holds the object with this serial number.
 */
template <typename T, Kind kind>
class HandleTable {
 public:
  /** @throws Refusal if there are too many. */
  std::uint64_t add(std::unique_ptr<T> object) {
    std::size_t place = slots_.size();
    if (!free_.empty()) {
      place = free_.back();
      free_.pop_back();
    } else if (place < maxPlaces) {
      slots_.emplace_back();
    } else {
      throw Refusal{"more than a million handles of the kind " + std::string(kindName(kind)) + " are alive: release those that are not needed"};
    }
    const std::uint64_t handle = (nextSerial() << 23) | (static_cast<std::uint64_t>(place) << 3) | static_cast<std::uint64_t>(kind);
    slots_[place] = {handle, std::move(object)};
    return handle;
  }

  /** The object of the argument. @throws Refusal if there is none. */
  T& get(const Arguments& arguments, std::size_t index, const char* name) const {
    const std::uint64_t handle = arguments.bytes(index, name);
    if (T* object = find(handle)) return *object;
    refuse(arguments, handle, name);
  }

  /** Null if there is none. */
  T* find(std::uint64_t handle) const {
    const auto place = static_cast<std::size_t>((handle >> 3) & (maxPlaces - 1));
    return place < slots_.size() && slots_[place].handle == handle ? slots_[place].object.get() : nullptr;
  }

  /** Takes the object out; its handle is stale from now on. Null if there is none. */
  std::unique_ptr<T> remove(std::uint64_t handle) {
    if (find(handle) == nullptr) return nullptr;
    const auto place = static_cast<std::size_t>((handle >> 3) & (maxPlaces - 1));
    slots_[place].handle = 0;
    free_.push_back(place);
    return std::move(slots_[place].object);
  }

  /** Takes all objects out that fulfil the condition. */
  template <typename Condition>
  std::vector<std::unique_ptr<T>> removeIf(Condition condition) {
    std::vector<std::unique_ptr<T>> removed;
    for (auto& slot : slots_)
      if (slot.object && condition(*slot.object)) removed.push_back(remove(slot.handle));
    return removed;
  }

  template <typename Visit>
  void each(Visit visit) const {
    for (const auto& slot : slots_)
      if (slot.object) visit(*slot.object);
  }

  /** Whether the number has the form of a handle of this kind: it was good once, or is of another thread. */
  static bool hasForm(std::uint64_t handle) { return (handle & 7) == static_cast<std::uint64_t>(kind) && (handle >> 23) != 0; }

 private:
  static constexpr std::size_t maxPlaces = std::size_t{1} << 20;

  [[noreturn]] static void refuse(const Arguments& arguments, std::uint64_t handle, const char* name) {
    const std::string what = std::string(arguments.function()) + ": " + name + " " + std::to_string(handle);
    const std::string of = kindName(kind);
    if (hasForm(handle)) throw Refusal{what + " is no " + of + " that is alive in this thread: it was destroyed, or its device was closed, or it is another thread's"};
    throw Refusal{what + " is no handle of the kind " + of};
  }

  struct Slot {
    std::uint64_t handle = 0;
    std::unique_ptr<T> object;
  };
  std::vector<Slot> slots_;
  std::vector<std::size_t> free_;
};

}  // namespace equivar
