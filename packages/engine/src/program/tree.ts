import { InputError } from '@equivar/core'
import { describe, NDArray } from '../array/ndarray.ts'

/** Arrays in nested lists and plain objects. */
export type ArrayTree = NDArray | readonly ArrayTree[] | { readonly [key: string]: ArrayTree | undefined } | undefined

/** What a tree looks like without its arrays. */
export type Structure =
  | { readonly kind: 'array' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'list'; readonly items: readonly Structure[] }
  | { readonly kind: 'record'; readonly keys: readonly string[]; readonly items: readonly Structure[] }

const array: Structure = { kind: 'array' }
const nothing: Structure = { kind: 'nothing' }

/** Takes the arrays of a tree out, in order. @throws {InputError} if there is anything but arrays, lists and plain objects. */
export function structureOf(what: string, tree: unknown, arrays: NDArray[]): Structure {
  if (tree instanceof NDArray) {
    arrays.push(tree)
    return array
  }
  if (tree === undefined) return nothing
  if (isList(tree)) return { kind: 'list', items: Array.from(tree, (item, i) => structureOf(`${what}[${i}]`, item, arrays)) }
  if (isRecord(tree)) {
    const keys = Object.keys(tree)
    return { kind: 'record', keys, items: keys.map((key) => structureOf(`${what}.${key}`, tree[key], arrays)) }
  }
  throw new InputError(`${what} is ${nameOf(tree)}; programs take and give arrays, lists and plain objects of them`)
}

/** The same for a tree that must look as another one did. @throws {InputError} where it does not. */
export function collect(what: string, structure: Structure, tree: unknown, arrays: NDArray[]): void {
  switch (structure.kind) {
    case 'array':
      if (!(tree instanceof NDArray)) throw differs(what, 'an array', tree)
      arrays.push(tree)
      return
    case 'nothing':
      if (tree !== undefined) throw differs(what, 'undefined', tree)
      return
    case 'list': {
      const { items } = structure
      if (!isList(tree) || tree.length !== items.length) throw differs(what, `a list of ${items.length}`, tree)
      for (let i = 0; i < items.length; i++) collectItem(what, `[${i}]`, items[i], tree[i], arrays)
      return
    }
    case 'record': {
      const { keys, items } = structure
      if (!isRecord(tree)) throw differs(what, `an object of ${keys.join(', ')}`, tree)
      for (let i = 0; i < keys.length; i++) collectItem(what, `.${keys[i] ?? ''}`, items[i], tree[keys[i] ?? ''], arrays)
      for (const key in tree)
        if (!keys.includes(key) && tree[key] !== undefined) throw differs(what, `an object of ${keys.join(', ')}`, tree)
    }
  }
}

function collectItem(what: string, name: string, structure: Structure | undefined, tree: unknown, arrays: NDArray[]): void {
  if (!structure) return
  // The usual case without making a name for messages.
  if (structure.kind === 'array' && tree instanceof NDArray) arrays.push(tree)
  else collect(what + name, structure, tree, arrays)
}

/** A tree of that structure around other leaves, taken in order. */
export function rebuild(structure: Structure, arrays: readonly NDArray[]): unknown {
  let next = 0
  const build = (own: Structure): unknown => {
    switch (own.kind) {
      case 'array':
        return arrays[next++]
      case 'nothing':
        return undefined
      case 'list':
        return own.items.map(build)
      case 'record':
        return Object.fromEntries(own.items.map((item, i) => [own.keys[i] ?? '', build(item)]))
    }
  }
  return build(structure)
}

function differs(what: string, expected: string, found: unknown): InputError {
  return new InputError(`${what} is ${nameOf(found)}, but the program was traced with ${expected}; compile another program for it`)
}

function nameOf(x: unknown): string {
  if (x instanceof NDArray) return `an array ${describe(x)}`
  if (x === null) return 'null'
  if (isList(x)) return `a list of ${x.length}`
  if (typeof x === 'object') return isRecord(x) ? `an object of ${Object.keys(x).join(', ')}` : `an object of class ${x.constructor.name}`
  return typeof x === 'number' || typeof x === 'string' || typeof x === 'boolean' ? `the ${typeof x} ${x}` : `a ${typeof x}`
}

function isList(x: unknown): x is readonly unknown[] {
  return Array.isArray(x)
}

function isRecord(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== 'object' || x === null) return false
  const prototype: unknown = Object.getPrototypeOf(x)
  return prototype === Object.prototype || prototype === null
}
