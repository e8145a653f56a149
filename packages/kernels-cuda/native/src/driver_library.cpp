#include "driver_library.hpp"

#include <map>
#include <memory>
#include <mutex>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace equivar {
namespace {

#if defined(_WIN32)
const char* const defaultPath = "nvcuda.dll";

void* openLibrary(const std::string& path, std::string& reason) {
  // The driver's own lies in the system folder; the working directory is not searched.
  HMODULE library = LoadLibraryExA(path.c_str(), nullptr, path == defaultPath ? LOAD_LIBRARY_SEARCH_SYSTEM32 : 0);
  if (library == nullptr) reason = "Windows error " + std::to_string(GetLastError());
  return reinterpret_cast<void*>(library);
}

void* findSymbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(library), name));
}
#else
const char* const defaultPath = "libcuda.so.1";

void* openLibrary(const std::string& path, std::string& reason) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* text = dlerror();
    reason = text == nullptr ? "no reason is given" : text;
  }
  return library;
}

void* findSymbol(void* library, const char* name) { return dlsym(library, name); }
#endif

}  // namespace

const DriverLibrary& DriverLibrary::open(const std::string& path) {
  // Never destroyed: threads may use it until the process is gone.
  static auto& mutex = *new std::mutex;
  static auto& opened = *new std::map<std::string, std::unique_ptr<DriverLibrary>>;
  const std::lock_guard<std::mutex> lock(mutex);
  auto& library = opened[path];
  if (!library) library.reset(new DriverLibrary(path.empty() ? defaultPath : path));
  return *library;
}

DriverLibrary::DriverLibrary(const std::string& path) {
  std::string reason;
  void* library = openLibrary(path, reason);
  if (library == nullptr)
    throw DriverFailure{"dlopen", 0, "LIBRARY_NOT_FOUND", "no CUDA driver: " + path + " cannot be opened (" + reason + ")"};
  const auto find = [&](const char* name) {
    void* symbol = findSymbol(library, name);
    if (symbol == nullptr) throw DriverFailure{"dlsym", 0, "SYMBOL_NOT_FOUND", path + " has no " + name};
    return symbol;
  };
#define EQUIVAR_LOAD(name, symbol, arguments) name = reinterpret_cast<decltype(name)>(find(symbol));
  EQUIVAR_DRIVER_FUNCTIONS(EQUIVAR_LOAD)
#undef EQUIVAR_LOAD
  check("cuInit", cuInit(0));
}

DriverFailure DriverLibrary::failure(const char* call, cuda::Status status, const std::string& more) const {
  const char* name = nullptr;
  const char* text = nullptr;
  if (cuGetErrorName(status, &name) != cuda::success || name == nullptr) name = "CUDA_ERROR_WITHOUT_NAME";
  if (cuGetErrorString(status, &text) != cuda::success || text == nullptr) text = "the driver does not know this code";
  return {call, status, name, more.empty() ? std::string(text) : std::string(text) + ", " + more};
}

}  // namespace equivar
