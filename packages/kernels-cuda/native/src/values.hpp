// The border between JavaScript and C++: arguments, results, errors. Only the thread of the environment comes here.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "failure.hpp"

namespace equivar {

/** @throws NodeFailure unless the status is napi_ok. */
inline void checkNode(napi_status status, const char* call) {
  if (status != napi_ok) throw NodeFailure{std::string("internal: ") + call + " gave status " + std::to_string(status)};
}

/** What Node remembers of every function that it was given. */
struct Named {
  const char* name;
};

/** The arguments of a call, read by position and checked. Messages begin with the function's name. */
class Arguments {
 public:
  static constexpr std::size_t most = 10;

  /** @throws NodeFailure */
  Arguments(napi_env env, napi_callback_info info) : env(env) {
    void* data = nullptr;
    checkNode(napi_get_cb_info(env, info, &count_, values_, nullptr, &data), "napi_get_cb_info");
    named_ = static_cast<Named*>(data);
  }

  /** An integer in `least … most`. @throws Refusal */
  std::uint64_t integer(std::size_t index, const char* name, std::uint64_t least, std::uint64_t most) const {
    double value = 0;
    if (napi_get_value_double(env, values_[index], &value) == napi_ok && value >= 0 && value <= 9007199254740991.0) {
      const auto whole = static_cast<std::uint64_t>(value);
      if (static_cast<double>(whole) == value && whole >= least && whole <= most) return whole;
    }
    refuseInteger(index, name, least, most);
  }

  /** A number of bytes or an address: an integer in 0 … 2^53 − 1. @throws Refusal */
  std::uint64_t bytes(std::size_t index, const char* name) const { return integer(index, name, 0, 9007199254740991ULL); }

  bool boolean(std::size_t index, const char* name) const;
  std::string text(std::size_t index, const char* name) const;
  /** An array of strings. @throws Refusal */
  std::vector<std::string> texts(std::size_t index, const char* name) const;

  struct Bytes {
    std::uint8_t* data;
    std::size_t length;
  };
  /** What a typed array or DataView shows. @throws Refusal */
  Bytes view(std::size_t index, const char* name) const;
  /** @throws Refusal */
  Bytes arrayBuffer(std::size_t index, const char* name) const {
    void* data = nullptr;
    std::size_t length = 0;
    if (napi_get_arraybuffer_info(env, values_[index], &data, &length) != napi_ok) refuse(name, index, "an ArrayBuffer");
    return {static_cast<std::uint8_t*>(data), length};
  }
  /** A member of an object, an integer; `otherwise` where the object or the member is undefined. @throws Refusal */
  std::uint64_t member(std::size_t index, const char* name, std::uint64_t least, std::uint64_t most, std::uint64_t otherwise) const;
  /** The same of a boolean. */
  bool flag(std::size_t index, const char* name) const;

  napi_value value(std::size_t index) const { return values_[index]; }
  const char* function() const { return named_->name; }
  Named& named() const { return *named_; }

  [[noreturn]] void refuse(const char* name, std::size_t index, const std::string& expected) const;

  const napi_env env;

 private:
  /** Whether the value is a string. */
  bool readText(napi_value value, std::string& text) const;
  [[noreturn]] void refuseInteger(std::size_t index, const char* name, std::uint64_t least, std::uint64_t most) const;
  /** The member of an object; null where there is none. @throws Refusal if the argument is no object. */
  napi_value memberValue(std::size_t index, const char* name) const;
  std::string describe(napi_value value) const;

  // Node fills what was not passed with undefined.
  std::size_t count_ = most;
  napi_value values_[most];
  Named* named_ = nullptr;
};

napi_value toNumber(napi_env env, double value);
napi_value toBoolean(napi_env env, bool value);
napi_value toText(napi_env env, const std::string& value);
napi_value toUndefined(napi_env env);
napi_value toNull(napi_env env);
/** A copy of the bytes as a Uint8Array. */
napi_value toBytes(napi_env env, const std::string& bytes);
napi_value newObject(napi_env env);
void set(napi_env env, napi_value object, const char* name, napi_value value);
inline void set(napi_env env, napi_value object, const char* name, double value) { set(env, object, name, toNumber(env, value)); }

/** 12.3 GB and the like, for messages. */
std::string readableBytes(std::uint64_t bytes);

}  // namespace equivar
