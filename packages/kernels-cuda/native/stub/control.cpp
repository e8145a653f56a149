// The stub as a module of Node, too: tests load the same file, and steer it.
#include <node_api.h>

#include "state.hpp"

using namespace stub;

namespace {

constexpr std::size_t most = 3;

struct Call {
  napi_env env;
  napi_value values[most];

  std::string text(std::size_t index) const {
    char buffer[256] = "";
    napi_get_value_string_utf8(env, values[index], buffer, sizeof buffer, nullptr);
    return buffer;
  }
  double number(std::size_t index) const {
    double value = 0;
    napi_get_value_double(env, values[index], &value);
    return value;
  }
  napi_value make(double value) const {
    napi_value result = nullptr;
    napi_create_double(env, value, &result);
    return result;
  }
  napi_value make(const std::vector<std::string>& lines) const {
    napi_value result = nullptr;
    napi_create_array(env, &result);
    for (std::size_t i = 0; i < lines.size(); i++) {
      napi_value line = nullptr;
      napi_create_string_utf8(env, lines[i].data(), lines[i].size(), &line);
      napi_set_element(env, result, static_cast<std::uint32_t>(i), line);
    }
    return result;
  }
  napi_value make(const std::map<std::string, int>& counts) const {
    napi_value result = nullptr;
    napi_create_object(env, &result);
    for (const auto& [name, count] : counts) napi_set_named_property(env, result, name.c_str(), make(count));
    return result;
  }
};

using Steer = napi_value (*)(const Call& call, State& all);

const std::pair<const char*, Steer> functions[] = {
    // fail(symbol, status, skip): the call after `skip` others of this function ends with the status.
    {"fail", [](const Call& call, State& all) -> napi_value {
       all.failures[call.text(0)] = {static_cast<Status>(call.number(1)), static_cast<int>(call.number(2))};
       return nullptr;
     }},
    // Forgets failures, the sticky status included, and gives how many did not happen.
    {"clear", [](const Call& call, State& all) -> napi_value {
       const auto left = static_cast<double>(all.failures.size());
       all.failures.clear();
       all.sticky = 0;
       return call.make(left);
     }},
    {"hold", [](const Call&, State& all) -> napi_value { return all.isHeld = true, nullptr; }},
    {"go", [](const Call&, State& all) -> napi_value { return all.isHeld = false, nullptr; }},
    {"setTotalBytes", [](const Call& call, State& all) -> napi_value { return all.totalBytes = static_cast<std::size_t>(call.number(0)), nullptr; }},
    {"calls", [](const Call& call, State& all) -> napi_value { return call.make(all.calls); }},
    {"takeViolations", [](const Call& call, State& all) -> napi_value {
       const napi_value result = call.make(all.violations);
       all.violations.clear();
       return result;
     }},
    {"takeLog", [](const Call& call, State& all) -> napi_value {
       const napi_value result = call.make(all.log);
       all.log.clear();
       return result;
     }},
    {"waits", [](const Call& call, State& all) -> napi_value { return call.make(all.waits); }},
    // What is alive, by kind.
    {"live", [](const Call& call, State& all) -> napi_value {
       const auto count = [](const auto& set) { return static_cast<int>(set.size()); };
       return call.make(std::map<std::string, int>{{"contexts", all.contexts[0].retained + all.contexts[1].retained}, {"memory", count(all.memory)}, {"pinned", count(all.pinned)},
                         {"streams", count(all.streams)}, {"events", count(all.events)}, {"modules", count(all.modules)}, {"graphs", count(all.graphs)},
                         {"executables", count(all.executables)}, {"links", count(all.links)}});
     }},
};

napi_value steer(napi_env env, napi_callback_info info) {
  Call call{env, {}};
  std::size_t count = most;
  void* data = nullptr;
  if (napi_get_cb_info(env, info, &count, call.values, nullptr, &data) != napi_ok) return nullptr;
  const std::lock_guard<std::recursive_mutex> lock(state().mutex);
  return static_cast<const std::pair<const char*, Steer>*>(data)->second(call, state());
}

}  // namespace

NAPI_MODULE_INIT(/* napi_env env, napi_value exports */) {
  for (const auto& function : functions) {
    napi_value value = nullptr;
    napi_create_function(env, function.first, NAPI_AUTO_LENGTH, steer, const_cast<std::pair<const char*, Steer>*>(&function), &value);
    napi_set_named_property(env, exports, function.first, value);
  }
  return exports;
}
