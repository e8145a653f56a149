import type { Launch } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { type BufferPlace, type BufferPlaces, separatePlaces } from '../wgsl/index.ts'
import { WebgpuMemory } from './memory.ts'
import type { Block } from './pool.ts'

/** A stretch of a buffer that is bound to one variable. */
export interface Stretch {
  readonly block: Block
  readonly byteOffset: number
  readonly byteLength: number
}

/** What is copied before a launch, because there are more buffers than a device binds. */
export interface Packing {
  readonly block: Block
  readonly copies: readonly { readonly from: Stretch; readonly to: number }[]
}

/** Where the buffers of a launch lie: variables for the module, and what is bound to them. */
export interface Placement {
  readonly places: BufferPlaces
  /** By number of buffer; `null` where it shares the variable of another. */
  readonly stretches: readonly (Stretch | null)[]
  /** First element of each buffer in its variable. */
  readonly offsets: readonly number[]
  readonly packing: Packing | null
}

export interface PlacementOptions {
  /** Variables that the device binds at most. */
  readonly maxVariables: number
  /** What is bound where there are no bytes, for a number of buffer. */
  readonly nothing: (buffer: number) => Stretch
  /** Memory for copies. */
  readonly take: (byteLength: number) => Block
}

const word = 4
/** Bytes of the widest loads. */
const widest = 16

/**
 * WebGPU forbids that a buffer is read by one variable and written by another in one dispatch, whichever parts of it, and that what may be
 * written overlaps anything. So all variables in a buffer that is written say that they write, and parts that overlap share one.
 * Where there are more than the device binds, the smallest of those that are read are copied into one.
 */
export function placementOf(kernel: kernels.Kernel, { buffers }: Launch, { maxVariables, nothing, take }: PlacementOptions): Placement {
  const stretches = buffers.map(({ memory, byteOffset, byteLength }, k): Stretch =>
    memory instanceof WebgpuMemory && byteLength > 0 ? stretchOf(memory.block, byteOffset, byteLength) : nothing(k),
  )
  const written = new Set(stretches.flatMap(({ block }, k) => (kernel.buffers[k]?.access === 'read' ? [] : [block.id])))
  const places: BufferPlace[] = [...separatePlaces(kernel, (k) => written.has(stretches[k]?.block.id ?? -1))]
  const bound: (Stretch | null)[] = [...stretches]
  const offsets = stretches.map(() => 0)
  for (const [k, own] of stretches.entries()) {
    if (kernel.buffers[k]?.access !== 'read' || !written.has(own.block.id)) continue
    const first = bound.findIndex((other, j) => j < k && other !== null && kernel.buffers[j]?.access === 'read' && overlaps(other, own))
    const shared = bound[first]
    if (!shared) continue
    const byteOffset = Math.min(shared.byteOffset, own.byteOffset)
    const end = Math.max(shared.byteOffset + shared.byteLength, own.byteOffset + own.byteLength)
    bound[first] = { block: own.block, byteOffset, byteLength: end - byteOffset }
    bound[k] = null
    for (const j of [first, k]) places[j] = { variable: first, isShifted: true, isWritable: true, isWhole: true }
  }
  for (const [k, place] of places.entries()) {
    const { byteLength = 0 } = bound[place.variable] ?? {}
    if (byteLength % widest !== 0) places[k] = { ...place, isWhole: false }
  }
  for (const [k, { variable, isShifted }] of places.entries())
    if (isShifted) offsets[k] = ((stretches[k]?.byteOffset ?? 0) - (bound[variable]?.byteOffset ?? 0)) / word
  const excess = bound.filter((stretch) => stretch !== null).length - maxVariables
  return { places, stretches: bound, offsets, packing: excess > 0 ? pack(kernel, { places, bound, offsets }, excess, take) : null }
}

/** Puts so many variables and one more into one, the smallest that are read. */
function pack(
  kernel: kernels.Kernel,
  { places, bound, offsets }: { readonly places: BufferPlace[]; readonly bound: (Stretch | null)[]; readonly offsets: number[] },
  excess: number,
  take: (byteLength: number) => Block,
): Packing {
  const chosen = [...bound.entries()]
    .flatMap(([k, stretch]) => (stretch && kernel.buffers[k]?.access === 'read' ? [{ k, stretch }] : []))
    .sort((a, b) => a.stretch.byteLength - b.stretch.byteLength)
    .slice(0, excess + 1)
    .sort((a, b) => a.k - b.k)
  const variable = chosen[0]?.k ?? 0
  let end = 0
  const copies = chosen.map(({ k, stretch }) => {
    const to = end
    end += Math.ceil(stretch.byteLength / widest) * widest
    // Others may lie in the same variable already.
    for (const [j, place] of places.entries())
      if (place.variable === k) {
        places[j] = { variable, isShifted: true, isWritable: false, isWhole: true }
        offsets[j] = (offsets[j] ?? 0) + to / word
      }
    bound[k] = null
    return { from: stretch, to }
  })
  const block = take(end)
  bound[variable] = { block, byteOffset: 0, byteLength: end }
  return { block, copies }
}

/** Whole vectors, where the buffer has them; parts of memory begin at multiples of more. */
function stretchOf(block: Block, byteOffset: number, byteLength: number): Stretch {
  const whole = Math.ceil(byteLength / widest) * widest
  return { block, byteOffset, byteLength: byteOffset + whole <= block.byteLength ? whole : Math.ceil(byteLength / word) * word }
}

function overlaps(a: Stretch, b: Stretch): boolean {
  return a.block === b.block && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
}
