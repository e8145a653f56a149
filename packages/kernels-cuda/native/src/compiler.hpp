// From text to code for a device, by the compiler of the driver.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "context.hpp"

namespace equivar {

struct CompileRequest {
  std::string text;
  std::uint64_t maxRegisters = 0;
  std::uint64_t optimization = 4;
  bool hasLineInfo = false;
};

struct CompileResult {
  std::string image;
  std::string log;
  /** Which of several texts it is. */
  std::size_t index = 0;
};

/** Any thread. The driver's linker is the one way in which it hands compiled code out. @throws DriverFailure */
CompileResult compileText(Context& context, const CompileRequest& request);

/**
 * The first text whose entry `name` keeps all of its values in registers, or else the last one, in a thread of its own; as many threads
 * work at the same time as there are processors. The end waits for the thread.
 */
class FittingCompilation {
 public:
  FittingCompilation(std::shared_ptr<Context> context, std::vector<std::string> texts, std::string name);
  ~FittingCompilation();
  FittingCompilation(const FittingCompilation&) = delete;
  FittingCompilation& operator=(const FittingCompilation&) = delete;

  /** Waits. @throws DriverFailure */
  const CompileResult& result();

 private:
  CompileResult result_;
  std::optional<DriverFailure> failure_;
  std::thread thread_;
};

}  // namespace equivar
