import type * as kernels from '@equivar/core/kernels'
import { binary } from './arithmetic.ts'
import type { Value } from './graph.ts'
import { at, many, one, type Operand, pick, type Scalar, widthOf } from './spread.ts'
import type { EmitterState } from './state.ts'

type Reduce = Extract<kernels.Instruction, { readonly op: 'reduce' }>

/** The fixed tree of the language: halves of the lanes, filled up to a power of two, meet until one is left. */
export function reduce(state: EmitterState, { operator, x, active }: Reduce): Operand {
  const { lanes, graph } = state
  const operand = state.use(x)
  const { scalar } = operand
  const count = active === null || state.known.has(active) ? null : lanes.number(state.use(active))
  const neutral = lanes.constant(scalar, neutralElement(operator, scalar))
  const name = operator === 'sum' ? 'add' : operator
  if (lanes.isSingle) {
    if (count === null) return operand
    return one(scalar, graph.select(graph.op('i32_lt_s', [graph.i32(0), count]), lanes.number(operand), neutral))
  }
  const width = widthOf(scalar)
  const combine = (a: Value, b: Value) => at(lanes.parts(binary(lanes, name, many(scalar, [a]), many(scalar, [b]))), 0)
  const neutrals = lanes.splat(scalar, neutral)
  const size = 2 ** Math.ceil(Math.log2(lanes.count))
  let parts = maskedParts(state, operand, count, neutrals)
  while (parts.length < size / width) parts = [...parts, neutrals]
  for (let half = parts.length / 2; half >= 1; half /= 2) {
    const before = parts
    parts = Array.from({ length: half }, (_, k) => combine(at(before, k), at(before, k + half)))
  }
  let vector = at(parts, 0)
  for (let distance = Math.min(size, width) / 2; distance >= 1; distance /= 2)
    vector = combine(vector, graph.op('i8x16_shuffle', [vector, vector], { lanes: pick(width === 2 ? 8 : 4, ...Array.from({ length: width }, (_, lane) => (lane + distance) % width)) }))
  return one(scalar, lanes.extract(scalar, vector, 0))
}

/** With the neutral element in lanes that do not take part, those behind the last one included. */
function maskedParts(state: EmitterState, operand: Operand, count: Value | null, neutrals: Value): readonly Value[] {
  const { lanes, graph } = state
  const width = widthOf(operand.scalar)
  const parts = lanes.parts(operand)
  const isFull = lanes.count % width === 0
  if (count === null && isFull) return parts
  const masks = state.lanesBelow(count === null ? graph.i32(lanes.count) : graph.select(graph.op('i32_lt_s', [count, graph.i32(lanes.count)]), count, graph.i32(lanes.count)), width)
  return parts.map((part, k) => (count === null && k < parts.length - 1 ? part : graph.op('v128_bitselect', [part, neutrals, at(masks, k)])))
}

function neutralElement(operator: kernels.ReduceOperator, scalar: Scalar): number {
  if (operator === 'sum') return 0
  const isMinimum = operator === 'min'
  if (scalar === 'f32' || scalar === 'f64') return isMinimum ? Infinity : -Infinity
  if (scalar === 'u32') return isMinimum ? -1 : 0
  return isMinimum ? 2 ** 31 - 1 : -(2 ** 31)
}
