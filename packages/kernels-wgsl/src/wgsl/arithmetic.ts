import type * as kernels from '@equivar/core/kernels'
import { typeName } from './literals.ts'
import type { PrinterState } from './state.ts'

type Of<Op extends kernels.Instruction['op']> = Extract<kernels.Instruction, { readonly op: Op }>

const infix: Partial<Record<kernels.BinaryOperator, string>> = { add: '+', sub: '-', mul: '*', div: '/', rem: '%', and: '&', or: '|', xor: '^' }
const comparisons: Readonly<Record<kernels.CompareOperator, string>> = { equal: '==', notEqual: '!=', less: '<', lessEqual: '<=' }

export function unary(state: PrinterState, { operator, x, result }: Of<'unary'>): void {
  const [value = ''] = state.operands(x)
  const isBool = state.scalar(x) === 'bool'
  if (operator === 'sqrt') {
    state.define(result, state.call('square_root', value))
    return
  }
  const text = { neg: `-${value}`, not: `${isBool ? '!' : '~'}${value}`, abs: `abs(${value})`, floor: `floor(${value})` }[operator]
  state.define(result, text)
}

export function binary(state: PrinterState, { operator, a, b, result }: Of<'binary'>): void {
  const [left = '', right = ''] = state.operands(a, b)
  if (operator === 'div' && state.scalar(a) === 'f32') state.define(result, state.call('divide', left, right))
  else state.define(result, binaryText(operator, state.scalar(a), left, right))
}

/** The place of an element, computed where it is used. */
export function placeText(state: PrinterState, { operator, a, b, result }: Of<'binary'>): void {
  const [left = '', right = ''] = state.operands(a, b)
  state.name(result, `(${binaryText(operator, state.scalar(a), left, right)})`)
}

export function binaryText(operator: kernels.BinaryOperator, scalar: kernels.ScalarType, left: string, right: string): string {
  if (scalar === 'bool' && operator === 'xor') return `${left} != ${right}`
  const sign = infix[operator]
  if (sign !== undefined) return `${left} ${sign} ${right}`
  if (operator === 'min' || operator === 'max') return `${operator}(${left}, ${right})`
  return `${left} ${operator === 'shiftLeft' ? '<<' : '>>'} u32(${right})`
}

export function compare(state: PrinterState, { operator, a, b, result }: Of<'compare'>): void {
  const [left = '', right = ''] = state.operands(a, b)
  // Drivers take `!=` of floating-point numbers for one that is false with NaN.
  const isNegated = operator === 'notEqual' && state.scalar(a) === 'f32'
  state.define(result, isNegated ? `!(${left} == ${right})` : `${left} ${comparisons[operator]} ${right}`)
}

export function select(state: PrinterState, { condition, a, b, result }: Of<'select'>): void {
  state.define(result, `select(${state.use(b)}, ${state.use(a)}, ${state.use(condition)})`)
}

export function fma(state: PrinterState, { a, b, c, result }: Of<'fma'>): void {
  state.define(result, `fma(${state.operands(a, b, c).join(', ')})`)
}

export function convert(state: PrinterState, { x, result }: Of<'convert'>): void {
  const [from, to] = [state.scalar(x), state.scalar(result)]
  const [value = ''] = state.operands(x)
  if (typeName(from) === typeName(to)) state.name(result, value)
  else if (from === 'f32') state.define(result, state.call(to === 'u32' ? 'to_u32' : 'to_i32', value))
  else if (to === 'f32') state.define(result, state.call(from === 'u32' ? 'from_u32' : 'from_i32', value))
  else state.define(result, `${typeName(to)}(${value})`)
}

export function bitcast(state: PrinterState, { x, result }: Of<'bitcast'>): void {
  const [value = ''] = state.operands(x)
  state.define(result, `bitcast<${typeName(state.scalar(result))}>(${value})`)
}
