import type { MachineMemory } from './memory.ts'
import type { PtxInstruction } from './parse.ts'

/** A register or literal as JavaScript. Words are signed, those of 64 bits exact integers. */
export function operand(text: string): string {
  if (text.startsWith('%')) return registerName(text)
  const [, single] = /^0f([0-9A-F]{8})$/.exec(text) ?? []
  if (single !== undefined) return bitsToNumber(single, 'f32')
  const [, double] = /^0d([0-9A-F]{16})$/.exec(text) ?? []
  if (double !== undefined) return bitsToNumber(double, 'f64')
  if (/^0x[0-9a-f]+$/.test(text)) return `${Number(text) | 0}`
  if (/^-?\d+$/.test(text)) return `(${text})`
  throw new Error(`'${text}' is no operand`)
}

export function registerName(text: string): string {
  return text.slice(1).replace('tid.x', 'tidX').replace('ctaid.x', 'ctaidX')
}

function bitsToNumber(hexadecimal: string, type: 'f32' | 'f64'): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, BigInt(`0x${hexadecimal}`))
  const value = type === 'f64' ? view.getFloat64(0) : view.getFloat32(4)
  return Object.is(value, -0) ? '(-0)' : `(${value})`
}

/** The value that an instruction gives, of operands behind the first, as JavaScript. */
export function valueOf({ name, operands }: PtxInstruction): string {
  const [op = '', ...parts] = name
  const type = parts.at(-1) ?? ''
  const [a = '', b = '', c = ''] = operands.slice(1).map(operand)
  const unsigned = (x: string) => (type === 'u32' ? `(${x}>>>0)` : x)
  const round = (x: string) => (type === 'f32' ? `Math.fround(${x})` : isWord(type) ? `(${x}|0)` : x)
  switch (op) {
    case 'mov':
    case 'cvta':
      return a
    case 'add':
      return round(`${a}+${b}`)
    case 'sub':
      return round(`${a}-${b}`)
    case 'mul':
      if (parts[0] === 'hi') return `H.high(${a},${b})`
      return isWord(type) ? `Math.imul(${a},${b})` : round(`${a}*${b}`)
    case 'mad':
      if (parts[0] === 'wide') return `${a}*${b}+${c}`
      return isWord(type) ? `(Math.imul(${a},${b})+${c}|0)` : `${a}*${b}+${c}`
    case 'fma':
      return round(`${a}*${b}+${c}`)
    case 'div':
      return isFloat(type) ? round(`${a}/${b}`) : round(`Math.trunc(${unsigned(a)}/${unsigned(b)})`)
    case 'rem':
      return round(`${unsigned(a)}%${unsigned(b)}`)
    case 'min':
    case 'max':
      return round(`Math.${op}(${unsigned(a)},${unsigned(b)})`)
    case 'neg':
      return isFloat(type) ? `-${a}` : round(`0-${a}`)
    case 'abs':
      return round(`Math.abs(${a})`)
    case 'sqrt':
      return round(`Math.sqrt(${a})`)
    case 'and':
    case 'or':
    case 'xor': {
      const sign = { and: '&', or: '|', xor: '^' }[op]
      return type === 'pred' ? `((${a}${sign}${b})===1)` : `(${a}${sign}${b})`
    }
    case 'not':
      return type === 'pred' ? `!${a}` : `~${a}`
    case 'shl':
      return `(${a}<<${b})`
    case 'shr':
      return type === 's32' ? `(${a}>>${b})` : `((${a}>>>${b})|0)`
    case 'selp':
      return `(${c}?${a}:${b})`
    case 'setp':
      return comparison(parts[0] ?? '', unsigned(a), unsigned(b))
    case 'cvt':
      return conversion(parts, a)
    default:
      throw new Error(`instruction ${name.join('.')} is not known`)
  }
}

function comparison(how: string, a: string, b: string): string {
  if (how === 'num') return `(${a}===${a}&&${b}===${b})`
  const signs: Readonly<Record<string, string>> = { lt: '<', le: '<=', gt: '>', ge: '>=', eq: '===', ne: '!==', neu: '!==' }
  const sign = signs[how]
  if (sign === undefined) throw new Error(`comparison ${how} is not known`)
  return `(${a}${sign}${b})`
}

function conversion(parts: readonly string[], a: string): string {
  const [to = '', from = ''] = parts.slice(-2)
  if (parts[0] === 'rmi') return `Math.floor(${a})`
  const source = from === 'u32' ? `(${a}>>>0)` : a
  if (to === 'f32') return `Math.fround(${source})`
  if (to === 'f64') return source
  if (isFloat(from)) return `H.toInteger(${a},'${to}','${from}')`
  return to.endsWith('64') ? source : `(${source}%4294967296|0)`
}

function isFloat(type: string): boolean {
  return type.startsWith('f')
}

function isWord(type: string): boolean {
  return ['s32', 'u32', 'b32'].includes(type)
}

/** What expressions ask for. */
export const helpers = {
  high: (a: number, b: number): number => Number((BigInt(a) * BigInt(b)) >> 32n),
  toInteger: (x: number, to: string, from: string): number => {
    const [lowest, highest] = to === 'u32' ? [0, 2 ** 32 - 1] : to === 's32' ? [-(2 ** 31), 2 ** 31 - 1] : [-(2 ** 63), 2 ** 63]
    // What the hardware gives for no number depends on the widths.
    if (Number.isNaN(x)) return from === 'f32' && to.endsWith('32') ? 0 : to === 'u32' ? -(2 ** 31) : lowest
    const value = Math.min(highest, Math.max(lowest, Math.trunc(x)))
    return to.endsWith('64') ? value : value | 0
  },
  split: (x: number, isFloat: boolean): readonly [number, number] => {
    const view = new DataView(new ArrayBuffer(8))
    if (isFloat) view.setFloat64(0, x)
    else view.setBigInt64(0, BigInt(x))
    return [view.getInt32(4), view.getInt32(0)]
  },
  join: (low: number, high: number, isFloat: boolean): number => {
    const view = new DataView(new ArrayBuffer(8))
    view.setInt32(4, low)
    view.setInt32(0, high)
    return isFloat ? view.getFloat64(0) : Number(view.getBigInt64(0))
  },
  bits: (x: number): number => {
    const view = new DataView(new ArrayBuffer(4))
    view.setFloat32(0, x)
    return view.getInt32(0)
  },
  fromBits: (x: number): number => {
    const view = new DataView(new ArrayBuffer(4))
    view.setInt32(0, x)
    return view.getFloat32(0)
  },
  /** Matrix units do not look at the last bits. */
  tensorFloat: (bits: number): number => helpers.fromBits(bits & ~0x1fff),
  copy: (target: MachineMemory, to: number, source: MachineMemory, from: number, size: number, read: number): void => {
    target.requireAligned(to, size)
    if (read > 0) source.requireAligned(from, size)
    for (let k = 0; k < size; k += 4) target.setB32(to + k, k < read ? source.b32(from + k) : 0)
  },
  atomic: (op: string, type: string, before: number, value: number): number => {
    if (op === 'exch') return value
    const [a, b] = type === 'u32' ? [before >>> 0, value >>> 0] : [before, value]
    const result = op === 'add' ? a + b : op === 'min' ? Math.min(a, b) : Math.max(a, b)
    return type === 'f32' ? Math.fround(result) : type === 'f64' ? result : result | 0
  },
} as const
