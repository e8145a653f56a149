import { InputError } from '@equivar/core'
import type { DeviceArray } from '../array/device-array.ts'
import { flatten, sameStructure, structureText, unflatten, type TreeStructure } from './structure.ts'

/** The arrays of a tree, in order. */
export function leaves(tree: unknown): DeviceArray[] {
  return flatten(tree)[0]
}

/** What a tree is without its arrays. */
export function structure(tree: unknown): TreeStructure {
  return flatten(tree)[1]
}

/**
 * The tree with every array x replaced by `f(x)`, or `f(x, y, …)` with the arrays of other trees of the same structure.
 *
 * @throws {InputError} if structures differ.
 * @example
 * const updated = tree.map((w, g) => w.sub(g.mul(0.1)), params, gradients)
 */
export function map<T>(f: (leaf: DeviceArray, ...others: DeviceArray[]) => DeviceArray, tree: T, ...others: readonly T[]): T {
  const [own, shape] = flatten(tree)
  const rest = others.map((other, k) => {
    const [found, otherShape] = flatten(other)
    if (!sameStructure(shape, otherShape))
      throw new InputError(`tree.map: tree ${k + 1} is ${structureText(otherShape)}, but the first one ${structureText(shape)}; map trees of one structure`)
    return found
  })
  return unflatten(shape, own.map((leaf, i) => f(leaf, ...rest.flatMap((list) => list[i] ?? [])))) as T
}

/** `f(… f(f(initial, x₀), x₁) …)` over the arrays of a tree. */
export function reduce<R>(f: (result: R, leaf: DeviceArray) => R, tree: unknown, initial: R): R {
  return leaves(tree).reduce(f, initial)
}

/** Whether all of the arrays satisfy a predicate. */
export function all(tree: unknown, predicate: (leaf: DeviceArray) => boolean): boolean {
  return leaves(tree).every(predicate)
}
