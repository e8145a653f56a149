import { InputError } from '@equivar/core'
import type { NDArray } from '@equivar/engine'
import { nameOf } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'
import { flatten, sameStructure, structureText, unflatten, type TreeStructure } from '../tree/structure.ts'
import { callUser } from './user-function.ts'

/** A function of lists of the engine's arrays that does what a function of trees does, and the structure of its last result. */
export interface FlatFunction {
  readonly call: (...arrays: NDArray[]) => NDArray[]
  /** @throws {InputError} before the first call. */
  readonly structure: () => TreeStructure
}

/** A function of trees of one structure as one of arrays. */
export function flatFunction(what: string, f: (...args: never[]) => unknown, structure: TreeStructure): FlatFunction {
  let found: TreeStructure | undefined
  return {
    call: (...arrays) => {
      const result = callUser(what, f, treeOf(structure, arrays) as never[])
      const [leaves, own] = flatten(result)
      if (what === 'jit') requireArrays(own)
      if (found && !sameStructure(found, own))
        throw new InputError(`${what}: the function gave ${structureText(found)} at first and ${structureText(own)} now; the structure of its result must not depend on shapes or elements`)
      found = own
      return leaves.map(({ ndarray }) => ndarray)
    },
    structure: () => {
      if (!found) throw new InputError(`${what}: the function was not called`)
      return found
    },
  }
}

/** A program gives arrays: anything else would stay as it was when the function was traced. */
function requireArrays(structure: TreeStructure): void {
  if (structure.kind === 'leaf') return
  if (structure.kind !== 'static') for (const item of structure.items) requireArrays(item)
  else if (structure.value !== undefined && structure.value !== null)
    throw new InputError(`jit: the function gives ${nameOf(structure.value)}, which would stay as it is now for all calls; return arrays, or compute it outside`)
}

/** The tree of a structure around arrays of the engine. */
export function treeOf(structure: TreeStructure, arrays: readonly NDArray[]): unknown {
  return unflatten(structure, arrays.map((array) => new DeviceArray(array)))
}

/** The arrays of a tree. */
export function arraysOf(tree: unknown): NDArray[] {
  return flatten(tree)[0].map(({ ndarray }) => ndarray)
}

/** The arrays of a tree that has to look as another one. @throws {InputError} if it does not. */
export function arraysLike(what: string, tree: unknown, expected: TreeStructure): NDArray[] {
  const [leaves, structure] = flatten(tree)
  if (!sameStructure(structure, expected)) throw new InputError(`${what}: expected a tree ${structureText(expected)}, got ${structureText(structure)}`)
  return leaves.map(({ ndarray }) => ndarray)
}
