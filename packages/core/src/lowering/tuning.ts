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
  return {
    lanes: (channels) => lanesFor(channels, vectorBytes, Math.min(128, maxLanes)),
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

/** Share of the best use of lanes from which on fewer lanes are preferred: fewer wait for one another. */
const worthOfLanes = 0.9

/** Lanes in whole warps: spans of as many channels as are left, or, where channels are few, as many entries at once as leave few lanes idle. */
function lanesFor(channels: number, warp: number, largest: number): number {
  const most = Math.max(1, Math.floor(largest / warp))
  const spans = Math.ceil(channels / (most * warp))
  const own = warp * Math.ceil(channels / spans / warp)
  if (channels > (most * warp) / 2) return own
  const used = (lanes: number) => (Math.floor(lanes / channels) * channels) / lanes
  const sizes = Array.from({ length: most }, (_, k) => warp * (k + 1)).filter((lanes) => lanes >= channels && (lanes > warp || most === 1))
  const best = Math.max(...sizes.map(used))
  return sizes.find((lanes) => used(lanes) >= worthOfLanes * best) ?? own
}
