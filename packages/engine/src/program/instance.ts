import type { Storage } from '../memory/storage.ts'
import type { ProgramGraph } from './graph.ts'
import type { StepExplanation } from './explain.ts'

/** A program made ready for given shapes. */
export interface Instance {
  readonly graph: ProgramGraph
  /** Storages of outputs, one holder each, from those of inputs, which fit. Nothing is kept if it throws. */
  run(inputs: readonly Storage[]): readonly Storage[]
  readonly memory: InstanceMemory
  explain(): readonly StepExplanation[]
  /** The same with times, where the device has a clock; the instance has run before. */
  readonly profile?: () => Promise<readonly StepExplanation[]>
  dispose(): void
}

/** What an instance takes, counted when it is planned. */
export interface InstanceMemory {
  readonly kernels: number
  readonly launches: number
  /** Memory for everything between inputs and outputs. */
  readonly arenaBytes: number
  /** The most of it that is in use at the same time. */
  readonly peakBytes: number
  /** What the arrays between inputs and outputs would take if each had memory of its own. */
  readonly intermediateBytes: number
}
