// The entry: `bind(library, DriverError, InputError)` gives the functions of `Driver`.
#include "instance.hpp"

#ifndef EQUIVAR_VERSION
#error "the build gives the version"
#endif

namespace {

napi_value bind(napi_env env, napi_callback_info info) {
  using namespace equivar;
  try {
    const Arguments arguments(env, info);
    return Instance::create(env, arguments.text(0, "library"), arguments.value(1), arguments.value(2));
  } catch (const Refusal& refusal) {
    napi_throw_type_error(env, nullptr, refusal.message.c_str());
  } catch (const NodeFailure& failure) {
    napi_throw_error(env, nullptr, failure.message.c_str());
  } catch (const std::exception& exception) {
    napi_throw_error(env, nullptr, exception.what());
  }
  return nullptr;
}

equivar::Named bindName{"bind"};

/** Which functions there are and what they take; src/native/addon.ts has the same number. */
constexpr double interfaceVersion = 1;

}  // namespace

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  napi_value function = nullptr;
  napi_value version = nullptr;
  napi_value interface = nullptr;
  if (napi_create_function(env, bindName.name, NAPI_AUTO_LENGTH, bind, &bindName, &function) != napi_ok) return nullptr;
  if (napi_create_string_utf8(env, EQUIVAR_VERSION, NAPI_AUTO_LENGTH, &version) != napi_ok) return nullptr;
  if (napi_create_double(env, interfaceVersion, &interface) != napi_ok) return nullptr;
  if (napi_set_named_property(env, exports, "bind", function) != napi_ok) return nullptr;
  if (napi_set_named_property(env, exports, "version", version) != napi_ok) return nullptr;
  if (napi_set_named_property(env, exports, "interfaceVersion", interface) != napi_ok) return nullptr;
  return exports;
}
