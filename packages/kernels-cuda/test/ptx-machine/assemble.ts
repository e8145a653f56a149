import { compileFunction } from 'node:vm'
import { helpers, operand, registerName, valueOf } from './expressions.ts'
import type { MachineMemory } from './memory.ts'
import type { PtxEntry, PtxInstruction } from './parse.ts'

/** What a thread waits for: all of its block, the named threads of its warp, or their values. */
export interface Wait {
  readonly kind: 'block' | 'warp' | 'shuffle' | 'matrix'
  /** Which instruction. */
  readonly at: number
  readonly members: number
  readonly value: number
  readonly mode: string
  readonly lane: number
  readonly clamp: number
  /** Elements of a and b that a thread has, and its sums. */
  readonly factors: readonly (readonly number[])[]
}

/** A thread, which goes on with what its shuffle or its matrix unit gave. */
export type Thread = Generator<Wait, void, number | readonly number[]>

export type StartThread = (tid: number, block: number, global: MachineMemory, shared: MachineMemory, parameters: DataView) => Thread

/** An entry as JavaScript: basic blocks are cases of a switch, registers are variables. */
export function assemblePtx(entry: PtxEntry): StartThread {
  const lines: string[] = []
  const labels = new Map<string, number>()
  let count = 1
  for (const line of entry.lines) if (line.kind === 'label') labels.set(line.label, count++)
  for (const [at, line] of entry.lines.entries()) {
    if (line.kind === 'label') lines.push(`case ${labels.get(line.label) ?? -1}:`)
    else lines.push(statement(entry, line.instruction, at, labels))
  }
  const variables = entry.registers.map((own) => `${registerName(own)}=0`).join(',')
  const source = `'use strict'; return function* (tidX, ctaidX, G, S, P) { let ${variables || 'none=0'}, W=0, at=0; const C=[]; for (;;) switch (at) { case 0:\n${lines.join('\n')}\nreturn } }`

  return (compileFunction(source, ['H']) as (h: typeof helpers) => StartThread)(helpers)
}

function statement(entry: PtxEntry, instruction: PtxInstruction, at: number, labels: ReadonlyMap<string, number>): string {
  const text = unguarded(entry, instruction, at, labels)
  return instruction.guard === null ? text : `if (${operand(instruction.guard)}) { ${text} }`
}

function unguarded(entry: PtxEntry, instruction: PtxInstruction, at: number, labels: ReadonlyMap<string, number>): string {
  const { name, operands } = instruction
  const [op = '', ...parts] = name
  const [first = '', second = '', third = ''] = operands
  const type = parts.at(-1) ?? ''
  switch (op) {
    case 'ret':
      return 'return'
    case 'bra': {
      const label = labels.get(first)
      if (label === undefined) throw new Error(`there is no label ${first}`)
      return `at=${label}; continue`
    }
    case 'bar':
      if (parts[0] === 'sync') return `yield {kind:'block',at:${at}}`
      return `yield {kind:'warp',at:${at},members:${operand(first)}}`
    case 'shfl': {
      const [to, from, lane = '', clamp = '', members = ''] = operands
      const isFloat = (to ?? '').startsWith('%f')
      const value = isFloat ? `H.bits(${operand(from ?? '')})` : operand(from ?? '')
      const wait = `{kind:'shuffle',at:${at},members:${operand(members)},value:${value},mode:'${parts[1] ?? ''}',lane:${operand(lane)},clamp:${operand(clamp)}}`
      return `W=yield ${wait}; ${registerName(to ?? '')}=${isFloat ? 'H.fromBits(W)' : 'W'};`
    }
    case 'ld':
      if (parts[0] === 'param') return loadParameter(entry, first, second)
      return loads(parts, type, first, second)
    case 'st':
      if (second.startsWith('{')) return stores(parts, type, first, second)
      return `${space(parts)}.${setter(type)}(${addressOf(first)},${operand(second)});`
    case 'red':
      return `W=${addressOf(first)}; ${space(parts)}.${setter(type)}(W,H.atomic('${parts[1] ?? ''}','${type}',${space(parts)}.${getter(type)}(W),${operand(second)}));`
    case 'atom': {
      const memory = space(parts)
      const kind = first.startsWith('%f') ? 'f32' : first.startsWith('%d') ? 'f64' : type
      return `{ const p=${addressOf(second)}, v=${operand(third)}; ${registerName(first)}=${memory}.${getter(kind)}(p); ${memory}.${setter(kind)}(p,H.atomic('${parts[1] ?? ''}','${kind}',${registerName(first)},v)) }`
    }
    case 'mma':
      return multiply(parts, operands, at)
    case 'cp':
      // Nothing arrives before it is waited for.
      if (parts[1] === 'wait_all') return 'for (const copy of C.splice(0)) copy();'
      return `{ const [to,from,n]=[${addressOf(first)},${addressOf(second)},${operand(operands[3] ?? third)}]; C.push(() => H.copy(S,to,G,from,${operand(third)},n)); }`
    case 'mov':
      return move(first, second)
    default:
      return `${registerName(first)}=${valueOf(instruction)};`
  }
}

function multiply(parts: readonly string[], operands: readonly string[], at: number): string {
  const isSingle = parts.includes('tf32')
  const [to = '', ...from] = operands
  const factors = from.map((own, k) => `[${partsOf(own).map((part) => (isSingle && k < 2 ? `H.tensorFloat(${operand(part)})` : operand(part))).join(',')}]`)
  return `[${partsOf(to).map(registerName).join(',')}]=yield {kind:'matrix',at:${at},members:-1,factors:[${factors.join(',')}]};`
}

function move(to: string, from: string): string {
  if (from === 'shared_memory') return `${registerName(to)}=0;`
  const [low, high] = partsOf(to.startsWith('{') ? to : from)
  if (to.startsWith('{')) return `[${registerName(low ?? '')},${registerName(high ?? '')}]=H.split(${operand(from)},${from.startsWith('%d')});`
  if (from.startsWith('{')) return `${registerName(to)}=H.join(${operand(low ?? '')},${operand(high ?? '')},${to.startsWith('%d')});`
  const [toFloat, fromFloat] = [to.startsWith('%f'), from.startsWith('%f') || from.startsWith('0f')]
  if (toFloat && !fromFloat) return `${registerName(to)}=H.fromBits(${operand(from)});`
  if (!toFloat && fromFloat) return `${registerName(to)}=H.bits(${operand(from)});`
  return `${registerName(to)}=${operand(from)};`
}

function loads(parts: readonly string[], type: string, to: string, from: string): string {
  const memory = space(parts)
  if (!to.startsWith('{')) return `${registerName(to)}=${memory}.${getter(type)}(${addressOf(from)});`
  const bytes = type.endsWith('64') ? 8 : 4
  const registers = partsOf(to)
  const each = registers.map((register, k) => `${registerName(register)}=${memory}.${getter(type)}(p+${k * bytes});`)
  return `{ const p=${addressOf(from)}; ${memory}.requireAligned(p,${registers.length * bytes}); ${each.join(' ')} }`
}

function stores(parts: readonly string[], type: string, to: string, from: string): string {
  const bytes = type.endsWith('64') ? 8 : 4
  const values = partsOf(from)
  const each = values.map((value, k) => `${space(parts)}.${setter(type)}(p+${k * bytes},${operand(value)});`)
  return `{ const p=${addressOf(to)}; ${space(parts)}.requireAligned(p,${values.length * bytes}); ${each.join(' ')} }`
}

function loadParameter({ parameters }: PtxEntry, to: string, from: string): string {
  const own = parameters.get(from.slice(1, -1))
  if (!own) throw new Error(`there is no parameter ${from}`)
  const reads: Readonly<Record<string, string>> = { f32: 'getFloat32', f64: 'getFloat64', s32: 'getInt32', u32: 'getInt32' }
  const read = reads[own.type]
  const value = read === undefined ? `Number(P.getBigInt64(${own.offset},true))` : `P.${read}(${own.offset},true)`
  return `${registerName(to)}=${value};`
}

function space(parts: readonly string[]): 'G' | 'S' {
  return parts[0] === 'shared' ? 'S' : 'G'
}

function partsOf(text: string): readonly string[] {
  return text.slice(1, -1).split(',').map((part) => part.trim())
}

function addressOf(text: string): string {
  const [, register, offset] = /^\[(%\w+)(?:\+(-?\d+))?\]$/.exec(text) ?? []
  if (register === undefined) throw new Error(`'${text}' is no address`)
  return offset === undefined ? registerName(register) : `(${registerName(register)}+${offset})`
}

/** Methods of memory for elements of a type. */
function getter(type: string): string {
  return type.startsWith('f') ? type : type.endsWith('64') ? 'b64' : 'b32'
}

function setter(type: string): string {
  const name = getter(type)
  return `set${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
