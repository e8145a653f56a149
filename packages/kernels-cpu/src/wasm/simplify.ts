import type { Immediates } from './function-writer.ts'
import { constantOf, type Value } from './graph.ts'
import type { Opcode } from './opcodes.ts'

/** Makes values; a `GraphBuilder`. */
export interface ValueMaker {
  i32(value: number): Value
  op(name: Opcode, args: readonly Value[], immediates?: Immediates): Value
}

/** A value that an instruction would only repeat; `undefined` where it has something to do. Bits stay what they would be. */
export function simplify(graph: ValueMaker, name: Opcode, args: readonly Value[], immediates: Immediates): Value | undefined {
  const [a, b] = args
  if (!a) return undefined
  if (name === 'f32x4_splat' || name === 'f64x2_splat' || name === 'i32x4_splat') return spreadBefore(a, name)
  if (name === 'f32x4_extract_lane' || name === 'f64x2_extract_lane' || name === 'i32x4_extract_lane') return extracted(a, name, immediates)
  if (!b) return undefined
  const [left, right] = [constantOf(a), constantOf(b)]
  if (left !== undefined && right !== undefined) {
    const folded = fold(name, left, right)
    return folded === undefined ? undefined : graph.i32(folded)
  }
  if (right !== undefined) return withConstant(graph, name, a, right)
  if (left !== undefined && (name === 'i32_add' || name === 'i32_mul' || name === 'i32_and')) return graph.op(name, [b, a])
  return undefined
}

function fold(name: Opcode, a: number, b: number): number | undefined {
  switch (name) {
    case 'i32_add':
      return a + b
    case 'i32_sub':
      return a - b
    case 'i32_mul':
      return Math.imul(a, b)
    case 'i32_and':
      return a & b
    case 'i32_shl':
      return a << b
    case 'i32_lt_s':
      return a < b ? 1 : 0
    case 'i32_le_s':
      return a <= b ? 1 : 0
    case 'i32_ge_s':
      return a >= b ? 1 : 0
    default:
      return undefined
  }
}

function withConstant(graph: ValueMaker, name: Opcode, a: Value, constant: number): Value | undefined {
  switch (name) {
    case 'i32_add':
    case 'i32_sub':
      return constant === 0 ? a : undefined
    case 'i32_mul': {
      if (constant === 1) return a
      if (constant === 0) return graph.i32(0)
      const exponent = Math.log2(constant)
      return Number.isInteger(exponent) ? graph.op('i32_shl', [a, graph.i32(exponent)]) : undefined
    }
    case 'i32_and':
      return constant === 0 ? graph.i32(0) : constant === -1 ? a : undefined
    default:
      return undefined
  }
}

/** A vector from one of its lanes, where all of them were equal. */
function spreadBefore({ source, args: [vector] }: Value, name: Opcode): Value | undefined {
  if (source.kind !== 'op' || !vector || !isEven(vector)) return undefined
  return source.opcode === name.replace('splat', 'extract_lane') ? vector : undefined
}

/** Whether all lanes hold the same number. */
function isEven({ source, args, type }: Value): boolean {
  if (type !== 'v128') return true
  if (source.kind !== 'op') return false
  if (source.opcode.endsWith('_splat')) return true
  return source.opcode.endsWith('relaxed_madd') && args.every(isEven)
}

function extracted(vector: Value, name: Opcode, { lane }: Immediates): Value | undefined {
  const { source, args } = vector
  if (source.kind !== 'op') return undefined
  if (source.opcode === name.replace('extract_lane', 'splat')) return args[0]
  if (source.opcode !== name.replace('extract', 'replace')) return undefined
  return source.immediates.lane === lane ? args[1] : undefined
}
