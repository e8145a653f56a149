import type { Binding, Launch } from '@equivar/core'

/** Where a launch of a recording goes. */
export interface Branch {
  readonly stream: number
  /** Launches in other streams that must be over before. */
  readonly waits: readonly number[]
  /** Whether a launch in another stream waits for it. */
  readonly isAwaited: boolean
}

/** Recordings of more launches are large, and their launches fill a device by themselves. */
const mostLaunches = 1000

/**
 * Distributes launches over streams, so that those run at the same time which do not depend on each other: a launch waits for those
 * before it that write what it touches, or touch what it writes.
 */
export function branchesOf(launches: readonly Launch[], numStreams: number): readonly Branch[] {
  if (numStreams < 2 || launches.length > mostLaunches) return launches.map(() => ({ stream: 0, waits: [], isAwaited: false }))
  const streams: number[] = []
  const waits: number[][] = []
  const awaited = new Set<number>()
  const last = Array.from({ length: numStreams }, () => -1)
  /** The latest launch of every other stream that a stream has waited for. */
  const seen = last.map(() => last.map(() => -1))
  for (const [k, launch] of launches.entries()) {
    // In a stream order is given: of each only the latest launch counts.
    const needed = last.map(() => -1)
    for (let before = k - 1; before >= 0; before--) {
      const stream = streams[before] ?? 0
      const other = launches[before]
      if ((needed[stream] ?? -1) < 0 && other && isDependent(launch, other)) needed[stream] = before
    }
    const latest = Math.max(...needed)
    // Behind what it waits for anyway, if that is the last one there; else where nothing has happened for longest.
    const behind = last.findIndex((own) => own === latest && own >= 0)
    const stream = behind >= 0 ? behind : last.indexOf(Math.min(...last))
    const own = needed.filter((before, other) => other !== stream && before > (seen[stream]?.[other] ?? -1))
    for (const before of own) {
      awaited.add(before)
      const known = seen[stream]
      if (known) known[streams[before] ?? 0] = before
    }
    streams.push(stream)
    waits.push(own)
    last[stream] = k
  }
  return launches.map((_, k) => ({ stream: streams[k] ?? 0, waits: waits[k] ?? [], isAwaited: awaited.has(k) }))
}

/** Whether the later of two launches must wait for the earlier one. */
export function isDependent(later: Launch, earlier: Launch): boolean {
  return later.buffers.some((own, k) => {
    const isRead = accessOf(later, k) === 'read'
    return earlier.buffers.some((other, i) => !(isRead && accessOf(earlier, i) === 'read') && overlap(own, other))
  })
}

function accessOf({ executable }: Launch, buffer: number): 'read' | 'write' | 'readWrite' {
  return executable.kernel.buffers[buffer]?.access ?? 'readWrite'
}

function overlap(a: Binding, b: Binding): boolean {
  return a.memory === b.memory && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
}
