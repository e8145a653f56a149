import { InputError } from '@equivar/core'

/** How values of a class are taken apart into trees, and put together again. */
export interface NodeType<T> {
  /** What varies, and what does not: the latter is part of the structure. */
  flatten(node: T): readonly [children: readonly unknown[], aux: unknown]
  unflatten(aux: unknown, children: readonly unknown[]): T
  /** Text that is equal for equal `aux`. Default: as JSON. */
  key?(aux: unknown): string
  /** `aux` of an entry along an axis of the first child, which has `ndim` axes; throws if there can be none. Default: the same. */
  removeAxis?(aux: unknown, axis: number, ndim: number): unknown
  /** `aux` of entries that were put together along an axis of the first child, which has `ndim` axes then. Default: the same. */
  insertAxis?(aux: unknown, axis: number, ndim: number): unknown
}

/** The same for a class that is known at run time only. */
export type AnyNodeType = NodeType<object>

type Class<T> = abstract new (...args: never[]) => T

const registered = new Map<unknown, AnyNodeType>()

/**
 * Makes objects of a class nodes of trees: transformations look inside of them, and `tree.map` gives objects of the class.
 *
 * @throws {InputError} if the class is registered already.
 * @example
 * tree.registerNode(Layer, { flatten: ({ w, size }) => [[w], size], unflatten: (size, [w]) => new Layer(w, size) })
 */
export function registerNode<T extends object>(type: Class<T>, node: NodeType<T>): void {
  if (registered.has(type)) throw new InputError(`tree.registerNode: the class ${type.name} is registered already; register a class once, where it is defined`)
  registered.set(type, node)
}

/** The type of a node, of its class or the nearest one above it. */
export function nodeTypeOf(x: object): AnyNodeType | undefined {
  for (let prototype: unknown = Object.getPrototypeOf(x); isObject(prototype); prototype = Object.getPrototypeOf(prototype)) {
    const found = registered.get(prototype.constructor)
    if (found) return found
  }
  return undefined
}

function isObject(x: unknown): x is object {
  return typeof x === 'object' && x !== null
}
