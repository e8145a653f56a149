import { DtypeError } from '@equivar/core'
import { isFloat } from '../array/dtype.ts'
import { describe, NDArray } from '../array/ndarray.ts'
import { apply } from './apply.ts'
import { recordedOnly } from './tracing.ts'
import { Value } from './value.ts'

/**
 * The same elements as a new array that derivatives can be taken with respect to: what is computed from it is remembered.
 * If x is tracked already, the result is connected to it, so that derivatives flow on to x.
 *
 * @throws {DtypeError} unless x is float32 or float64.
 */
export function track(x: NDArray): NDArray {
  if (!isFloat(x.dtype)) throw new DtypeError(`track: ${describe(x)} has no derivatives; only float32 and float64 can be tracked`)
  return x.isTracked ? apply('identity', [x], {})[0] : leaf(x, true)
}

/** `y = x` as a constant: derivatives do not flow through. */
export function stopGradient(x: NDArray): NDArray {
  return leaf(x, false)
}

function leaf(x: NDArray, tracked: boolean): NDArray {
  // What has no elements stays connected to what it is a copy of, so that a traced program knows where it comes from.
  if (x.isAbstract) return new NDArray(recordedOnly(tracked ? 'identity' : 'stopGradient', [x.value], {}, x.value, tracked))
  return new NDArray(new Value(x.value, x.value.storage?.retain(), undefined, tracked))
}
