import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { requireCount } from './checks.ts'
import { movingLanes } from './lanes.ts'
import { radixSort } from './radix.ts'

/** Elements that can be sorted. */
export type SortKey = 'f32' | 'f64' | 'i32' | 'u32'

const block = 1024
/** On a processor. */
const vectorLanes = 8
const signBit = -(2 ** 31)
const magnitudeBits = 2 ** 31 - 1
/** Bits of infinity, and their upper half in float64; above are those of NaN. */
const infinity32 = 0x7f800000
const infinity64 = 0x7ff00000

/** Words whose order as unsigned numbers is that of the elements: of a float the sign is turned, or all bits if it is set. */
function keysKernel(key: 'f32' | 'i32', lanes: number): kernels.Kernel {
  return kernelOnce(`sort keys ${key} ${lanes}`, () => {
    const b = new kernels.KernelBuilder('sort_keys', { lanes })
    const count = b.parameter('count', 'index')
    const x = b.buffer('x', 'i32', 'read', { extent: b.extentOf(count) })
    const keys = b.buffer('keys', 'u32', 'write', { extent: b.extentOf(count) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (i) => {
      const active = count.sub(i)
      const bits = x.loadLanes(i, { active })
      const word = key === 'i32' ? bits.xor(signBit) : floatKey(bits, bits.and(magnitudeBits))
      keys.storeLanes(i, word.bitcast('u32'), { active })
    })
    return b.build()
  })
}

/** Both zeros are equal, and NaN is behind all numbers, whatever its bits. */
function floatKey(bits: kernels.Expression, magnitude: kernels.Expression): kernels.Expression {
  const ordered = bits.xor(bits.shiftRight(31).or(signBit))
  return magnitude.greater(infinity32).select(-1, magnitude.equal(0).select(signBit, ordered))
}

/** The two words of float64 elements, the upper one in the order of {@link permutation} if there is one. */
function wordKernel(isUpper: boolean, lanes: number): kernels.Kernel {
  return kernelOnce(`sort words ${isUpper} ${lanes}`, () => {
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
      const [lower, upper] = [x.load(place.mul(2), { mask }), x.load(place.mul(2).add(1), { mask })]
      const magnitude = upper.and(magnitudeBits)
      const isNan = magnitude.greater(infinity64).or(magnitude.equal(infinity64).and(lower.notEqual(0)))
      const isZero = magnitude.or(lower).equal(0)
      const sign = upper.shiftRight(31)
      // Both zeros are equal, and NaN is behind all numbers, whatever its bits.
      const bits = isUpper ? isNan.select(-1, isZero.select(signBit, upper.xor(sign.or(signBit)))) : isNan.or(isZero).select(0, lower.xor(sign))
      keys.storeLanes(i, bits.bitcast('u32'), { active })
    })
    return b.build()
  })
}

/** Of positions among all elements, row by row: which row they are in, or where in their row they are. */
function partsKernel(part: 'row' | 'column', lanes: number): kernels.Kernel {
  return kernelOnce(`sort ${part}s ${lanes}`, () => {
    const b = new kernels.KernelBuilder(`sort_${part}s`, { lanes })
    const [count, extent] = [b.parameter('count', 'index'), b.parameter('extent', 'index')]
    const positions = b.buffer('positions', 'i32', 'read', { extent: b.extentOf(count) })
    const scalar = part === 'row' ? 'u32' : 'i32'
    const parts = b.buffer('parts', scalar, 'write', { extent: b.extentOf(count) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: lanes }, (first) => {
      const i = lanes === 1 ? first : first.add(b.lane())
      const inside = lanes === 1 ? {} : { mask: i.less(count) }
      const position = positions.load(i, inside).convert('index')
      parts.store(i, (part === 'row' ? position.div(extent) : position.rem(extent)).convert(scalar), inside)
    })
    return b.build()
  })
}

interface SortRequest {
  readonly key: SortKey
  readonly rows: number
  /** Elements of a row. */
  readonly extent: number
}

/**
 * The positions of the elements of every row in ascending order, equal ones as they were: input 0 the elements [rows, extent]; output 0
 * the positions (`i32` [rows, extent]). Both zeros are equal, and NaN comes last.
 *
 * All elements are sorted at once, and then, keeping that order, by their rows.
 *
 * @throws {InputError} if there are more elements than can be counted.
 */
export function argsortPlan({ key, rows, extent }: SortRequest, target: lowering.Target): lowering.Plan {
  const count = rows * extent
  requireCount('argsort', 'number of elements', count)
  const plan = new PlanBuilder()
  const [input, output]: readonly [lowering.Slot, lowering.Slot] = [{ kind: 'input', index: 0 }, { kind: 'output', index: 0 }]
  if (count === 0) return plan.build()
  const grid = [Math.ceil(count / block)]
  const lanes = movingLanes(vectorLanes, target)
  const cost = { flops: count, bytes: 12 * count }
  const order = rows === 1 ? output : plan.temporary('i32', count)
  if (key === 'f64') {
    const [keys, byLower] = [plan.temporary('u32', count), plan.temporary('i32', count)]
    plan.launch({ kernel: wordKernel(false, lanes), grid, parameters: [count], buffers: [input, keys], ...cost })
    radixSort(plan, { count, keys, bits: 32, sorted: byLower }, target)
    plan.launch({ kernel: wordKernel(true, lanes), grid, parameters: [count], buffers: [input, byLower, keys], ...cost })
    radixSort(plan, { count, keys, payload: byLower, bits: 32, sorted: order }, target)
  } else if (key === 'u32') radixSort(plan, { count, keys: input, bits: 32, sorted: order }, target)
  else {
    const keys = plan.temporary('u32', count)
    plan.launch({ kernel: keysKernel(key, lanes), grid, parameters: [count], buffers: [input, keys], ...cost })
    radixSort(plan, { count, keys, bits: 32, sorted: order }, target)
  }
  if (rows === 1) return plan.build()
  const [rowOf, byRow] = [plan.temporary('u32', count), plan.temporary('i32', count)]
  plan.launch({ kernel: partsKernel('row', movingLanes(1, target)), grid, parameters: [count, extent], buffers: [order, rowOf], ...cost })
  radixSort(plan, { count, keys: rowOf, payload: order, bits: Math.ceil(Math.log2(rows)), sorted: byRow }, target)
  plan.launch({ kernel: partsKernel('column', movingLanes(1, target)), grid, parameters: [count, extent], buffers: [byRow, output], ...cost })
  return plan.build()
}
