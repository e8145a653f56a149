import { DeviceError, InputError, ShapeError } from '@equivar/core'
import { full } from '../array/create.ts'
import { backendOf } from '../array/device.ts'
import { describe, type NDArray } from '../array/ndarray.ts'
import { sameShape } from '../array/shape.ts'
import { applyWhile, condOf, scanOf, traceWhile, willDifferentiate } from '../graph/control-flow.ts'
import { isTracing } from '../graph/tracing.ts'
import { add, less, logicalAnd, where } from './elementwise.ts'
import { stack } from './composed.ts'
import { reshape, slice } from './structure.ts'

/** A function of lists of arrays. */
type Lists = (...inputs: NDArray[]) => readonly NDArray[]

export interface ScanOptions {
  /** Number of steps; needed where there are no rows. */
  readonly length?: number
  /** From the last row to the first; results keep the order of rows. Default false. */
  readonly reverse?: boolean
}

export interface ScanResult {
  /** After the last step. */
  readonly carry: readonly NDArray[]
  /** Of all steps, one behind another along a first axis. */
  readonly results: readonly NDArray[]
}

/**
 * `(cᵢ₊₁, yᵢ) = f(cᵢ, xᵢ)` for every row of xs: `f(…c, …x)` gives the next carries and behind them the results of the step.
 *
 * Arrays with elements are computed step by step. While a function is traced or mapped the scan is one primitive, whose size does not
 * grow with the number of steps; derivatives of it are scans again, in reverse mode with the carries of every step kept.
 *
 * @throws {ShapeError} if first extents of xs differ, or a carry changes its shape. @throws {InputError} if the number of steps is not known.
 */
export function scan(f: Lists, initial: readonly NDArray[], xs: readonly NDArray[], { length, reverse = false }: ScanOptions = {}): ScanResult {
  const count = length ?? xs[0]?.shape[0]
  if (count === undefined) throw new InputError('scan: xs holds no arrays, so the number of steps is not known; pass length')
  if (!(Number.isSafeInteger(count) && count >= 0)) throw new InputError(`scan: length is ${count}; it must be a non-negative integer`)
  for (const x of xs) if (x.shape[0] !== count) throw new ShapeError(`scan: ${describe(x)} has ${x.shape[0] ?? 0} rows for ${count} steps; first extents must agree`)
  const step: Lists = (...arrays) => {
    const made = f(...arrays)
    requireSame('scan: the carry', initial, made.slice(0, initial.length))
    return made
  }
  const asPrimitive = (): ScanResult => {
    const made = scanOf(step, { initial, rows: xs }, { length: count, isReversed: reverse })
    return { carry: made.slice(0, initial.length), results: made.slice(initial.length) }
  }
  if (count === 0 || isTracing() || [...initial, ...xs].some((x) => x.isAbstract)) return asPrimitive()
  let carry = initial
  const results: NDArray[][] = []
  for (let k = 0; k < count; k++) {
    const at = reverse ? count - 1 - k : k
    const made = step(...carry, ...xs.map((x) => rowOf(x, at)))
    // What f closes over is known by shape only.
    if (made.some((x) => x.isAbstract)) return asPrimitive()
    carry = made.slice(0, initial.length)
    for (const [i, x] of made.slice(initial.length).entries()) (results[i] ??= [])[at] = x
  }
  return { carry, results: results.map((list) => stack(list)) }
}

export interface WhileOptions {
  /** Most steps. Derivatives in reverse mode of a traced or mapped loop, and devices whose memory the host does not see, need it. */
  readonly maxIterations?: number
}

/**
 * `c ← f(c) while p(c)`. Arrays with elements are computed step by step, as many as there are. While a function is traced or mapped the
 * loop is one primitive: values and forward mode need no bound. With `maxIterations`, reverse mode goes through as many steps, those behind
 * the end of the loop changing nothing.
 *
 * @throws {InputError} unless p gives one boolean. @throws {ShapeError} if f changes shapes. @throws {DeviceError} where the host cannot see
 * the condition and no bound is given.
 */
export function whileLoop(condition: Lists, body: Lists, initial: readonly NDArray[], { maxIterations }: WhileOptions = {}): readonly NDArray[] {
  if (maxIterations !== undefined && !(Number.isSafeInteger(maxIterations) && maxIterations >= 0))
    throw new InputError(`whileLoop: maxIterations is ${maxIterations}; it must be a non-negative integer`)
  const goesOn = (arrays: readonly NDArray[]): NDArray => requireBoolean('whileLoop: the condition', condition(...arrays)[0])
  const step: Lists = (...arrays) => {
    const next = body(...arrays)
    requireSame('whileLoop: the carry', initial, next)
    return next
  }
  const masked = (length: number): readonly NDArray[] => {
    const [device] = initial.map((x) => x.device)
    const start = full([], 1, { dtype: 'bool', ...(device ? { device } : {}) })
    const one: Lists = (isRunning, ...carry) => {
      const runs = logicalAnd(isRunning, goesOn(carry))
      return [runs, ...selected(runs, step(...carry), carry)]
    }
    return scan(one, [start, ...initial], [], { length }).carry.slice(1)
  }
  const asPrimitive = (): readonly NDArray[] => {
    const traced = traceWhile((...arrays) => [goesOn(arrays)], step, initial)
    if (maxIterations === undefined) {
      requireVisible(initial)
      return applyWhile(traced, initial)
    }
    if (willDifferentiate([...traced.closed, ...initial]) || isRemote(initial)) return masked(maxIterations)
    const [first] = initial
    const all = [full([], 0, { dtype: 'int32', ...(first ? { device: first.device } : {}) }), ...initial]
    const counted: Lists = (count, ...arrays) => [logicalAnd(less(count, maxIterations), goesOn(arrays))]
    return applyWhile(traceWhile(counted, (count, ...arrays) => [add(count, 1), ...step(...arrays)], all), all).slice(1)
  }
  if (isTracing() || initial.some((x) => x.isAbstract)) return asPrimitive()
  let carry = initial
  for (let k = 0; maxIterations === undefined || k < maxIterations; k++) {
    const runs = goesOn(carry)
    if (runs.isAbstract) return asPrimitive()
    const known = elementOf(runs)
    if (known === undefined && maxIterations !== undefined) return masked(maxIterations)
    requireVisible([runs])
    if (known === false) return carry
    carry = step(...carry)
  }
  return carry
}

/**
 * `condition ? f(x…) : g(x…)`. One function is run where the condition is known; while a function is traced it becomes a primitive that runs
 * one of both. Where entries of a map differ in what they choose, and on devices whose memory the host does not see, both are computed, and of
 * the one that is not taken neither value nor derivative counts (as long as its derivative is finite).
 *
 * @throws {InputError} unless the condition is one boolean. @throws {ShapeError} if the results differ in shape or dtype.
 */
export function cond(condition: NDArray, ifTrue: Lists, ifFalse: Lists, operands: readonly NDArray[]): readonly NDArray[] {
  const chosen = requireBoolean('cond: the condition', condition)
  const known = chosen.isAbstract ? undefined : elementOf(chosen)
  if (known !== undefined) return (known ? ifTrue : ifFalse)(...operands)
  let first: readonly NDArray[] | undefined
  const checked =
    (f: Lists): Lists =>
    (...arrays) => {
      const results = f(...arrays)
      first ??= results
      requireSame('cond: the result', first, results)
      return results
    }
  if (!isRemote([chosen])) return condOf(chosen, checked(ifTrue), checked(ifFalse), operands)
  const [a, b] = [checked(ifTrue)(...operands), checked(ifFalse)(...operands)]
  return selected(chosen, a, b)
}

function selected(condition: NDArray, a: readonly NDArray[], b: readonly NDArray[]): readonly NDArray[] {
  return a.map((x, k) => where(condition, x, b[k] ?? x))
}

function rowOf(x: NDArray, at: number): NDArray {
  const [, ...rest] = x.shape
  const none = rest.map(() => 0)
  return reshape(slice(x, [at, ...none], [at + 1, ...rest]), rest)
}

function requireBoolean(what: string, x: NDArray | undefined): NDArray {
  if (x?.dtype !== 'bool' || x.size !== 1) throw new InputError(`${what} is ${x?.toString() ?? 'missing'}, but must be one boolean`)
  return x.ndim === 0 ? x : reshape(x, [])
}

/** The element of one boolean, where the host sees it. */
function elementOf({ value }: NDArray): boolean | undefined {
  const seen = value.storage?.view()
  return seen && seen[0] === 1
}

function isRemote([x]: readonly NDArray[]): boolean {
  const backend = x && backendOf(x.device)
  return backend !== undefined && !backend.view
}

function requireVisible(arrays: readonly NDArray[]): void {
  const [x] = arrays
  if (x && isRemote(arrays))
    throw new DeviceError(`whileLoop: how often it runs is decided by elements on device '${x.device}', whose memory the host does not see; pass maxIterations, or use scan`)
}

function requireSame(what: string, before: readonly NDArray[], after: readonly NDArray[]): void {
  for (const [k, x] of before.entries()) {
    const y = after[k]
    if (!y || x.dtype !== y.dtype || !sameShape(x.shape, y.shape)) throw new ShapeError(`${what} was ${describe(x)} and is ${y ? describe(y) : 'missing'}; it must keep shapes and dtypes`)
  }
  if (after.length !== before.length) throw new ShapeError(`${what} was ${before.length} arrays and is ${after.length}; it must keep its structure`)
}
