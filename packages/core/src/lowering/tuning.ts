import type { Target } from './plan.ts'
import type { FloatScalar } from './request.ts'

/** Sizes that suit a target. */
export interface Tuning {
  /** Lanes of a program for so many channels; fewer if many values are alive at once. */
  lanes(channels: number, isCrowded: boolean): number
  /** Targets of a pass that keep sums in registers. */
  maxTargets(lanes: number): number
  /** Whether rows of entries are read from end to end before passes read them span by span. */
  readonly touchesRows: boolean
  /** Outputs that every entry has for itself, and that share a pass where their formulas are long. */
  readonly targetsOfLongForms: number
  /** Entries of a chunk, a multiple of 8. */
  readonly chunk: number
  /** Whether numbers that lanes share are adjacent that belong to one entry; then a chunk may have fewer entries than there are lanes. */
  readonly isByEntry: boolean
  /** Whether programs share the entries evenly instead of by the rows of an index array. */
  readonly splitsRuns: boolean
  /** Whether a sum over lanes costs much more than a product in each. */
  readonly sumsAreDear: boolean
  /** Fewer channels are unrolled. */
  readonly minChannels: number
  /** Whether lanes beyond the channels are masked instead of computed twice. */
  readonly masksTails: boolean
  /** Spans of channels that a program works through at most, `undefined`: all. */
  readonly spansPerProgram: number | undefined
}

export function tuningFor(target: Target, scalar: FloatScalar): Tuning {
  return target.lanes === 'simd' ? forRegisters(target, scalar) : forThreads(target)
}

function forRegisters({ vectorBytes, registers }: Target, scalar: FloatScalar): Tuning {
  const perVector = Math.max(1, Math.floor(vectorBytes / (scalar === 'f32' ? 4 : 8)))
  return {
    lanes: (channels, isCrowded) => (channels >= 2 * perVector && !isCrowded ? 2 * perVector : perVector),
    maxTargets: (lanes) => Math.max(2, Math.floor((registers - (lanes === perVector ? 8 : 4)) / Math.ceil(lanes / perVector))),
    touchesRows: true,
    targetsOfLongForms: Number.POSITIVE_INFINITY,
    chunk: 32,
    isByEntry: false,
    splitsRuns: false,
    sumsAreDear: false,
    minChannels: perVector,
    masksTails: false,
    spansPerProgram: undefined,
  }
}

function forThreads({ vectorBytes, maxLanes }: Target): Tuning {
  const largest = Math.min(128, maxLanes)
  return {
    lanes: (channels) => {
      let lanes = Math.min(largest, vectorBytes)
      while (lanes * 2 <= largest && lanes * 2 <= channels) lanes *= 2
      return lanes
    },
    maxTargets: () => 48,
    touchesRows: false,
    targetsOfLongForms: 4,
    chunk: 64,
    isByEntry: true,
    splitsRuns: true,
    sumsAreDear: true,
    minChannels: 2,
    masksTails: true,
    spansPerProgram: 1,
  }
}
