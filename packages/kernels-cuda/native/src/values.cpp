#include "values.hpp"

#include <cstdio>
#include <cstring>

namespace equivar {

bool Arguments::boolean(std::size_t index, const char* name) const {
  bool value = false;
  if (napi_get_value_bool(env, values_[index], &value) != napi_ok) refuse(name, index, "a boolean");
  return value;
}

std::string Arguments::text(std::size_t index, const char* name) const {
  std::string value;
  if (!readText(values_[index], value)) refuse(name, index, "a string");
  // The driver takes C strings: what follows a zero would vanish.
  if (value.find('\0') != std::string::npos) refuse(name, index, "a string without zeros");
  return value;
}

std::vector<std::string> Arguments::texts(std::size_t index, const char* name) const {
  const char* expected = "an array of strings without zeros";
  std::uint32_t count = 0;
  if (napi_get_array_length(env, values_[index], &count) != napi_ok) refuse(name, index, expected);
  std::vector<std::string> texts(count);
  for (std::uint32_t i = 0; i < count; i++) {
    napi_value element = nullptr;
    if (napi_get_element(env, values_[index], i, &element) != napi_ok) throw NodeFailure{"internal: napi_get_element failed"};
    if (!readText(element, texts[i]) || texts[i].find('\0') != std::string::npos) refuse(name, index, expected);
  }
  return texts;
}

bool Arguments::readText(napi_value value, std::string& text) const {
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  text.assign(length, '\0');
  checkNode(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length), "napi_get_value_string_utf8");
  return true;
}

Arguments::Bytes Arguments::view(std::size_t index, const char* name) const {
  void* data = nullptr;
  std::size_t length = 0;
  bool isView = false;
  checkNode(napi_is_dataview(env, values_[index], &isView), "napi_is_dataview");
  if (isView) {
    checkNode(napi_get_dataview_info(env, values_[index], &length, &data, nullptr, nullptr), "napi_get_dataview_info");
    return {static_cast<std::uint8_t*>(data), length};
  }
  napi_typedarray_type type = napi_uint8_array;
  if (napi_get_typedarray_info(env, values_[index], &type, &length, &data, nullptr, nullptr) != napi_ok)
    refuse(name, index, "a typed array or a DataView");
  std::size_t width = 1;
  switch (type) {
    case napi_int16_array:
    case napi_uint16_array:
      width = 2;
      break;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      width = 4;
      break;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      width = 8;
      break;
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      break;
    default:
      refuse(name, index, "a typed array of a kind that this build knows");
  }
  return {static_cast<std::uint8_t*>(data), length * width};
}

napi_value Arguments::memberValue(std::size_t index, const char* name) const {
  napi_valuetype type = napi_undefined;
  checkNode(napi_typeof(env, values_[index], &type), "napi_typeof");
  if (type == napi_undefined) return nullptr;
  if (type != napi_object) refuse("options", index, "an object");
  napi_value value = nullptr;
  checkNode(napi_get_named_property(env, values_[index], name, &value), "napi_get_named_property");
  checkNode(napi_typeof(env, value, &type), "napi_typeof");
  return type == napi_undefined ? nullptr : value;
}

std::uint64_t Arguments::member(std::size_t index, const char* name, std::uint64_t least, std::uint64_t most, std::uint64_t otherwise) const {
  napi_value value = memberValue(index, name);
  if (value == nullptr) return otherwise;
  double number = -1;
  const bool isNumber = napi_get_value_double(env, value, &number) == napi_ok;
  if (isNumber && number >= static_cast<double>(least) && number <= static_cast<double>(most)) {
    const auto whole = static_cast<std::uint64_t>(number);
    if (static_cast<double>(whole) == number) return whole;
  }
  throw Refusal{std::string(function()) + ": " + name + " must be an integer in " + std::to_string(least) + " … " + std::to_string(most) +
                ", got " + describe(value)};
}

bool Arguments::flag(std::size_t index, const char* name) const {
  napi_value value = memberValue(index, name);
  if (value == nullptr) return false;
  bool result = false;
  if (napi_get_value_bool(env, value, &result) != napi_ok)
    throw Refusal{std::string(function()) + ": " + name + " must be a boolean, got " + describe(value)};
  return result;
}

void Arguments::refuse(const char* name, std::size_t index, const std::string& expected) const {
  throw Refusal{std::string(function()) + ": " + name + " must be " + expected + ", got " + describe(values_[index])};
}

void Arguments::refuseInteger(std::size_t index, const char* name, std::uint64_t least, std::uint64_t most) const {
  refuse(name, index, "an integer in " + std::to_string(least) + " … " + std::to_string(most));
}

std::string Arguments::describe(napi_value value) const {
  napi_valuetype type = napi_undefined;
  checkNode(napi_typeof(env, value, &type), "napi_typeof");
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_object:
    case napi_external:
      return "an object";
    case napi_function:
      return "a function";
    case napi_symbol:
      return "a symbol";
    default: {
      napi_value text = nullptr;
      char buffer[64] = "";
      checkNode(napi_coerce_to_string(env, value, &text), "napi_coerce_to_string");
      checkNode(napi_get_value_string_utf8(env, text, buffer, sizeof buffer, nullptr), "napi_get_value_string_utf8");
      return type == napi_string ? "'" + std::string(buffer) + "'" : buffer;
    }
  }
}

napi_value toNumber(napi_env env, double value) {
  napi_value result = nullptr;
  checkNode(napi_create_double(env, value, &result), "napi_create_double");
  return result;
}

napi_value toBoolean(napi_env env, bool value) {
  napi_value result = nullptr;
  checkNode(napi_get_boolean(env, value, &result), "napi_get_boolean");
  return result;
}

napi_value toText(napi_env env, const std::string& value) {
  napi_value result = nullptr;
  checkNode(napi_create_string_utf8(env, value.data(), value.size(), &result), "napi_create_string_utf8");
  return result;
}

napi_value toUndefined(napi_env env) {
  napi_value result = nullptr;
  checkNode(napi_get_undefined(env, &result), "napi_get_undefined");
  return result;
}

napi_value toNull(napi_env env) {
  napi_value result = nullptr;
  checkNode(napi_get_null(env, &result), "napi_get_null");
  return result;
}

napi_value toBytes(napi_env env, const std::string& bytes) {
  void* data = nullptr;
  napi_value buffer = nullptr;
  napi_value result = nullptr;
  checkNode(napi_create_arraybuffer(env, bytes.size(), &data, &buffer), "napi_create_arraybuffer");
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  checkNode(napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer, 0, &result), "napi_create_typedarray");
  return result;
}

napi_value newObject(napi_env env) {
  napi_value result = nullptr;
  checkNode(napi_create_object(env, &result), "napi_create_object");
  return result;
}

void set(napi_env env, napi_value object, const char* name, napi_value value) {
  checkNode(napi_set_named_property(env, object, name, value), "napi_set_named_property");
}

std::string readableBytes(std::uint64_t bytes) {
  const char* const units[] = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1000 && unit < 4; unit++) value /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

}  // namespace equivar
