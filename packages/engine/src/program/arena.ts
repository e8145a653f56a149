/** Memory that is needed from one step to another, both included. */
export interface Interval {
  readonly bytes: number
  readonly first: number
  readonly last: number
}

export interface ArenaLayout {
  /** In the order of the intervals, multiples of the alignment. */
  readonly offsets: readonly number[]
  readonly bytes: number
  /** The most that is needed at the same time; no layout has fewer bytes. */
  readonly peakBytes: number
}

/** Gives intervals that overlap in time places that do not overlap in memory: the largest first, each at the lowest place that is free. */
export function layoutArena(intervals: readonly Interval[], alignment: number): ArenaLayout {
  const offsets = intervals.map(() => 0)
  const rounded = intervals.map(({ bytes }) => Math.ceil(bytes / alignment) * alignment)
  const order = [...intervals.keys()].sort((a, b) => (rounded[b] ?? 0) - (rounded[a] ?? 0) || a - b)
  /** Placed so far, by place. */
  const placed: number[] = []
  let end = 0
  for (const k of order) {
    const own = intervals[k]
    const size = rounded[k] ?? 0
    if (!own || size === 0) continue
    let at = 0
    for (const other of placed) {
      const interval = intervals[other]
      if (!interval || interval.first > own.last || interval.last < own.first) continue
      const start = offsets[other] ?? 0
      if (start >= at + size) break
      at = Math.max(at, start + (rounded[other] ?? 0))
    }
    offsets[k] = at
    end = Math.max(end, at + size)
    const position = placed.findIndex((other) => (offsets[other] ?? 0) > at)
    placed.splice(position < 0 ? placed.length : position, 0, k)
  }
  return { offsets, bytes: end, peakBytes: peakOf(intervals, rounded) }
}

function peakOf(intervals: readonly Interval[], rounded: readonly number[]): number {
  const changes = intervals.flatMap(({ first, last }, k) => [
    { at: first, bytes: rounded[k] ?? 0 },
    { at: last + 1, bytes: -(rounded[k] ?? 0) },
  ])
  // At one time, what ends goes before what begins.
  changes.sort((a, b) => a.at - b.at || a.bytes - b.bytes)
  let now = 0
  let peak = 0
  for (const { bytes } of changes) {
    now += bytes
    peak = Math.max(peak, now)
  }
  return peak
}
