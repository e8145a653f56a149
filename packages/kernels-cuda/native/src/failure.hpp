// What is thrown inside of the addon. The border to JavaScript (values.hpp) turns it into errors there.
#pragma once

#include <memory>
#include <string>

namespace equivar {

class Context;

/** An argument that is refused before the driver hears of it: an `InputError`. */
struct Refusal {
  std::string message;
};

/** The driver refused: a `DriverError`. */
struct DriverFailure {
  std::string call;
  int status;
  std::string statusName;
  std::string detail;
  /** The context that this failure made unusable, if it did. */
  std::shared_ptr<Context> lost = nullptr;
};

/** Node refused a call; there may be an exception of JavaScript already. */
struct NodeFailure {
  std::string message;
};

}  // namespace equivar
