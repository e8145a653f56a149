// The driver's library, opened when it is first needed.
#pragma once

#include <string>

#include "cuda_types.hpp"
#include "failure.hpp"

namespace equivar {

/** The functions of an opened and initialised driver. One a path, never closed, shared by all threads of the process. */
class DriverLibrary : public cuda::Functions {
 public:
  /** The platform's own library where `path` is empty. @throws DriverFailure */
  static const DriverLibrary& open(const std::string& path);

  /** @throws DriverFailure unless the status is success. */
  void check(const char* call, cuda::Status status) const {
    if (status != cuda::success) throw failure(call, status);
  }

  DriverFailure failure(const char* call, cuda::Status status, const std::string& more = "") const;

 private:
  explicit DriverLibrary(const std::string& path);
};

}  // namespace equivar
