import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray, ReductionOptions } from '@equivar/engine'

export interface VarianceOptions {
  /** What is subtracted from the number of elements. Default 1. */
  readonly correction?: number
}

/** `Σ (x − mean)² / (n − correction)` over axes. @throws {InputError} unless the divisor is positive. */
export function variance(x: NDArray, options: ReductionOptions, { correction = 1 }: VarianceOptions): NDArray {
  const centre = engine.mean(x, { ...options, keepDims: true })
  const total = engine.sum(engine.square(engine.sub(x, centre)), options)
  const divisor = x.size / centre.size - correction
  if (!(divisor > 0)) throw new InputError(`var: ${x.size / centre.size} elements less a correction of ${correction} leave nothing to divide by`)
  return engine.div(total, divisor)
}

/** Position of the first largest or smallest element along an axis. @throws {InputError} if there are no elements. */
export function extremePosition(what: 'argmax' | 'argmin', x: NDArray, dim: number | undefined): NDArray {
  if (x.size === 0) throw new InputError(`${what}: there are no elements`)
  if (dim === undefined) return extremePosition(what, engine.reshape(x, [x.size]), 0)
  const order = engine.argsort(what === 'argmax' ? engine.neg(x) : x, dim)
  const axis = dim < 0 ? dim + x.ndim : dim
  return engine.reshape(engine.sliceAxis(order, axis, 0, 1), x.shape.filter((_, own) => own !== axis))
}

/** Products along an axis, by halves: without divisions, so with derivatives where factors are 0 too. 1 where there are no elements. */
export function product(x: NDArray, dim: number): NDArray {
  const axis = dim < 0 ? dim + x.ndim : dim
  const others = x.shape.filter((_, own) => own !== axis)
  if (x.shape[axis] === 0) return engine.full(others, 1, x)
  let rest = x
  for (let extent = x.shape[axis] ?? 1; extent > 1; extent = rest.shape[axis] ?? 1) {
    const half = Math.floor(extent / 2)
    const pairs = engine.mul(engine.sliceAxis(rest, axis, 0, half), engine.sliceAxis(rest, axis, half, 2 * half))
    rest = extent % 2 === 0 ? pairs : engine.concatenate([pairs, engine.sliceAxis(rest, axis, 2 * half, extent)], axis)
  }
  return engine.reshape(rest, others)
}

/** Number of elements that are not 0 along an axis, or of all, int32. */
export function countNonzero(x: NDArray, options: ReductionOptions): NDArray {
  return engine.sum(engine.cast(x.dtype === 'bool' ? x : engine.notEqual(x, 0), 'int32'), options)
}
