import { InternalError } from '@equivar/core'
import { zerosLike } from '../../array/create.ts'
import { isFloat } from '../../array/dtype.ts'
import type { NDArray } from '../../array/ndarray.ts'
import { add } from '../../functions/elementwise.ts'
import type { Maybe } from '../rules.ts'

/** Sum of tangents, where a missing one is zero. */
export function total(...terms: readonly Maybe<NDArray>[]): Maybe<NDArray> {
  return terms.reduce((a, b) => (a && b ? add(a, b) : (a ?? b)), undefined)
}

/** `f(t)`, or nothing where there is no tangent. */
export function linearIn(tangent: Maybe<NDArray>, f: (tangent: NDArray) => Maybe<NDArray>): Maybe<NDArray> {
  return tangent && f(tangent)
}

/** The tangent, or zeros in the shape of its primal. */
export function orZeros(tangent: Maybe<NDArray>, primal: NDArray): NDArray {
  return tangent ?? zerosLike(primal)
}

/** The cotangent of a primitive with one output, which is present whenever its rule runs. */
export function present(cotangent: Maybe<NDArray>): NDArray {
  if (!cotangent) throw new InternalError('a transpose rule ran without a cotangent')
  return cotangent
}

/** Guards rules of products: transposition needs exactly one linear factor. */
export function requireOneLinear(name: string, linear: readonly boolean[]): void {
  if (linear.filter(Boolean).length !== 1) throw new InternalError(`${name} was transposed in ${linear.filter(Boolean).length} factors at once`)
}

export function isDifferentiable(x: NDArray): boolean {
  return isFloat(x.dtype)
}
