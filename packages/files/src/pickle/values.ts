/**
 * What an unpickled file consists of: inert records, none of which can run anything.
 *
 * Records may be shared and may contain themselves; readers walk them along a fixed schema, never in general.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleSet
  | PickleBytes
  | PickleGlobal
  | PickleObject
  | StorageRecord
  | TensorRecord

export class PickleTuple {
  readonly items: readonly PickleValue[]

  constructor(items: readonly PickleValue[]) {
    this.items = items
  }
}

export class PickleList {
  readonly items: PickleValue[] = []
}

export class PickleSet {
  readonly items: PickleValue[] = []
}

/** Keys that are strings, numbers or booleans compare by value, all others by identity. */
export class PickleDict {
  readonly entries = new Map<PickleValue, PickleValue>()

  get(key: PickleValue): PickleValue | undefined {
    return this.entries.get(key)
  }
}

/** Bytes as written by protocol 2, a text of which each character is one byte; decoded only when somebody looks. */
export class PickleBytes {
  readonly #source: string | Uint8Array

  constructor(source: string | Uint8Array) {
    this.#source = source
  }

  get bytes(): Uint8Array {
    const source = this.#source
    return typeof source === 'string' ? Uint8Array.from(source, (character) => character.charCodeAt(0)) : source
  }
}

/** A class or function by name. */
export class PickleGlobal {
  readonly module: string
  readonly name: string
  readonly rule: GlobalRule

  constructor(module: string, name: string, rule: GlobalRule) {
    this.module = module
    this.name = name
    this.rule = rule
  }

  get qualifiedName(): string {
    return `${this.module}.${this.name}`
  }
}

/**
 * What may be done with a global that a file names.
 *
 * - `class`: objects of it become {@link PickleObject}s.
 * - `call`: calling it gives the value that `call` returns; `cost` elements are copied by it.
 * - `name`: it may only be mentioned.
 */
export type GlobalRule =
  | { readonly kind: 'class' }
  | { readonly kind: 'call'; readonly call: (args: readonly PickleValue[], charge: (work: number) => void) => PickleValue }
  | { readonly kind: 'name' }

/** An object that is neither made nor understood here: its class, its arguments and its state. */
export class PickleObject {
  readonly type: PickleGlobal
  readonly args: readonly PickleValue[]
  state: PickleValue | undefined = undefined

  constructor(type: PickleGlobal, args: readonly PickleValue[]) {
    this.type = type
    this.args = args
  }
}

/** Element types of torch storages. */
export type StorageType = 'float64' | 'float32' | 'float16' | 'bfloat16' | 'int64' | 'int32' | 'int16' | 'int8' | 'uint8' | 'bool'

/** Numbers in the record `data/<key>` of the archive. */
export class StorageRecord {
  readonly type: StorageType
  readonly key: string
  readonly length: number

  constructor(type: StorageType, key: string, length: number) {
    this.type = type
    this.key = key
    this.length = length
  }
}

/** A strided view of a storage; element (i, j, …) is number `offset + i·strides[0] + j·strides[1] + …` of it. */
export class TensorRecord {
  readonly storage: StorageRecord
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(storage: StorageRecord, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage
    this.offset = offset
    this.shape = shape
    this.strides = strides
  }

  get size(): number {
    return this.shape.reduce((product, n) => product * n, 1)
  }
}

/** One line about a value, for errors. */
export function describe(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value !== 'object') return String(value)
  if (value instanceof PickleTuple) return `a tuple of ${value.items.length}`
  if (value instanceof PickleList) return `a list of ${value.items.length}`
  if (value instanceof PickleSet) return `a set of ${value.items.length}`
  if (value instanceof PickleDict) return `a dict of ${value.entries.size}`
  if (value instanceof PickleBytes) return 'bytes'
  if (value instanceof PickleGlobal) return value.qualifiedName
  if (value instanceof PickleObject) return `a ${value.type.qualifiedName}`
  if (value instanceof TensorRecord) return `a tensor of shape [${value.shape.join(', ')}]`
  return 'a storage'
}
