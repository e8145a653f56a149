import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray } from '@equivar/engine'
import { nameOf, requireArray } from '../array/arguments.ts'
import type { DeviceArray } from '../array/device-array.ts'
import { flatten, sameStructure, structureText, type TreeStructure } from '../tree/structure.ts'
import { treeOf } from './trees.ts'
import { callUser } from './user-function.ts'

export interface ScanOptions {
  /** Number of steps; needed where `xs` holds no arrays. */
  readonly length?: number
  /** From the last entry to the first; results keep the order of the entries. Default false. */
  readonly reverse?: boolean
}

/**
 * `(cᵢ₊₁, yᵢ) = f(cᵢ, xᵢ)` for every entry of xs along the first axis: `[c_n, y]` with the results yᵢ along a first axis. Derivatives, maps
 * and programs go through it. In programs and maps f is run once, and the loop is one step, however long it is.
 *
 * @throws {ShapeError} if arrays of xs differ in their first extent. @throws {InputError} if the carry changes its structure, shapes or dtypes,
 * results differ in structure, or the number of steps is not known.
 */
export function scan<C, X, Y>(f: (carry: C, x: X) => readonly [C, Y], initial: C, xs: X, options: ScanOptions = {}): [C, Y] {
  const [carries, carryStructure] = flatten(initial)
  const [rows, rowStructure] = flatten(xs)
  const results = resultStructure('scan: one step gave')
  const step = (...arrays: NDArray[]): NDArray[] => {
    const made: unknown = callUser('scan', f, [treeOf(carryStructure, arrays.slice(0, carries.length)) as C, treeOf(rowStructure, arrays.slice(carries.length)) as X])
    if (!isPair(made)) throw new InputError(`scan: the function must give [carry, result], got ${nameOf(made)}`)
    const [next, y] = made
    const [leaves, own] = flatten(next)
    requireSame('scan: the carry', carries, carryStructure, leaves, own)
    return [...arraysIn(leaves), ...results.arraysOf(y)]
  }
  const { carry, results: stacked } = engine.scan(located('scan', step), arraysIn(carries), arraysIn(rows), options)
  return [treeOf(carryStructure, carry) as C, treeOf(results.structure(), stacked) as Y]
}

export interface WhileOptions {
  /**
   * Most steps. Needed for reverse mode inside of `jit` and `vmap`, where all of them are computed and those behind the end of the loop
   * change nothing, and on devices whose memory the host does not see.
   */
  readonly maxIterations?: number
}

/**
 * `c ← f(c) while p(c)`. Outside of programs and maps it runs as often as it has to, derivatives included. In them it is a loop that ends
 * by itself, for values and forward mode; in a map it runs as long as one entry goes on.
 *
 * @throws {InputError} unless p gives one boolean, if f changes structure, shapes or dtypes of the carry, or in reverse mode of a loop in a
 * program or map without `maxIterations`. @throws {DeviceError} without `maxIterations` where the host does not see the device's memory.
 */
export function whileLoop<C>(condition: (carry: C) => DeviceArray, body: (carry: C) => C, initial: C, options: WhileOptions = {}): C {
  const [carries, structure] = flatten(initial)
  const tree = (arrays: readonly NDArray[]): C => treeOf(structure, arrays) as C
  const goesOn = (...arrays: NDArray[]): NDArray[] => [requireArray('whileLoop: the condition', callUser('whileLoop', condition, [tree(arrays)]))]
  const step = (...arrays: NDArray[]): NDArray[] => {
    const [leaves, own] = flatten(callUser('whileLoop', body, [tree(arrays)]))
    requireSame('whileLoop: the carry', carries, structure, leaves, own)
    return arraysIn(leaves)
  }
  return tree(engine.whileLoop(located('whileLoop', goesOn), located('whileLoop', step), arraysIn(carries), options))
}

/**
 * `condition ? f(x…) : g(x…)`. Where the condition is known, one function is run; in a program it is a branch that runs one of both. Where
 * entries of a map choose differently, and on devices whose memory the host does not see, both are computed, and of the one that is not
 * taken neither value nor derivative counts (as long as its derivative is finite).
 *
 * @throws {InputError} unless the condition is one boolean, or if the results differ in structure. @throws {ShapeError} if they differ in
 * shapes or dtypes.
 */
export function cond<A extends unknown[], R>(condition: DeviceArray | boolean, ifTrue: (...args: A) => R, ifFalse: (...args: A) => R, ...args: A): R {
  if (typeof condition === 'boolean') return callUser('cond', condition ? ifTrue : ifFalse, args)
  const [leaves, structure] = flatten(args)
  const results = resultStructure('cond: one function gave')
  const branch =
    (f: (...own: A) => R) =>
    (...arrays: NDArray[]): NDArray[] =>
      results.arraysOf(callUser('cond', f, treeOf(structure, arrays) as A))
  const found = engine.cond(requireArray('cond: the condition', condition), located('cond', branch(ifTrue)), located('cond', branch(ifFalse)), arraysIn(leaves))
  return treeOf(results.structure(), found) as R
}

/** What a user's function gives is checked behind it: errors say where it was passed. */
function located(what: string, f: (...arrays: NDArray[]) => NDArray[]): (...arrays: NDArray[]) => NDArray[] {
  return (...arrays) => callUser(what, f, arrays)
}

/** Results of several calls, which must have one structure. */
function resultStructure(what: string) {
  let found: TreeStructure | undefined
  return {
    arraysOf(tree: unknown): NDArray[] {
      const [leaves, own] = flatten(tree)
      found ??= own
      if (!sameStructure(found, own)) throw new InputError(`${what} ${structureText(found)}, another ${structureText(own)}; results must have one structure`)
      return arraysIn(leaves)
    },
    structure(): TreeStructure {
      if (!found) throw new InputError(`${what} nothing`)
      return found
    },
  }
}

function isPair(x: unknown): x is readonly [unknown, unknown] {
  return Array.isArray(x) && x.length === 2
}

function arraysIn(leaves: readonly DeviceArray[]): NDArray[] {
  return leaves.map(({ ndarray }) => ndarray)
}

function requireSame(what: string, before: readonly DeviceArray[], structure: TreeStructure, after: readonly DeviceArray[], other: TreeStructure): void {
  if (!sameStructure(structure, other)) throw new InputError(`${what} was ${structureText(structure)} and is ${structureText(other)}; it must keep its structure`)
  for (const [i, x] of before.entries()) {
    const y = after[i]
    if (x.dtype !== y?.dtype || x.shape.join() !== y.shape.join()) throw new InputError(`${what} was ${x.toString()} and is ${y?.toString() ?? 'missing'}; it must keep shapes and dtypes`)
  }
}
