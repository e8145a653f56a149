import { ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { DType, NDArray, ReductionOptions } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/** `y = √(Σ_axes x²)`; where all x are 0 the norm and its derivatives are 0. */
export function norm<D extends DType>(x: DeviceArray<D>, options?: ReductionOptions): DeviceArray<D> {
  return new DeviceArray(engine.norm(requireArray('norm', x), options))
}

/**
 * `det a` of (…, n, n) → (…), with derivatives of every order; up to n = 3 also where it is 0. Beyond, by elimination with pivots, whose
 * derivatives need a matrix that has an inverse.
 *
 * @throws {ShapeError} unless the last two axes are equal. @throws {DtypeError} unless a is float.
 */
export function det<D extends DType>(a: DeviceArray<D>): DeviceArray<D> {
  const x = requireMatrices('det', a)
  const n = x.shape.at(-1) ?? 0
  const lead = x.shape.slice(0, -2)
  if (n > 3) return new DeviceArray(eliminated(x, n, 'below').determinant)
  const at = (i: number, j: number) => engine.reshape(entry(entry(x, -2, i), -1, j), lead)
  const minor = (i: number, j: number, k: number, l: number) => engine.sub(engine.mul(at(i, j), at(k, l)), engine.mul(at(i, l), at(k, j)))
  if (n === 0) return new DeviceArray(engine.ones(lead, x))
  if (n === 1) return new DeviceArray(at(0, 0))
  if (n === 2) return new DeviceArray(minor(0, 0, 1, 1))
  const [first, second, third] = [minor(1, 1, 2, 2), minor(1, 0, 2, 2), minor(1, 0, 2, 1)]
  return new DeviceArray(engine.add(engine.sub(engine.mul(at(0, 0), first), engine.mul(at(0, 1), second)), engine.mul(at(0, 2), third)))
}

/**
 * `a⁻¹` of (…, n, n), with derivatives of every order. A matrix without an inverse gives elements that are not finite.
 *
 * @throws as {@link det}.
 */
export function inv<D extends DType>(a: DeviceArray<D>): DeviceArray<D> {
  const x = requireMatrices('inv', a)
  const n = x.shape.at(-1) ?? 0
  const { dtype, device } = x
  const identity = engine.cast(engine.equal(engine.iota([n, n], 0, 'int32', device), engine.iota([n, n], 1, 'int32', device)), dtype)
  return new DeviceArray(solved(x, n, identity, n))
}

/**
 * x with `a x = b`, for a of (…, n, n) and b of (…, n, k), or a vector (n); leading axes broadcast. Elimination with pivots; derivatives of
 * every order. A matrix without an inverse gives elements that are not finite.
 *
 * @throws {ShapeError} if extents do not match. @throws {DtypeError} unless both are of one float dtype.
 */
export function solve<D extends DType>(a: DeviceArray<D>, b: DeviceArray<D>): DeviceArray<D> {
  const x = requireMatrices('solve', a)
  const y = requireArray('solve: b', b)
  const n = x.shape.at(-1) ?? 0
  const right = y.ndim === 1 ? engine.reshape(y, [y.size, 1]) : y
  const columns = right.shape.at(-1) ?? 0
  if (right.shape.at(-2) !== n) throw new ShapeError(`solve: a is ${x.toString()}, b ${y.toString()}; b must have ${n} rows, as a has`)
  const found = solved(x, n, right, columns)
  return new DeviceArray(y.ndim === 1 ? engine.reshape(found, found.shape.slice(0, -1)) : found)
}

function requireMatrices(what: string, a: DeviceArray): NDArray {
  const x = requireArray(what, a)
  const [rows, columns] = x.shape.slice(-2)
  if (x.ndim < 2 || rows !== columns) throw new ShapeError(`${what}: ${x.toString()} is no square matrix, nor a stack of them; its last two axes must be equal`)
  return x
}

function solved(a: NDArray, n: number, b: NDArray, columns: number): NDArray {
  const lead = engine.broadcastShapes('solve', a.shape.slice(0, -2), b.shape.slice(0, -2))
  const both = engine.concatenate([engine.broadcastTo(a, [...lead, n, n]), engine.broadcastTo(b, [...lead, n, columns])], -1)
  return engine.sliceAxis(eliminated(both, n, 'all').reduced, -1, n, n + columns)
}

interface Eliminated {
  /** The identity in the first n columns, if rows above pivots were reduced, too. */
  readonly reduced: NDArray
  readonly determinant: NDArray
}

/** Gauss–Jordan elimination of the first n columns of (…, n, m), in each step with the largest pivot that is left. */
function eliminated(x: NDArray, n: number, rows: 'below' | 'all'): Eliminated {
  const { dtype, device } = x
  const lead = x.shape.slice(0, -2)
  const row = engine.iota([n], 0, 'int32', device)
  const column = engine.reshape(row, [n, 1])
  const asColumn = (vector: NDArray) => engine.reshape(vector, [...vector.shape, 1])
  let reduced = x
  let determinant = engine.ones(lead, { dtype, device })
  for (let k = 0; k < n; k++) {
    const own = engine.reshape(entry(reduced, -1, k), [...lead, n])
    // Rows above have had their turn. Sorting takes the first of equal ones.
    const size = engine.where(engine.less(row, k), -1, engine.abs(engine.stopGradient(own)))
    const best = engine.reshape(entry(engine.argsort(engine.neg(size)), -1, 0), lead)
    const isBest = engine.equal(row, asColumn(best))
    const pivotRow = engine.sum(engine.where(asColumn(isBest), reduced, 0), { axes: -2, keepDims: true })
    const pivot = entry(pivotRow, -1, k)
    const swapped = engine.where(engine.equal(column, k), pivotRow, engine.where(asColumn(isBest), entry(reduced, -2, k), reduced))
    const sign = engine.where(engine.equal(best, k), engine.ones([], { dtype, device }), -1)
    determinant = engine.mul(engine.mul(determinant, sign), engine.reshape(pivot, lead))
    // Without a pivot the determinant is 0, whatever follows.
    const divisor = rows === 'below' ? engine.where(engine.equal(pivot, 0), 1, pivot) : pivot
    const scaled = engine.div(pivotRow, divisor)
    const isDone = rows === 'below' ? engine.lessEqual(column, k) : engine.equal(column, k)
    const factors = engine.where(isDone, 0, entry(swapped, -1, k))
    const others = engine.sub(swapped, engine.mul(factors, scaled))
    reduced = rows === 'below' ? others : engine.where(engine.equal(column, k), scaled, others)
  }
  return { reduced, determinant }
}

/** One entry of an axis, which keeps extent 1. */
function entry(x: NDArray, axis: number, at: number): NDArray {
  return engine.sliceAxis(x, axis, at, at + 1)
}
