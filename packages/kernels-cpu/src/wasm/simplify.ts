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
  if (name === 'f32x4_splat' || name === 'f64x2_splat' || name === 'i32x4_splat') return spreadBefore(graph, a, name)
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

/** Arithmetic on single numbers that is done with vectors as well. */
const vectorForms: ReadonlyMap<Opcode, Opcode> = new Map([
  ['f32_add', 'f32x4_add'],
  ['f32_sub', 'f32x4_sub'],
  ['f32_mul', 'f32x4_mul'],
  ['f32_neg', 'f32x4_neg'],
  ['f64_add', 'f64x2_add'],
  ['f64_sub', 'f64x2_sub'],
  ['f64_mul', 'f64x2_mul'],
  ['f64_neg', 'f64x2_neg'],
])
/** How far back arithmetic is done again with vectors. */
const longestChain = 64

/**
 * What fills all lanes: the vector that a number was taken from, or arithmetic on vectors instead of numbers. That costs the same,
 * its operands are read by loads that fill all lanes, and its constants stay in registers.
 */
function spreadBefore(graph: ValueMaker, value: Value, name: Opcode): Value | undefined {
  const { source, args } = value
  const [vector] = args
  if (source.kind !== 'op' || !vector) return undefined
  if (source.opcode === name.replace('splat', 'extract_lane')) return isEven(vector) ? vector : undefined
  const form = vectorForms.get(source.opcode)
  return form && value.height <= longestChain ? graph.op(form, args.map((arg) => graph.op(name, [arg]))) : undefined
}

/** Whether all lanes hold the same number. */
function isEven({ source, args, type }: Value): boolean {
  if (type !== 'v128') return true
  if (source.kind !== 'op') return false
  if (source.opcode.endsWith('_splat')) return true
  return /relaxed_n?madd$/.test(source.opcode) && args.every(isEven)
}

function extracted(vector: Value, name: Opcode, { lane }: Immediates): Value | undefined {
  const { source, args } = vector
  if (source.kind !== 'op') return undefined
  if (source.opcode === name.replace('extract_lane', 'splat')) return args[0]
  if (source.opcode !== name.replace('extract', 'replace')) return undefined
  return source.immediates.lane === lane ? args[1] : undefined
}
