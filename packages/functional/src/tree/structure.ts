import { InputError } from '@equivar/core'
import { nameOf } from '../array/arguments.ts'
import { isDeviceArray, type DeviceArray } from '../array/device-array.ts'
import { nodeTypeOf, type AnyNodeType } from './registry.ts'

/** What a tree is without its arrays. */
export type TreeStructure =
  | { readonly kind: 'leaf' }
  /** A number, a text, a function, nothing: part of the structure. */
  | { readonly kind: 'static'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly TreeStructure[] }
  | { readonly kind: 'dict'; readonly keys: readonly string[]; readonly items: readonly TreeStructure[] }
  | { readonly kind: 'node'; readonly type: AnyNodeType; readonly aux: unknown; readonly name: string; readonly items: readonly TreeStructure[] }

const leaf: TreeStructure = { kind: 'leaf' }

/**
 * The arrays of a tree, in order, and what is left without them. Lists, plain objects (by sorted keys) and objects of registered classes
 * are nodes; numbers, texts, booleans, functions and nothing are part of the structure.
 *
 * @throws {InputError} if there is anything else.
 */
export function flatten(tree: unknown): readonly [leaves: DeviceArray[], structure: TreeStructure] {
  const leaves: DeviceArray[] = []
  return [leaves, take('tree', tree, leaves)]
}

function take(what: string, tree: unknown, leaves: DeviceArray[]): TreeStructure {
  if (isDeviceArray(tree)) {
    leaves.push(tree)
    return leaf
  }
  if (typeof tree !== 'object' || tree === null) return { kind: 'static', value: tree }
  if (isList(tree)) return { kind: 'list', items: Array.from(tree, (item, i) => take(`${what}[${i}]`, item, leaves)) }
  const type = nodeTypeOf(tree)
  if (type) {
    const [children, aux] = type.flatten(tree)
    const name = tree.constructor.name
    return { kind: 'node', type, aux, name, items: children.map((child, i) => take(`${what}.${name}[${i}]`, child, leaves)) }
  }
  if (isDict(tree)) {
    const keys = Object.keys(tree).sort()
    return { kind: 'dict', keys, items: keys.map((key) => take(`${what}.${key}`, tree[key], leaves)) }
  }
  throw new InputError(`${what} is ${nameOf(tree)}, which is no part of a tree; register its class with tree.registerNode, or convert it with numpy.asarray()`)
}

/** The tree of a structure around other arrays. @throws {InputError} if their number is another. */
export function unflatten(structure: TreeStructure, leaves: readonly unknown[]): unknown {
  let next = 0
  const build = (own: TreeStructure): unknown => {
    switch (own.kind) {
      case 'leaf':
        return leaves[next++]
      case 'static':
        return own.value
      case 'list':
        return own.items.map(build)
      case 'dict':
        return Object.fromEntries(own.items.map((item, i) => [own.keys[i] ?? '', build(item)]))
      case 'node':
        return own.type.unflatten(own.aux, own.items.map(build))
    }
  }
  const tree = build(structure)
  if (next !== leaves.length) throw new InputError(`tree.unflatten: the structure ${structureText(structure)} holds ${next} arrays, got ${leaves.length}`)
  return tree
}

/** The structure as text; leaves are `*`. */
export function structureText(structure: TreeStructure): string {
  switch (structure.kind) {
    case 'leaf':
      return '*'
    case 'static':
      return staticKey(structure.value)
    case 'list':
      return `[${structure.items.map(structureText).join(', ')}]`
    case 'dict':
      return `{${structure.items.map((item, i) => `${structure.keys[i] ?? ''}: ${structureText(item)}`).join(', ')}}`
    case 'node':
      return `${structure.name}<${auxKey(structure)}>(${structure.items.map(structureText).join(', ')})`
  }
}

/** Whether two structures are the same. */
export function sameStructure(a: TreeStructure, b: TreeStructure): boolean {
  return a === b || structureText(a) === structureText(b)
}

function auxKey({ type, aux }: Extract<TreeStructure, { kind: 'node' }>): string {
  return type.key ? type.key(aux) : JSON.stringify(aux)
}

const identities = new WeakMap<object, number>()
let numIdentities = 0

/** Text for an object that is equal to itself only. */
export function identityKey(value: object): string {
  let identity = identities.get(value)
  if (identity === undefined) identities.set(value, (identity = ++numIdentities))
  return `#${identity}`
}

function staticKey(value: unknown): string {
  if (typeof value === 'function') return `function ${value.name}${identityKey(value)}`
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? '-0' : String(value)
}

function isList(x: unknown): x is readonly unknown[] {
  return Array.isArray(x)
}

function isDict(x: object): x is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(x)
  return prototype === Object.prototype || prototype === null
}
