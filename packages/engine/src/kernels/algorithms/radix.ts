import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import type { PlanBuilder } from '../plan-builder.ts'
import { scan } from '../reductions/scan.ts'
import { keysOfThread, radixLanes, threadCountKernel, threadDigitBits, threadMoveKernel } from './thread-radix.ts'

/** On a processor, where a program is one lane and has counters of its own to sum up. */
const digitBits = 8
const bins = 2 ** digitBits

/** How a target sorts: bits at a time, and the elements that one program counts and moves, all of them or those of a lane. */
interface Division {
  readonly bits: number
  readonly perProgram: number
  readonly perLane: number
  readonly count: kernels.Kernel
  readonly move: (hasPayload: boolean, keepsKeys: boolean) => kernels.Kernel
}

function divisionFor(count: number, target: lowering.Target): Division {
  if (target.lanes === 'simd') {
    const block = Math.max(4096, Math.ceil(count / 256))
    return { bits: digitBits, perProgram: block, perLane: block, count: countKernel(), move: moveKernel }
  }
  const lanes = radixLanes(target)
  const perLane = keysOfThread(count, lanes)
  const move: Division['move'] = (...options) => threadMoveKernel(lanes, ...options)
  return { bits: threadDigitBits, perProgram: lanes * perLane, perLane, count: threadCountKernel(lanes), move }
}

type Expression = kernels.Expression

function digitOf(key: Expression, shift: Expression): Expression {
  return key.shiftRight(shift).and(bins - 1).convert('index')
}

/** `counts[digit, block] = #{keys of the block with that digit}`, one program a block. Parameters: count, block, shift. */
function countKernel(): kernels.Kernel {
  return kernelOnce('radix count', () => {
    const b = new kernels.KernelBuilder('radix_count', { lanes: 1 })
    const [count, block, shift] = [b.parameter('count', 'index'), b.parameter('block', 'index'), b.parameter('shift', 'u32')]
    const keys = b.buffer('keys', 'u32', 'read', { extent: b.extentOf(count) })
    const counts = b.buffer('counts', 'i32', 'write', { extent: b.gridExtent(0).times(bins) })
    const own = b.shared('own', 'i32', bins)
    const start = b.programId().mul(block)
    b.loop(0, bins, {}, (digit) => own.store(digit, 0))
    b.barrier()
    b.loop(start, start.add(block).min(count), {}, (i) => {
      const digit = digitOf(keys.load(i), shift)
      own.store(digit, own.load(digit).add(1))
    })
    b.barrier()
    const blocks = count.add(block).sub(1).div(block)
    b.loop(0, bins, {}, (digit) => counts.store(digit.mul(blocks).add(b.programId()), own.load(digit)))
    return b.build()
  })
}

/** Moves every key of a block behind those with smaller digits and those before it. Without `from`, payloads are positions. */
function moveKernel(hasPayload: boolean, keepsKeys: boolean): kernels.Kernel {
  return kernelOnce(`radix move ${hasPayload} ${keepsKeys}`, () => {
    const b = new kernels.KernelBuilder('radix_move', { lanes: 1 })
    const [count, block, shift] = [b.parameter('count', 'index'), b.parameter('block', 'index'), b.parameter('shift', 'u32')]
    const keys = b.buffer('keys', 'u32', 'read', { extent: b.extentOf(count) })
    const payload = hasPayload ? b.buffer('payload', 'i32', 'read', { extent: b.extentOf(count) }) : undefined
    const places = b.buffer('places', 'i32', 'read', { extent: b.gridExtent(0).times(bins), below: b.extentOf(count).plus(1) })
    const movedKeys = keepsKeys ? b.buffer('movedKeys', 'u32', 'write', { extent: b.extentOf(count) }) : undefined
    const moved = b.buffer('moved', 'i32', 'write', { extent: b.extentOf(count) })
    const next = b.shared('next', 'i32', bins)
    const blocks = count.add(block).sub(1).div(block)
    b.loop(0, bins, {}, (digit) => next.store(digit, places.load(digit.mul(blocks).add(b.programId()))))
    b.barrier()
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), {}, (i) => {
      const key = keys.load(i)
      const digit = digitOf(key, shift)
      const place = next.load(digit)
      next.store(digit, place.add(1))
      movedKeys?.store(place.convert('index'), key)
      moved.store(place.convert('index'), payload ? payload.load(i) : i.convert('i32'))
    })
    return b.build()
  })
}

interface RadixRequest {
  readonly count: number
  /** `u32` [count] */
  readonly keys: lowering.Slot
  /** `i32` [count]; positions where it is missing. */
  readonly payload?: lowering.Slot
  /** Keys lie below 2^bits. */
  readonly bits: number
  /** `i32` [count], payloads in the order of the keys. */
  readonly sorted: lowering.Slot
  /** `u32` [count], the keys themselves; not asked for where it is missing. */
  readonly sortedKeys?: lowering.Slot
}

/**
 * Adds the launches of a stable sort by keys, some bits at a time: digits are counted block by block, the counts are summed up, and each
 * block moves its elements in order. So equal keys stay in order, and the result does not depend on threads.
 */
export function radixSort(plan: PlanBuilder, { count, keys, payload, bits, sorted, sortedKeys }: RadixRequest, target: lowering.Target): void {
  if (count === 0) return
  const division = divisionFor(count, target)
  const blocks = Math.ceil(count / division.perProgram)
  const numCounts = blocks * 2 ** division.bits
  const passes = Math.max(1, Math.ceil(bits / division.bits))
  const [counts, places] = [plan.temporary('i32', numCounts), plan.temporary('i32', numCounts)]
  const isSpareNeeded = passes > 1
  const spareKeys = isSpareNeeded ? [plan.temporary('u32', count), plan.temporary('u32', count)] : []
  const sparePayload = isSpareNeeded ? [plan.temporary('i32', count), plan.temporary('i32', count)] : []
  let [fromKeys, from] = [keys, payload]
  for (let pass = 0; pass < passes; pass++) {
    const isLast = pass === passes - 1
    const toKeys = isLast ? sortedKeys : spareKeys[pass % 2]
    const to = isLast ? sorted : (sparePayload[pass % 2] ?? sorted)
    const parameters = [count, division.perLane, division.bits * pass]
    const cost = { flops: 4 * count, bytes: 16 * count }
    plan.launch({ kernel: division.count, grid: [blocks], parameters, buffers: [fromKeys, counts], ...cost })
    scan(plan, { scalar: 'i32', extents: [1, numCounts, 1], x: counts, y: places, isExclusive: true, isReverse: false }, target)
    const buffers = [fromKeys, ...(from ? [from] : []), places, ...(toKeys ? [toKeys] : []), to]
    plan.launch({ kernel: division.move(from !== undefined, toKeys !== undefined), grid: [blocks], parameters, buffers, ...cost })
    if (toKeys) fromKeys = toKeys
    from = to
  }
}
