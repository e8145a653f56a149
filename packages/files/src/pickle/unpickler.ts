import { FormatError } from '@equivar/core'
import { ByteReader, decodeUtf8 } from '../container/byte-reader.ts'
import type { GlobalTable } from './globals.ts'
import { describe, PickleBytes, PickleDict, PickleGlobal, PickleList, PickleObject, PickleSet, PickleTuple, type PickleValue } from './values.ts'

export interface PickleLimits {
  /** Opcodes and copied elements together; models of three layers need some 20,000. */
  readonly work: number
  /** Bytes of one string. */
  readonly stringBytes: number
  /** Marks open at a time. */
  readonly nesting: number
}

const defaultLimits: PickleLimits = { work: 500_000, stringBytes: 2 ** 25, nesting: 1000 }
const maxLine = 256
const maxLongBytes = 16

export interface UnpickleOptions {
  readonly globals: GlobalTable
  /** The value of a persistent id, which torch uses for storages. */
  readonly persistentLoad: (id: PickleValue) => PickleValue
  readonly limits?: Partial<PickleLimits>
}

/**
 * Reads a pickle of protocols 2 to 5, without the buffers that protocol 5 may keep elsewhere, into inert records.
 *
 * Nothing is imported and nothing is called: a global is looked up in the allow-list, objects become records, and the
 * few functions that torch needs are implemented here. Neither nesting nor cycles use the call stack.
 *
 * @throws {FormatError} for damage, for a global that is not on the list (named), and when a limit is exceeded.
 */
export function unpickle(bytes: Uint8Array, options: UnpickleOptions): PickleValue {
  return new Unpickler(bytes, options).run()
}

class Unpickler {
  readonly #reader: ByteReader
  readonly #globals: GlobalTable
  readonly #persistentLoad: (id: PickleValue) => PickleValue
  readonly #limits: PickleLimits
  readonly #stack: PickleValue[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()
  readonly #known = new Map<string, PickleGlobal>()
  #work = 0

  constructor(bytes: Uint8Array, options: UnpickleOptions) {
    this.#reader = new ByteReader(bytes, 'pickle')
    this.#globals = options.globals
    this.#persistentLoad = options.persistentLoad
    this.#limits = { ...defaultLimits, ...options.limits }
  }

  run(): PickleValue {
    const { remaining } = this.#reader
    if (remaining < 2 || this.#reader.bytes[0] !== 0x80) throw new FormatError('pickle: no protocol header; this is not a pickle of protocol 2 to 5')
    for (;;) {
      this.#charge(1)
      const start = this.#reader.position
      const opcode = this.#reader.uint8()
      if (opcode === 0x2e) break
      this.#step(opcode, start)
    }
    const result = this.#pop()
    if (this.#stack.length > 0 || this.#marks.length > 0) throw new FormatError(`pickle: ${this.#stack.length} values are left over at its end; the file is damaged`)
    return result
  }

  #charge(work: number): void {
    this.#work += work
    if (this.#work > this.#limits.work) throw new FormatError(`pickle: more than ${this.#limits.work} operations; no model needs as many, the file is refused`)
  }

  #step(opcode: number, start: number): void {
    const operation = Unpickler.#operations.get(opcode)
    if (!operation)
      throw new FormatError(`pickle: opcode 0x${opcode.toString(16).padStart(2, '0')} at offset ${start}, which torch does not write; the file is damaged`)
    operation(this, this.#reader)
  }

  /** Opcodes by their names in Python's pickletools. */
  static readonly #operations: ReadonlyMap<number, (machine: Unpickler, reader: ByteReader) => void> = new Map(
    Object.values({
      PROTO: [0x80, (machine, reader) => machine.#protocol(reader.uint8())],
      FRAME: [0x95, (_, reader) => reader.uint64()],
      MARK: [0x28, (machine) => machine.#mark()],
      POP: [0x30, (machine) => machine.#discard()],
      POP_MARK: [0x31, (machine) => machine.#popToMark()],
      DUP: [0x32, (machine) => machine.#push(machine.#top())],
      NONE: [0x4e, (machine) => machine.#push(null)],
      NEWTRUE: [0x88, (machine) => machine.#push(true)],
      NEWFALSE: [0x89, (machine) => machine.#push(false)],
      BININT: [0x4a, (machine, reader) => machine.#push(reader.int32())],
      BININT1: [0x4b, (machine, reader) => machine.#push(reader.uint8())],
      BININT2: [0x4d, (machine, reader) => machine.#push(reader.uint16())],
      LONG1: [0x8a, (machine, reader) => machine.#push(machine.#long(reader.uint8()))],
      LONG4: [0x8b, (machine, reader) => machine.#push(machine.#long(reader.int32()))],
      INT: [0x49, (machine) => machine.#push(machine.#textInteger())],
      LONG: [0x4c, (machine) => machine.#push(machine.#textInteger())],
      FLOAT: [0x46, (machine) => machine.#push(machine.#textFloat())],
      BINFLOAT: [0x47, (machine, reader) => machine.#push(reader.float64BigEndian())],
      BINUNICODE: [0x58, (machine, reader) => machine.#push(machine.#string(reader.uint32()))],
      SHORT_BINUNICODE: [0x8c, (machine, reader) => machine.#push(machine.#string(reader.uint8()))],
      BINUNICODE8: [0x8d, (machine, reader) => machine.#push(machine.#string(reader.uint64()))],
      BINSTRING: [0x54, (machine, reader) => machine.#push(machine.#string(reader.uint32()))],
      SHORT_BINSTRING: [0x55, (machine, reader) => machine.#push(machine.#string(reader.uint8()))],
      BINBYTES: [0x42, (machine, reader) => machine.#push(machine.#bytes(reader.uint32()))],
      SHORT_BINBYTES: [0x43, (machine, reader) => machine.#push(machine.#bytes(reader.uint8()))],
      BINBYTES8: [0x8e, (machine, reader) => machine.#push(machine.#bytes(reader.uint64()))],
      EMPTY_TUPLE: [0x29, (machine) => machine.#push(new PickleTuple([]))],
      TUPLE1: [0x85, (machine) => machine.#push(new PickleTuple(machine.#popMany(1)))],
      TUPLE2: [0x86, (machine) => machine.#push(new PickleTuple(machine.#popMany(2)))],
      TUPLE3: [0x87, (machine) => machine.#push(new PickleTuple(machine.#popMany(3)))],
      TUPLE: [0x74, (machine) => machine.#push(new PickleTuple(machine.#popToMark()))],
      EMPTY_LIST: [0x5d, (machine) => machine.#push(new PickleList())],
      APPEND: [0x61, (machine) => machine.#append(machine.#popMany(1))],
      APPENDS: [0x65, (machine) => machine.#append(machine.#popToMark())],
      EMPTY_DICT: [0x7d, (machine) => machine.#push(new PickleDict())],
      SETITEM: [0x73, (machine) => machine.#setItems(machine.#popMany(2))],
      SETITEMS: [0x75, (machine) => machine.#setItems(machine.#popToMark())],
      EMPTY_SET: [0x8f, (machine) => machine.#push(new PickleSet())],
      ADDITEMS: [0x90, (machine) => machine.#addItems(machine.#popToMark())],
      FROZENSET: [0x91, (machine) => machine.#frozenSet()],
      GLOBAL: [0x63, (machine) => machine.#push(machine.#global(machine.#line(), machine.#line()))],
      STACK_GLOBAL: [0x93, (machine) => machine.#stackGlobal()],
      NEWOBJ: [0x81, (machine) => machine.#newObject()],
      NEWOBJ_EX: [0x92, (machine) => machine.#newObjectWithKeywords()],
      REDUCE: [0x52, (machine) => machine.#reduce()],
      BUILD: [0x62, (machine) => machine.#build()],
      BINPERSID: [0x51, (machine) => machine.#push(machine.#persistentLoad(machine.#pop()))],
      BINPUT: [0x71, (machine, reader) => machine.#put(reader.uint8())],
      LONG_BINPUT: [0x72, (machine, reader) => machine.#put(reader.uint32())],
      MEMOIZE: [0x94, (machine) => machine.#put(machine.#memo.size)],
      BINGET: [0x68, (machine, reader) => machine.#get(reader.uint8())],
      LONG_BINGET: [0x6a, (machine, reader) => machine.#get(reader.uint32())],
    } satisfies Record<string, readonly [number, (machine: Unpickler, reader: ByteReader) => void]>),
  )

  #protocol(version: number): void {
    if (version < 2 || version > 5) throw new FormatError(`pickle: protocol ${version}, only 2 to 5 are read; save the model again with torch's default protocol`)
  }

  #push(value: PickleValue): void {
    this.#stack.push(value)
  }

  /** Never reaches below the last mark, as no well-formed pickle does. */
  #pop(): PickleValue {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw new FormatError('pickle: its stack is empty; the file is damaged')
    return this.#stack.pop() as PickleValue
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) throw new FormatError('pickle: its stack is empty; the file is damaged')
    return this.#stack.splice(this.#stack.length - count)
  }

  #discard(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop()
    else this.#pop()
  }

  #top(): PickleValue {
    const value = this.#pop()
    this.#push(value)
    return value
  }

  #mark(): void {
    if (this.#marks.length >= this.#limits.nesting) throw new FormatError(`pickle: more than ${this.#limits.nesting} levels of nesting; the file is refused`)
    this.#marks.push(this.#stack.length)
  }

  /** The values above the last mark. */
  #popToMark(): PickleValue[] {
    const mark = this.#marks.pop()
    if (mark === undefined) throw new FormatError('pickle: a mark is missing; the file is damaged')
    return this.#stack.splice(mark)
  }

  #string(length: number): string {
    this.#checkLength(length)
    return this.#reader.text(length)
  }

  #bytes(length: number): PickleBytes {
    this.#checkLength(length)
    return new PickleBytes(this.#reader.take(length))
  }

  #checkLength(length: number): void {
    if (length > this.#limits.stringBytes) throw new FormatError(`pickle: a string of ${length} bytes, at most ${this.#limits.stringBytes} are accepted`)
  }

  #line(): string {
    const { bytes, position } = this.#reader
    const end = bytes.subarray(position, position + maxLine).indexOf(0x0a)
    if (end < 0) throw new FormatError(`pickle: a line at offset ${position} does not end; the file is damaged`)
    const text = decodeUtf8(this.#reader.take(end), 'pickle: a line')
    this.#reader.skip(1)
    return text
  }

  #textInteger(): PickleValue {
    const line = this.#line()
    if (line === '01') return true
    if (line === '00') return false
    const digits = line.endsWith('L') ? line.slice(0, -1) : line
    if (!/^-?\d{1,38}$/.test(digits)) throw new FormatError(`pickle: ${JSON.stringify(line)} is not an integer`)
    return narrow(BigInt(digits))
  }

  #textFloat(): number {
    const line = this.#line()
    const special: Readonly<Record<string, number>> = { nan: NaN, inf: Infinity, '-inf': -Infinity }
    const value = special[line] ?? Number(line)
    if (line.trim() === '' || (Number.isNaN(value) && line !== 'nan')) throw new FormatError(`pickle: ${JSON.stringify(line)} is not a number`)
    return value
  }

  /** Two's complement, little-endian. */
  #long(length: number): number | bigint {
    if (length < 0 || length > maxLongBytes) throw new FormatError(`pickle: an integer of ${length} bytes, at most ${maxLongBytes} are accepted`)
    const bytes = this.#reader.take(length)
    let value = 0n
    for (let k = length - 1; k >= 0; k--) value = (value << 8n) | BigInt(bytes[k] ?? 0)
    return narrow(length === 0 ? 0n : BigInt.asIntN(8 * length, value))
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top()
    if (!(list instanceof PickleList)) throw new FormatError(`pickle: items are appended to ${describe(list)}; the file is damaged`)
    for (const item of items) list.items.push(item)
  }

  #addItems(items: readonly PickleValue[]): void {
    const set = this.#top()
    if (!(set instanceof PickleSet)) throw new FormatError(`pickle: items are added to ${describe(set)}; the file is damaged`)
    for (const item of items) set.items.push(item)
  }

  #frozenSet(): void {
    const items = this.#popToMark()
    this.#push(new PickleSet())
    this.#addItems(items)
  }

  #setItems(items: readonly PickleValue[]): void {
    const dict = this.#top()
    if (!(dict instanceof PickleDict)) throw new FormatError(`pickle: keys are set in ${describe(dict)}; the file is damaged`)
    if (items.length % 2 !== 0) throw new FormatError('pickle: a key without a value; the file is damaged')
    for (let k = 0; k < items.length; k += 2) {
      const [key = null, value = null] = [items[k], items[k + 1]]
      if (dict.entries.has(key)) throw new FormatError(`pickle: key ${describe(key)} is set twice in one dict; the file is damaged or forged`)
      dict.entries.set(key, value)
    }
  }

  #global(module: string, name: string): PickleGlobal {
    const qualified = `${module}.${name}`
    const known = this.#known.get(qualified)
    if (known) return known
    const rule = this.#globals(module, name)
    if (!rule) throw new FormatError(`pickle: the file refers to ${JSON.stringify(qualified)}, which is not among what is read here; it is refused. From torch, save the state_dict() of a module`)
    const global = new PickleGlobal(module, name, rule)
    this.#known.set(qualified, global)
    return global
  }

  #stackGlobal(): void {
    const [module, name] = this.#popMany(2)
    if (typeof module !== 'string' || typeof name !== 'string') throw new FormatError('pickle: a global whose name is no text; the file is damaged')
    this.#push(this.#global(module, name))
  }

  #newObject(): void {
    const [type, args] = this.#popMany(2)
    this.#push(this.#instantiate(type, args))
  }

  #newObjectWithKeywords(): void {
    const [type, args, keywords] = this.#popMany(3)
    if (!(keywords instanceof PickleDict) || keywords.entries.size > 0)
      throw new FormatError(`pickle: ${describe(type)} is made with keyword arguments, which torch does not write`)
    this.#push(this.#instantiate(type, args))
  }

  #instantiate(type: PickleValue | undefined, args: PickleValue | undefined): PickleObject {
    if (!(type instanceof PickleGlobal) || type.rule.kind !== 'class' || !(args instanceof PickleTuple))
      throw new FormatError(`pickle: an object is made of ${describe(type)} and ${describe(args)}; the file is damaged`)
    return new PickleObject(type, args.items)
  }

  #reduce(): void {
    const [callee, args] = this.#popMany(2)
    if (!(callee instanceof PickleGlobal) || !(args instanceof PickleTuple))
      throw new FormatError(`pickle: ${describe(callee)} is called with ${describe(args)}; the file is damaged`)
    const { rule } = callee
    if (rule.kind === 'call') this.#push(rule.call(args.items, (work) => this.#charge(work)))
    else if (rule.kind === 'class') this.#push(new PickleObject(callee, args.items))
    else throw new FormatError(`pickle: the file calls ${callee.qualifiedName}, which is refused`)
  }

  #build(): void {
    const state = this.#pop()
    const object = this.#top()
    if (object instanceof PickleObject) {
      if (object.state !== undefined) throw new FormatError(`pickle: ${describe(object)} is given a state twice; the file is damaged`)
      object.state = state
      return
    }
    // OrderedDicts of state dicts carry `_metadata` as an attribute, which says nothing about the numbers.
    if (object instanceof PickleDict && state instanceof PickleDict) return
    throw new FormatError(`pickle: ${describe(object)} is given a state; the file is damaged`)
  }

  #put(index: number): void {
    this.#memo.set(index, this.#top())
  }

  #get(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw new FormatError(`pickle: value ${index} is used before it is stored; the file is damaged`)
    this.#push(value)
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
