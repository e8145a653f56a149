// What was released while work may still use it.
#pragma once

#include <memory>
#include <vector>

#include "context.hpp"
#include "staging.hpp"

namespace equivar {

/** Things of the driver that go when their streams have come to an end. */
struct Remains {
  std::shared_ptr<Context> context;
  /** To be destroyed, when there is no work in them. */
  std::vector<cuda::Stream> streams;
  /** Marks in streams that stay; the rest goes when all are reached. */
  std::vector<cuda::Event> fences;
  std::vector<PieceInFlight> pieces;
  std::vector<cuda::GraphExecutable> executableGraphs;
  std::vector<cuda::Graph> graphs;
  std::vector<cuda::Module> modules;
  std::vector<cuda::Event> events;
  std::vector<cuda::DevicePointer> segments;

  /** Whether nothing uses them any more. A lost context uses nothing. */
  bool areIdle() const;
  /** Statuses are ignored: a context that is lost refuses, and takes everything with it. */
  void destroy();
};

/** Takes remains over, of any thread; they go at once where they can, or when somebody sweeps later. The process takes the rest along. */
void bury(std::unique_ptr<Remains> remains);

/** Destroys what is idle by now. @returns whether anything is left. */
bool sweepRemains();

}  // namespace equivar
