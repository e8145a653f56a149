import type { BackendDevice } from '@equivar/core'
import { layoutArena, type Interval } from './arena.ts'
import { touchedBy } from './constant-buffers.ts'
import type { BufferId, DevicePlan } from './device-plan.ts'

/** Inputs and outputs of more bytes are not copied, where the host sees the memory and where it does not. */
const largestCopy = { seen: 1 << 20, unseen: 1 << 24 }
/** Outputs of up to so many bytes lie side by side: what is kept of the smallest ones shall not hold much else. */
const packedUpTo = [1 << 13, 1 << 18]
/** Buffers between inputs and outputs that take no more bytes in all have places of their own, where that lets launches run at the same time. */
const littleMemory = 2 ** 26
/** Places in the arena are multiples of a cache line. */
const cacheLine = 64

/** A stretch of the arena and the buffers that follow each other in it. */
export interface Stretch {
  readonly buffers: readonly { readonly buffer: BufferId; /** Within the stretch. */ readonly byteOffset: number; readonly byteLength: number }[]
  readonly byteOffset: number
  readonly byteLength: number
}

/** Which buffers of a plan are in the arena, and where. */
export interface Placement {
  readonly offsets: ReadonlyMap<BufferId, number>
  /** What inputs are copied to. */
  readonly inputs: Stretch
  /** What outputs are copied from. */
  readonly outputs: readonly Stretch[]
  readonly bytes: number
  readonly peakBytes: number
}

/**
 * Gives buffers places by their lifetimes. What comes in with a call lies side by side, so that it can be written at once, and so do small
 * results; those of like size follow each other in both in the order of inputs and outputs, as what a step hands to the next does.
 *
 * @param constant buffers that are made once, elsewhere.
 */
export function placeBuffers(plan: DevicePlan, outputs: readonly BufferId[], backend: BackendDevice, constant: ReadonlySet<BufferId>): Placement {
  const { buffers, work } = plan
  const alignment = Math.max(cacheLine, backend.capabilities.alignment)
  const limit = backend.view ? largestCopy.seen : largestCopy.unseen
  const end = work.length
  const found = new Map<BufferId, { first: number; last: number }>()
  const touch = (buffer: BufferId, at: number) => {
    const own = found.get(buffer)
    if (own) own.last = at
    else found.set(buffer, { first: at, last: at })
  }
  for (const [at, item] of work.entries()) for (const buffer of touchedBy(item)) touch(buffer, at)
  const isInner = (buffer: BufferId) => buffers[buffer]?.kind.kind === 'inner' && !constant.has(buffer)
  const bytesOf = (buffer: BufferId) => buffers[buffer]?.bytes ?? 0
  const results = new Set(outputs.filter(isInner))
  for (const buffer of results) touch(buffer, end)

  const inner = [...found.keys()].filter((buffer) => isInner(buffer) && !results.has(buffer))
  const given = [...found.keys()].filter((buffer) => !isInner(buffer) && !constant.has(buffer) && bytesOf(buffer) <= limit)
  given.sort((a, b) => sizeClass(bytesOf(a)) - sizeClass(bytesOf(b)) || a - b)
  const packs = new Map<number, BufferId[]>()
  for (const buffer of results) {
    if (bytesOf(buffer) > limit) continue
    const size = sizeClass(bytesOf(buffer))
    // Large ones are alone.
    const key = size < packedUpTo.length ? size : packedUpTo.length + buffer
    packs.set(key, [...(packs.get(key) ?? []), buffer])
  }

  // What shares a place must follow one another, and little memory is worth less than launches at the same time.
  const keepsApart = backend.capabilities.concurrentLaunches === true && inner.reduce((sum, buffer) => sum + bytesOf(buffer), 0) <= littleMemory
  // Inputs stay until the next call, which may bring the same ones.
  const groups = [
    { members: given, first: -1 },
    ...[...packs.values()].map((members) => ({ members, first: Math.min(...members.map((buffer) => found.get(buffer)?.first ?? end)) })),
  ]
  const stretches = groups.map(({ members }) => sideBySide(members, bytesOf, alignment))
  const intervals = [
    ...groups.map(({ first }, k): Interval => ({ bytes: stretches[k]?.byteLength ?? 0, first, last: end })),
    ...inner.map((buffer): Interval => ({ bytes: bytesOf(buffer), ...((keepsApart ? undefined : found.get(buffer)) ?? { first: 0, last: end }) })),
  ]
  const layout = layoutArena(intervals, alignment)
  const offsets = new Map<BufferId, number>()
  const placed = stretches.map((stretch, k): Stretch => {
    const byteOffset = layout.offsets[k] ?? 0
    for (const { buffer, byteOffset: within } of stretch.buffers) offsets.set(buffer, byteOffset + within)
    return { ...stretch, byteOffset }
  })
  for (const [k, buffer] of inner.entries()) offsets.set(buffer, layout.offsets[groups.length + k] ?? 0)
  const [inputs = { buffers: [], byteOffset: 0, byteLength: 0 }, ...made] = placed
  // Arrays without elements have an address too.
  return { offsets, inputs, outputs: made, bytes: offsets.size > 0 ? Math.max(cacheLine, layout.bytes) : 0, peakBytes: layout.peakBytes }
}

function sizeClass(bytes: number): number {
  const found = packedUpTo.findIndex((most) => bytes <= most)
  return found < 0 ? packedUpTo.length : found
}

function sideBySide(members: readonly BufferId[], bytesOf: (buffer: BufferId) => number, alignment: number): Omit<Stretch, 'byteOffset'> {
  let end = 0
  const buffers = members.map((buffer) => {
    const byteOffset = Math.ceil(end / alignment) * alignment
    const byteLength = bytesOf(buffer)
    end = byteOffset + byteLength
    return { buffer, byteOffset, byteLength }
  })
  return { buffers, byteLength: end }
}
