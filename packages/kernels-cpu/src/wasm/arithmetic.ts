import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { constantOf, type Value } from './graph.ts'
import { integerDivision } from './division.ts'
import type { Opcode } from './opcodes.ts'
import { type Lanes, many, one, type Operand, type Scalar, shapeOf, widthOf } from './spread.ts'

const isFloat = (scalar: Scalar): scalar is 'f32' | 'f64' => scalar === 'f32' || scalar === 'f64'

export function unary(lanes: Lanes, operator: kernels.UnaryOperator, x: Operand): Operand {
  const { graph } = lanes
  const { scalar } = x
  if (x.kind === 'many') return many(scalar, lanes.map(vectorUnary(operator, scalar), [x.parts]), x.width)
  const { value } = x
  if (isFloat(scalar) && operator !== 'not') return one(scalar, graph.op(`${scalar}_${operator}`, [value]))
  const negative = graph.op('i32_sub', [graph.i32(0), value])
  switch (operator) {
    case 'neg':
      return one(scalar, negative)
    case 'abs':
      return one(scalar, graph.select(graph.op('i32_lt_s', [value, graph.i32(0)]), negative, value))
    case 'not':
      return one(scalar, scalar === 'bool' ? graph.op('i32_eqz', [value]) : graph.op('i32_xor', [value, graph.i32(-1)]))
    default:
      return x
  }
}

function vectorUnary(operator: kernels.UnaryOperator, scalar: Scalar): Opcode {
  if (operator === 'not') return 'v128_not'
  if (scalar === 'f64') return `f64x2_${operator}`
  return operator === 'neg' || operator === 'abs' ? `${shapeOf(scalar)}_${operator}` : `f32x4_${operator === 'sqrt' ? 'sqrt' : 'floor'}`
}

export function binary(lanes: Lanes, operator: kernels.BinaryOperator, a: Operand, b: Operand): Operand {
  const { scalar } = a
  if (a.kind === 'one' && b.kind === 'one') return one(scalar, scalarBinary(lanes, operator, scalar, a.value, b.value))
  switch (operator) {
    case 'div':
    case 'rem':
      if (operator === 'rem' || !isFloat(scalar)) return perLane(lanes, scalar, [a, b], (left, right) => scalarBinary(lanes, operator, scalar, left, right))
      break
    case 'shiftLeft':
    case 'shiftRight': {
      if (b.kind === 'many') return perLane(lanes, scalar, [a, b], (left, right) => scalarBinary(lanes, operator, scalar, left, right))
      const name = operator === 'shiftLeft' ? 'i32x4_shl' : scalar === 'i32' ? 'i32x4_shr_s' : 'i32x4_shr_u'
      return many(scalar, lanes.parts(a).map((part) => lanes.graph.op(name, [part, b.value])))
    }
    default:
  }
  const width = a.kind === 'many' ? a.width : b.kind === 'many' ? b.width : widthOf(scalar)
  if (operator === 'and' || operator === 'or' || operator === 'xor') return many(scalar, lanes.map(`v128_${operator}`, [lanes.parts(a, width), lanes.parts(b, width)]), width)
  if (isFloat(scalar) && (operator === 'min' || operator === 'max')) return many(scalar, extremum(lanes, operator, scalar, a, b))
  return many(scalar, lanes.map(vectorBinary(operator, scalar), [lanes.parts(a, width), lanes.parts(b, width)]), width)
}

function vectorBinary(operator: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max', scalar: Scalar): Opcode {
  if (scalar === 'f32') return `f32x4_${operator}`
  if (scalar === 'f64') return `f64x2_${operator}`
  if (operator === 'min' || operator === 'max') return `i32x4_${operator}_${scalar === 'u32' ? 'u' : 's'}`
  if (operator === 'div') throw new InternalError('vectors of integers are not divided')
  return `i32x4_${operator}`
}

/** Beside a constant one comparison does, as long as it is the other side that may be NaN; otherwise NaN must be found. */
function extremum(lanes: Lanes, operator: 'min' | 'max', scalar: 'f32' | 'f64', a: Operand, b: Operand): readonly Value[] {
  const isNumber = (operand: Operand) => operand.kind === 'one' && !Number.isNaN(constantOf(operand.value) ?? Number.NaN)
  const shape = shapeOf(scalar) === 'f32x4' ? 'f32x4' : 'f64x2'
  const [x, y] = isNumber(a) ? [b, a] : [a, b]
  return lanes.map(isNumber(y) ? `${shape}_p${operator}` : `${shape}_${operator}`, [lanes.parts(x), lanes.parts(y)])
}

function scalarBinary(lanes: Lanes, operator: kernels.BinaryOperator, scalar: Scalar, a: Value, b: Value): Value {
  const { graph } = lanes
  switch (operator) {
    case 'add':
    case 'sub':
    case 'mul':
      return graph.op(isFloat(scalar) ? `${scalar}_${operator}` : `i32_${operator}`, [a, b])
    case 'div':
      return isFloat(scalar) ? graph.op(`${scalar}_div`, [a, b]) : integerDivision(graph, 'div', scalar !== 'u32', a, b)
    case 'rem':
      return integerDivision(graph, 'rem', scalar !== 'u32', a, b)
    case 'min':
    case 'max': {
      if (isFloat(scalar)) return graph.op(`${scalar}_${operator}`, [a, b])
      const isLess = graph.op(scalar === 'u32' ? 'i32_lt_u' : 'i32_lt_s', [a, b])
      return operator === 'min' ? graph.select(isLess, a, b) : graph.select(isLess, b, a)
    }
    case 'and':
    case 'or':
    case 'xor':
      return graph.op(`i32_${operator}`, [a, b])
    case 'shiftLeft':
      return graph.op('i32_shl', [a, b])
    case 'shiftRight':
      return graph.op(scalar === 'i32' ? 'i32_shr_s' : 'i32_shr_u', [a, b])
  }
}

/** Something that vectors cannot do, one lane after another. */
function perLane(lanes: Lanes, scalar: Scalar, operands: readonly [Operand, Operand], apply: (a: Value, b: Value) => Value): Operand {
  const numbers = Array.from({ length: lanes.count }, (_, lane) => apply(lanes.ofLane(operands[0], lane), lanes.ofLane(operands[1], lane)))
  return many(scalar, lanes.collect(scalar, numbers))
}

const comparisons = { equal: 'eq', notEqual: 'ne', less: 'lt', lessEqual: 'le' } as const

export function compare(lanes: Lanes, operator: kernels.CompareOperator, a: Operand, b: Operand): Operand {
  const { graph } = lanes
  const { scalar } = a
  const name = comparisons[operator]
  if (a.kind === 'one' && b.kind === 'one') {
    if (isFloat(scalar)) return one('bool', graph.op(`${scalar}_${name}`, [a.value, b.value]))
    return one('bool', graph.op(name === 'eq' || name === 'ne' ? `i32_${name}` : `i32_${name}_${scalar === 'u32' ? 'u' : 's'}`, [a.value, b.value]))
  }
  const width = a.kind === 'many' ? a.width : b.kind === 'many' ? b.width : widthOf(scalar)
  const parts = [lanes.parts(a, width), lanes.parts(b, width)]
  if (scalar === 'bool') {
    const different = lanes.map('v128_xor', parts)
    return many('bool', operator === 'equal' ? lanes.map('v128_not', [different]) : different, width)
  }
  if (isFloat(scalar)) return many('bool', lanes.map(scalar === 'f32' ? `f32x4_${name}` : `f64x2_${name}`, parts), width)
  return many('bool', lanes.map(name === 'eq' || name === 'ne' ? `i32x4_${name}` : `i32x4_${name}_${scalar === 'u32' ? 'u' : 's'}`, parts), width)
}

export function select(lanes: Lanes, condition: Operand, a: Operand, b: Operand): Operand {
  const { graph } = lanes
  const { scalar } = a
  if (condition.kind === 'one') {
    if (a.kind === 'one' && b.kind === 'one') return one(scalar, graph.select(condition.value, a.value, b.value))
    const width = a.kind === 'many' ? a.width : b.kind === 'many' ? b.width : widthOf(scalar)
    const [left, right] = [lanes.parts(a, width), lanes.parts(b, width)]
    return many(scalar, left.map((part, k) => graph.select(condition.value, part, right[k] ?? part)), width)
  }
  const width = scalar === 'bool' ? condition.width : widthOf(scalar)
  return many(scalar, lanes.map('v128_bitselect', [lanes.parts(a, width), lanes.parts(b, width), lanes.parts(condition, width)]), width)
}

/** `a · b + c`, in one instruction where it is allowed; then also single numbers, so that all of them round alike. A negated factor costs nothing. */
export function multiplyAdd(lanes: Lanes, isRelaxed: boolean, a: Operand, b: Operand, c: Operand): Operand {
  const { graph } = lanes
  const scalar = a.scalar === 'f64' ? 'f64' : 'f32'
  const shape = shapeOf(scalar) === 'f32x4' ? 'f32x4' : 'f64x2'
  const operands = [a, b, c].map((operand) => (operand.kind === 'one' ? [lanes.splat(scalar, operand.value)] : operand.parts))
  const count = Math.max(...operands.map(({ length }) => length))
  const isOne = [a, b, c].every(({ kind }) => kind === 'one')
  if (isOne && !isRelaxed) return binary(lanes, 'add', c, binary(lanes, 'mul', a, b))
  const parts = Array.from({ length: isOne ? 1 : count }, (_, k) => {
    const [x, y, z] = operands.map((values) => values[k] ?? values[0])
    if (!x || !y || !z) return []
    const [negated, other] = isNegated(y) ? [y, x] : [x, y]
    const [positive] = isNegated(negated) ? negated.args : []
    if (positive) return [isRelaxed ? graph.op(`${shape}_relaxed_nmadd`, [positive, other, z]) : graph.op(`${shape}_sub`, [z, graph.op(`${shape}_mul`, [positive, other])])]
    return [isRelaxed ? graph.op(`${shape}_relaxed_madd`, [x, y, z]) : graph.op(`${shape}_add`, [z, graph.op(`${shape}_mul`, [x, y])])]
  }).flat()
  const [first] = parts
  if (isOne && first) return one(scalar, lanes.extract(scalar, first, 0))
  const whole = [a, b, c].some(({ kind }) => kind === 'many') ? lanes.partsOf(widthOf(scalar)) : 1
  return many(scalar, Array.from({ length: whole }, (_, k) => parts[k] ?? parts[0]).filter((part) => part !== undefined))
}

function isNegated({ source }: Value): boolean {
  return source.kind === 'op' && (source.opcode === 'f32x4_neg' || source.opcode === 'f64x2_neg')
}
