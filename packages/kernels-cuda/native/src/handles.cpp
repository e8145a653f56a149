#include "handles.hpp"

namespace equivar {

const char* kindName(Kind kind) {
  switch (kind) {
    case Kind::compilation:
      return "compilation";
    case Kind::device:
      return "device";
    case Kind::stream:
      return "stream";
    case Kind::module:
      return "module";
    case Kind::function:
      return "function";
    case Kind::event:
      return "event";
    case Kind::graph:
      return "graph";
    case Kind::executableGraph:
      return "executable graph";
  }
  return "unknown";
}

std::uint64_t nextSerial() {
  static std::atomic<std::uint64_t> last{0};
  // Zero is left out, so that no handle is a small number.
  const std::uint64_t serial = ++last & ((std::uint64_t{1} << 30) - 1);
  return serial == 0 ? nextSerial() : serial;
}

}  // namespace equivar
