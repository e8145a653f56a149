import { InputError, ShapeError } from '@equivar/core'
import { nameOf, requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { map } from '../tree/map.ts'
import { flatten, sameStructure, structureText, unflatten } from '../tree/structure.ts'
import { callUser } from './user-function.ts'

export interface ScanOptions {
  /** Number of steps; needed where `xs` holds no arrays. */
  readonly length?: number
  /** From the last entry to the first; results keep the order of the entries. Default false. */
  readonly reverse?: boolean
}

/**
 * `(cᵢ₊₁, yᵢ) = f(cᵢ, xᵢ)` for every entry of xs along the first axis: `[c_n, y]` with the results yᵢ along a first axis. Derivatives, maps
 * and programs go through it; in a program the steps stand one behind another, so its size grows with their number.
 *
 * @throws {ShapeError} if arrays of xs differ in their first extent. @throws {InputError} if the carry changes its structure, shapes or dtypes,
 * or there is no step and so no result.
 */
export function scan<C, X, Y>(f: (carry: C, x: X) => readonly [C, Y], initial: C, xs: X, { length, reverse = false }: ScanOptions = {}): [C, Y] {
  const [leaves, structure] = flatten(xs)
  const count = length ?? leaves[0]?.shape[0]
  if (count === undefined) throw new InputError('scan: xs holds no arrays, so the number of steps is not known; pass length')
  for (const leaf of leaves) if (leaf.shape[0] !== count) throw new ShapeError(`scan: ${leaf.toString()} has ${leaf.shape[0] ?? 0} entries for ${count} steps; first extents must agree`)
  if (count === 0) throw new InputError('scan: there is no step, so the results have no shape; call f on one entry at least')
  const entries = leaves.map((leaf) => [...leaf])
  let carry = initial
  const results: (readonly [leaves: DeviceArray[], structure: ReturnType<typeof flatten>[1]])[] = []
  for (let step = 0; step < count; step++) {
    const at = reverse ? count - 1 - step : step
    const x = unflatten(structure, entries.map((own) => own[at])) as X
    const [next, y] = callUser('scan', f, [carry, x])
    requireSame('scan: the carry', carry, next)
    carry = next
    results[at] = flatten(y)
  }
  const [first] = results
  if (!first) throw new InputError('scan: no result')
  for (const [, other] of results)
    if (!sameStructure(first[1], other)) throw new InputError(`scan: one step gave ${structureText(first[1])}, another ${structureText(other)}; results must have one structure`)
  const stacked = first[0].map((_, k) => np.stack(results.flatMap(([own]) => own[k] ?? [])))
  return [carry, unflatten(first[1], stacked) as Y]
}

export interface WhileOptions {
  /** Most steps; the loop is that long in programs, and steps behind its end change nothing. */
  readonly maxIterations: number
}

/**
 * `c ← f(c) while p(c)`, at most `maxIterations` times. The number of steps depends on elements, which a traced function cannot read:
 * so all steps are computed, and those behind the end are not taken. Derivatives, maps and programs go through it, forward and reverse.
 *
 * @throws {InputError} unless p gives one boolean, or if f changes structure, shapes or dtypes of the carry.
 */
export function whileLoop<C>(condition: (carry: C) => DeviceArray, body: (carry: C) => C, initial: C, { maxIterations }: WhileOptions): C {
  if (!(Number.isSafeInteger(maxIterations) && maxIterations >= 0)) throw new InputError(`whileLoop: maxIterations is ${maxIterations}; it must be a non-negative integer`)
  let carry = initial
  let isRunning: DeviceArray | undefined
  for (let step = 0; step < maxIterations; step++) {
    const goesOn = requireBoolean('whileLoop: the condition', callUser('whileLoop', condition, [carry]))
    isRunning = isRunning ? np.logicalAnd(isRunning, goesOn) : goesOn
    const next = callUser('whileLoop', body, [carry])
    requireSame('whileLoop: the carry', carry, next)
    carry = select(isRunning, next, carry)
  }
  return carry
}

/**
 * `condition ? f(x…) : g(x…)`. A boolean of the language decides at once. An array of one boolean decides by element: both functions are
 * computed, and of the one that is not taken neither value nor derivative counts (as long as its derivative is finite).
 *
 * @throws {InputError} unless the condition is one boolean, or if the results differ in structure, shapes or dtypes.
 */
export function cond<A extends unknown[], R>(condition: DeviceArray | boolean, ifTrue: (...args: A) => R, ifFalse: (...args: A) => R, ...args: A): R {
  if (typeof condition === 'boolean') return callUser('cond', condition ? ifTrue : ifFalse, args)
  const isTrue = requireBoolean('cond: the condition', condition)
  const [a, b] = [callUser('cond', ifTrue, args), callUser('cond', ifFalse, args)]
  requireSame('cond: the result', a, b)
  return select(isTrue, a, b)
}

function select<T>(condition: DeviceArray, a: T, b: T): T {
  return map((x, y = x) => np.where(condition, x, y), a, b)
}

function requireBoolean(what: string, x: unknown): DeviceArray {
  const array = requireArray(what, x)
  if (array.dtype !== 'bool' || array.size !== 1) throw new InputError(`${what} is ${array.toString()}, but must be one boolean`)
  return array.ndim === 0 ? (x as DeviceArray) : new DeviceArray(array).reshape([])
}

function requireSame(what: string, before: unknown, after: unknown): void {
  const [[own, structure], [other, otherStructure]] = [flatten(before), flatten(after)]
  if (!sameStructure(structure, otherStructure)) throw new InputError(`${what} was ${structureText(structure)} and is ${structureText(otherStructure)}; it must keep its structure`)
  for (const [i, x] of own.entries()) {
    const y = other[i]
    if (!y || x.dtype !== y.dtype || x.shape.join() !== y.shape.join()) throw new InputError(`${what} was ${x.toString()} and is ${y?.toString() ?? nameOf(y)}; it must keep shapes and dtypes`)
  }
}
