#include "remains.hpp"

#include <algorithm>
#include <mutex>

namespace equivar {
namespace {

// Never destroyed: threads may use it until the process is gone.
std::mutex& mutexOfRemains() {
  static auto& mutex = *new std::mutex;
  return mutex;
}

std::vector<std::unique_ptr<Remains>>& allRemains() {
  static auto& all = *new std::vector<std::unique_ptr<Remains>>;
  return all;
}

}  // namespace

bool Remains::areIdle() const {
  const DriverLibrary& driver = context->driver;
  driver.cuCtxSetCurrent(context->handle);
  // Where the driver does not say, nothing goes until it does.
  const auto isOver = [](cuda::Status status) { return status == cuda::success || cuda::isSticky(status); };
  return std::all_of(streams.begin(), streams.end(), [&](cuda::Stream stream) { return isOver(driver.cuStreamQuery(stream)); }) &&
         std::all_of(fences.begin(), fences.end(), [&](cuda::Event event) { return isOver(driver.cuEventQuery(event)); });
}

void Remains::destroy() {
  const DriverLibrary& driver = context->driver;
  driver.cuCtxSetCurrent(context->handle);
  for (cuda::GraphExecutable graph : executableGraphs) driver.cuGraphExecDestroy(graph);
  for (cuda::Graph graph : graphs) driver.cuGraphDestroy(graph);
  for (cuda::Module module : modules) driver.cuModuleUnload(module);
  for (const PieceInFlight& flight : pieces) {
    if (flight.event != nullptr) driver.cuEventDestroy(flight.event);
    context->pinned.release(flight.piece);
  }
  for (cuda::Event event : fences) driver.cuEventDestroy(event);
  for (cuda::Event event : events) driver.cuEventDestroy(event);
  for (cuda::DevicePointer segment : segments) driver.cuMemFree(segment);
  for (cuda::Stream stream : streams) driver.cuStreamDestroy(stream);
}

void bury(std::unique_ptr<Remains> remains) {
  {
    const std::lock_guard<std::mutex> lock(mutexOfRemains());
    allRemains().push_back(std::move(remains));
  }
  sweepRemains();
}

bool sweepRemains() {
  std::vector<std::unique_ptr<Remains>> idle;
  bool isLeft = false;
  {
    const std::lock_guard<std::mutex> lock(mutexOfRemains());
    auto& all = allRemains();
    const auto middle = std::stable_partition(all.begin(), all.end(), [](const auto& remains) { return !remains->areIdle(); });
    idle.insert(idle.end(), std::make_move_iterator(middle), std::make_move_iterator(all.end()));
    all.erase(middle, all.end());
    isLeft = !all.empty();
  }
  for (const auto& remains : idle) remains->destroy();
  return isLeft;
}

}  // namespace equivar
