import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { literal } from './literals.ts'
import type { PtxState } from './state.ts'

type Binary = Extract<kernels.Instruction, { readonly op: 'binary' }>
type Compare = Extract<kernels.Instruction, { readonly op: 'compare' }>
type Unary = Extract<kernels.Instruction, { readonly op: 'unary' }>
type Select = Extract<kernels.Instruction, { readonly op: 'select' }>
type Fma = Extract<kernels.Instruction, { readonly op: 'fma' }>
type Bitcast = Extract<kernels.Instruction, { readonly op: 'bitcast' }>

export function writeUnary(state: PtxState, { operator, result, x }: Unary): void {
  const { writer } = state
  const { scalar } = state.typeOf(x)
  const [suffix, bits, own, to] = [state.suffixOf(x), state.classOf(x) === 'q' ? 'b64' : 'b32', state.use(x), state.define(result)]
  switch (operator) {
    case 'neg':
    case 'abs':
      writer.line(`${operator}.${suffix} ${to}, ${own}`)
      return
    case 'sqrt':
      writer.line(`sqrt.rn.${suffix} ${to}, ${own}`)
      return
    case 'floor':
      writer.line(`cvt.rmi.${suffix}.${suffix} ${to}, ${own}`)
      return
    case 'not':
      writer.line(`not.${scalar === 'bool' ? 'pred' : bits} ${to}, ${own}`)
  }
}

export function writeBinary(state: PtxState, { operator, result, a, b }: Binary): void {
  const { scalar } = state.typeOf(a)
  const isFloat = scalar === 'f32' || scalar === 'f64'
  const suffix = state.suffixOf(a)
  const bits = scalar === 'bool' ? 'pred' : 'b32'
  const [left, right] = [state.use(a), state.use(b)]
  if (!isFloat && (operator === 'div' || operator === 'rem') && writeDivision(state, operator, result, a, b)) return
  const to = state.define(result)
  const write = (name: string) => {
    state.writer.line(`${name} ${to}, ${left}, ${right}`)
  }
  switch (operator) {
    // Rounding is named, so that no product and sum become one.
    case 'add':
    case 'sub':
      write(`${operator}${isFloat ? '.rn' : ''}.${suffix}`)
      return
    case 'mul':
      write(`mul${isFloat ? '.rn' : '.lo'}.${suffix}`)
      return
    case 'div':
      write(`div${isFloat ? '.rn' : ''}.${suffix}`)
      return
    case 'rem':
    case 'min':
    case 'max':
      write(`${operator}.${suffix}`)
      return
    case 'and':
    case 'or':
    case 'xor':
      write(`${operator}.${bits}`)
      return
    case 'shiftLeft':
      write('shl.b32')
      return
    case 'shiftRight':
      write(`shr.${suffix}`)
  }
}

/** Division by a constant, towards zero, without dividing; false where it is none. */
function writeDivision(state: PtxState, operator: 'div' | 'rem', result: kernels.ValueId, a: kernels.ValueId, b: kernels.ValueId): boolean {
  const divisor = state.forms.definition(b)
  if (divisor?.op !== 'constant' || divisor.value < 1 || divisor.value >= 2 ** 31) return false
  const { writer } = state
  const { scalar } = state.typeOf(a)
  if (scalar === 'index' && state.indexBits === 64) return false
  const [own, by] = [state.use(a), divisor.value]
  const to = state.define(result)
  const isPowerOfTwo = Number.isInteger(Math.log2(by))
  if (scalar === 'u32') {
    if (!isPowerOfTwo) return dividePlainly()
    writer.line(operator === 'div' ? `shr.u32 ${to}, ${own}, ${Math.log2(by)}` : `and.b32 ${to}, ${own}, ${by - 1}`)
    return true
  }
  if (by === 1) {
    writer.line(operator === 'div' ? `mov.b32 ${to}, ${own}` : `mov.b32 ${to}, 0`)
    return true
  }
  const quotient = isPowerOfTwo ? shifted(Math.log2(by)) : multiplied()
  if (operator === 'div') writer.line(`mov.b32 ${to}, ${quotient}`)
  else writer.line(`mad.lo.s32 ${to}, ${quotient}, ${-by}, ${own}`)
  return true

  function dividePlainly(): boolean {
    writer.line(`${operator}.u32 ${to}, ${own}, ${by}`)
    return true
  }

  function shifted(shift: number): string {
    const sign = writer.define('r', (register) => `shr.s32 ${register}, ${own}, 31`)
    const bias = writer.define('r', (register) => `shr.u32 ${register}, ${sign}, ${32 - shift}`)
    const sum = writer.define('r', (register) => `add.s32 ${register}, ${own}, ${bias}`)
    return writer.define('r', (register) => `shr.s32 ${register}, ${sum}, ${shift}`)
  }

  // The high half of a product with 2^(32 + s) / divisor, rounded up (Granlund and Montgomery 1994).
  function multiplied(): string {
    const shift = Math.ceil(Math.log2(by)) - 1
    const magic = (2n ** BigInt(32 + shift)) / BigInt(by) + 1n
    const isLarge = magic >= 2n ** 31n
    const factor = Number(isLarge ? magic - 2n ** 32n : magic)
    const high = writer.define('r', (register) => `mul.hi.s32 ${register}, ${own}, ${factor}`)
    const sum = isLarge ? writer.define('r', (register) => `add.s32 ${register}, ${high}, ${own}`) : high
    const moved = shift === 0 ? sum : writer.define('r', (register) => `shr.s32 ${register}, ${sum}, ${shift}`)
    const sign = writer.define('r', (register) => `shr.s32 ${register}, ${own}, 31`)
    return writer.define('r', (register) => `sub.s32 ${register}, ${moved}, ${sign}`)
  }
}

const comparisons: { readonly [O in kernels.CompareOperator]: string } = { equal: 'eq', notEqual: 'ne', less: 'lt', lessEqual: 'le' }

export function writeCompare(state: PtxState, { operator, result, a, b }: Compare): void {
  const { writer } = state
  const { scalar } = state.typeOf(a)
  const [left, right] = [state.use(a), state.use(b)]
  const to = state.define(result)
  if (scalar === 'bool') {
    writer.line(`xor.pred ${to}, ${left}, ${right}`)
    if (operator === 'equal') writer.line(`not.pred ${to}, ${to}`)
    return
  }
  const isFloat = scalar === 'f32' || scalar === 'f64'
  // With a NaN two numbers are not equal.
  const name = isFloat && operator === 'notEqual' ? 'neu' : comparisons[operator]
  writer.line(`setp.${name}.${state.suffixOf(a)} ${to}, ${left}, ${right}`)
}

export function writeSelect(state: PtxState, { result, condition, a, b }: Select): void {
  const { writer } = state
  const [which, left, right] = [state.use(condition), state.use(a), state.use(b)]
  const kind = state.classOf(a)
  const to = state.define(result)
  if (kind === 'p') {
    const first = writer.define('p', (register) => `and.pred ${register}, ${which}, ${left}`)
    const not = writer.define('p', (register) => `not.pred ${register}, ${which}`)
    const second = writer.define('p', (register) => `and.pred ${register}, ${not}, ${right}`)
    writer.line(`or.pred ${to}, ${first}, ${second}`)
    return
  }
  const suffix = { r: 'b32', q: 'b64', f: 'f32', d: 'f64' }[kind]
  writer.line(`selp.${suffix} ${to}, ${left}, ${right}, ${which}`)
}

export function writeFma(state: PtxState, { result, a, b, c }: Fma): void {
  const operands = [a, b, c].map((id) => state.use(id))
  state.writer.line(`fma.rn.${state.suffixOf(a)} ${state.define(result)}, ${operands.join(', ')}`)
}

export function writeBitcast(state: PtxState, { result, x }: Bitcast): void {
  const own = state.use(x)
  // A literal is one of its own type only.
  if (state.forms.definition(x)?.op === 'constant') {
    const register = state.writer.define(state.classOf(x), (to) => `mov.${state.classOf(x) === 'f' ? 'f32' : 'b32'} ${to}, ${own}`)
    state.writer.line(`mov.b32 ${state.define(result)}, ${register}`)
  } else state.writer.line(`mov.b32 ${state.define(result)}, ${own}`)
}

/** What changes nothing when a reduction meets it, as a literal. */
export function neutralLiteral(operator: kernels.ReduceOperator, scalar: kernels.ScalarType, indexBits: 32 | 64): string {
  if (scalar === 'bool') throw new InternalError('bools are not reduced')
  if (operator === 'sum') return literal(scalar, 0)
  const isMin = operator === 'min'
  if (scalar === 'f32' || scalar === 'f64') return literal(scalar, isMin ? Infinity : -Infinity)
  if (scalar === 'u32') return isMin ? '4294967295' : '0'
  if (scalar === 'index' && indexBits === 64) return isMin ? '9223372036854775807' : '-9223372036854775808'
  return isMin ? '2147483647' : '-2147483648'
}
