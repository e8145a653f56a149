import { InputError } from '@equivar/core'
import { NDArray, stopGradient } from '@equivar/engine'
import { Tensor } from '../tensor/tensor.ts'

/** The tensors of a tree, in order. @throws {InputError} if there is anything but tensors, lists and plain objects. */
export function tensorsIn(tree: unknown): Tensor[] {
  const found: Tensor[] = []
  mapTree(tree, (x) => x instanceof Tensor && found.push(x))
  return found
}

/** A tree of the same structure with other leaves. @throws {InputError} if there is anything but tensors or arrays, lists and plain objects. */
function mapTree(tree: unknown, f: (leaf: Tensor | NDArray) => unknown): unknown {
  if (tree === undefined) return undefined
  if (tree instanceof Tensor || tree instanceof NDArray) return f(tree)
  if (Array.isArray(tree)) return tree.map((item: unknown) => mapTree(item, f))
  if (typeof tree === 'object' && tree !== null && [Object.prototype, null].includes(Object.getPrototypeOf(tree) as object | null))
    return Object.fromEntries(Object.entries(tree).map(([key, item]) => [key, mapTree(item, f)]))
  throw new InputError(`compile: functions take and give tensors, in lists and plain objects, got ${typeof tree === 'object' && tree !== null ? `an object of class ${tree.constructor.name}` : typeof tree}`)
}

/** The arrays of a tree as constants. */
export function constantsOf(tree: unknown): unknown {
  return mapTree(tree, (x) => stopGradient(x instanceof Tensor ? x.array : x))
}

/** Tensors around the arrays of a tree, which they take over. */
export function tensorsOf(tree: unknown, wrap: (array: NDArray) => Tensor = (array) => new Tensor(array)): unknown {
  return mapTree(tree, (x) => (x instanceof Tensor ? x : wrap(x)))
}
