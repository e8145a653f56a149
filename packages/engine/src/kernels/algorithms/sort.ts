import { kernels, type lowering } from '@equivar/core'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { requireCount } from './checks.ts'
import { radixSort } from './radix.ts'

/** Elements that can be sorted. */
export type SortKey = 'f32' | 'f64' | 'i32' | 'u32'

const block = 1024
const lanes = 8
const signBit = -(2 ** 31)

/** Words whose order as unsigned numbers is that of the elements: of a float the sign is turned, or all bits if it is set. */
function keysKernel(key: 'f32' | 'i32'): kernels.Kernel {
  return kernelOnce(`sort keys ${key}`, () => {
    const b = new kernels.KernelBuilder('sort_keys', { lanes })
    const count = b.parameter('count', 'index')
    const x = b.buffer('x', 'i32', 'read', { extent: b.extentOf(count) })
    const keys = b.buffer('keys', 'u32', 'write', { extent: b.extentOf(count) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (i) => {
      const active = count.sub(i)
      const bits = x.loadLanes(i, { active })
      keys.storeLanes(i, (key === 'i32' ? bits.xor(signBit) : bits.xor(bits.shiftRight(31).or(signBit))).bitcast('u32'), { active })
    })
    return b.build()
  })
}

/** The two words of float64 elements, the upper one in the order of {@link permutation} if there is one. */
function wordKernel(isUpper: boolean): kernels.Kernel {
  return kernelOnce(`sort words ${isUpper}`, () => {
    const b = new kernels.KernelBuilder('sort_words', { lanes })
    const count = b.parameter('count', 'index')
    const x = b.buffer('x', 'i32', 'read', { extent: b.extentOf(count).times(2) })
    const permutation = isUpper ? b.buffer('permutation', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(count) }) : undefined
    const keys = b.buffer('keys', 'u32', 'write', { extent: b.extentOf(count) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (i) => {
      const active = count.sub(i)
      const mask = b.lane().less(active)
      const place = permutation ? permutation.loadLanes(i, { active }).convert('index') : i.add(b.lane())
      const upper = x.load(place.mul(2).add(1), { mask })
      const sign = upper.shiftRight(31)
      const bits = isUpper ? upper.xor(sign.or(signBit)) : x.load(place.mul(2), { mask }).xor(sign)
      keys.storeLanes(i, bits.bitcast('u32'), { active })
    })
    return b.build()
  })
}

/** `y[i] = x[permutation[i]]`, words or pairs of them. */
function gatherKernel(scalar: SortKey): kernels.Kernel {
  return kernelOnce(`sort gather ${scalar}`, () => {
    const b = new kernels.KernelBuilder('sort_gather', { lanes })
    const count = b.parameter('count', 'index')
    const x = b.buffer('x', scalar, 'read', { extent: b.extentOf(count) })
    const permutation = b.buffer('permutation', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(count) })
    const y = b.buffer('y', scalar, 'write', { extent: b.extentOf(count) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (i) => {
      const active = count.sub(i)
      const place = permutation.loadLanes(i, { active }).convert('index')
      y.storeLanes(i, x.load(place, { mask: b.lane().less(active) }), { active })
    })
    return b.build()
  })
}

/**
 * A stable ascending sort: input 0 the elements [count]; output 0 the sorted elements, output 1 (`i32`) the position that each had.
 * Floats are ordered by their bits: −0 before 0, NaN without sign last, NaN with sign first.
 *
 * @throws {InputError} if the count is none.
 */
export function sortPlan(key: SortKey, count: number, target: lowering.Target): lowering.Plan {
  requireCount('sortPlan', 'count', count)
  const plan = new PlanBuilder()
  const input: lowering.Slot = { kind: 'input', index: 0 }
  const [sortedElements, permutation]: readonly lowering.Slot[] = [{ kind: 'output', index: 0 }, { kind: 'output', index: 1 }]
  if (count === 0 || !sortedElements || !permutation) return plan.build()
  const grid = [Math.ceil(count / block)]
  const cost = { flops: count, bytes: 12 * count }
  if (key === 'f64') {
    const [keys, byLower] = [plan.temporary('u32', count), plan.temporary('i32', count)]
    plan.launch({ kernel: wordKernel(false), grid, parameters: [count], buffers: [input, keys], ...cost })
    radixSort(plan, { count, keys, bits: 32, sorted: byLower }, target)
    plan.launch({ kernel: wordKernel(true), grid, parameters: [count], buffers: [input, byLower, keys], ...cost })
    radixSort(plan, { count, keys, payload: byLower, bits: 32, sorted: permutation }, target)
  } else if (key === 'u32') radixSort(plan, { count, keys: input, bits: 32, sorted: permutation }, target)
  else {
    const keys = plan.temporary('u32', count)
    plan.launch({ kernel: keysKernel(key), grid, parameters: [count], buffers: [input, keys], ...cost })
    radixSort(plan, { count, keys, bits: 32, sorted: permutation }, target)
  }
  plan.launch({ kernel: gatherKernel(key), grid, parameters: [count], buffers: [input, permutation, sortedElements], ...cost })
  return plan.build()
}
