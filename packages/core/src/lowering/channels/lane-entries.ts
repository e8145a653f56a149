import type { Expression, KernelBuilder } from '../../kernels/index.ts'
import type { KernelSpec } from './spec.ts'

/** Entries that the lanes of a program work on at once where there are few channels: lane `entry · channels + channel`. */
export interface LaneEntries {
  readonly channels: number
  readonly entries: number
  /** Which of the entries, and which channel, a lane has. */
  readonly entry: Expression
  readonly channel: Expression
  /** Whether a lane has an entry: those behind the last one do not. */
  readonly isTaken: Expression
}

/** Where the entry of a lane lies in its chunk; a lane without one stands at the last entry. */
export interface LanePosition {
  readonly position: Expression
  readonly isThere: Expression
}

/** Entries that fit beside one another. */
export function entriesAtOnce({ isByEntry, lanes }: Pick<KernelSpec, 'isByEntry' | 'lanes'>, channels: number): number {
  return isByEntry ? Math.max(1, Math.floor(lanes / channels)) : 1
}

/** `undefined` where lanes have one entry at a time. */
export function laneEntries(builder: KernelBuilder, spec: KernelSpec, channels: number): LaneEntries | undefined {
  const entries = entriesAtOnce(spec, channels)
  if (entries === 1) return undefined
  const lane = builder.lane()
  return { channels, entries, entry: lane.div(channels), channel: lane.rem(channels), isTaken: lane.less(entries * channels) }
}

/** Those of the entries from `first` on. */
export function lanePosition({ entry, isTaken }: LaneEntries, first: Expression, count: Expression): LanePosition {
  const position = first.add(entry)
  return { position: position.min(count.sub(1)), isThere: isTaken.and(position.less(count)) }
}
