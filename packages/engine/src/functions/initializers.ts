import { InputError, ShapeError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { elementCount, formatShape, normalizeAxis, type Shape } from '../array/shape.ts'
import { scope } from '../memory/scope.ts'
import { mul } from './elementwise.ts'
import { randomNormal, randomUniform, type RandomOptions } from './random.ts'

export interface VarianceScalingOptions extends RandomOptions {
  /** s, default 1. */
  readonly scale?: number
  /** What n is: the number of inputs, of outputs, or the mean of both. Default `'fanIn'`. */
  readonly mode?: 'fanIn' | 'fanOut' | 'fanAverage'
  /** Default `'normal'`. */
  readonly distribution?: 'normal' | 'uniform'
  /** Axis of the inputs and of the outputs; default −2 and −1. Matrices of torch have 1 and 0. All other axes are positions. */
  readonly inAxis?: number
  readonly outAxis?: number
}

/**
 * Random weights of mean 0 and variance s / n, so that a sum over n inputs of unit variance has variance s. LeCun's initialisation is
 * s = 1 with `fanIn`, He's s = 2 with `fanIn`, Glorot's s = 1 with `fanAverage`.
 *
 * Sources: Glorot, Bengio, AISTATS 2010; He et al., arXiv:1502.01852.
 *
 * @throws {ShapeError} if the shape has fewer than two axes, or no elements along one. @throws {InputError} for a scale that is not positive, and as
 * `randomNormal`. @throws {DtypeError} unless the dtype is a float.
 */
export function varianceScaling(shape: Shape, options: VarianceScalingOptions): NDArray {
  const { scale = 1, mode = 'fanIn', distribution = 'normal', inAxis = -2, outAxis = -1, ...random } = options
  if (!(Number.isFinite(scale) && scale > 0)) throw new InputError(`varianceScaling: scale is ${scale}; it must be positive and finite`)
  if (shape.length < 2 || elementCount(shape) === 0) throw new ShapeError(`varianceScaling: shape ${formatShape(shape)} must have two axes or more, with elements along each`)
  const inputs = normalizeAxis('varianceScaling: inAxis', inAxis, shape.length)
  const outputs = normalizeAxis('varianceScaling: outAxis', outAxis, shape.length)
  if (inputs === outputs) throw new ShapeError(`varianceScaling: inAxis and outAxis are both axis ${inputs}`)
  const positions = elementCount(shape) / ((shape[inputs] ?? 1) * (shape[outputs] ?? 1))
  const fanIn = (shape[inputs] ?? 1) * positions
  const fanOut = (shape[outputs] ?? 1) * positions
  const n = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2
  const deviation = Math.sqrt(scale / n)
  if (distribution === 'normal') return scope(() => mul(randomNormal(shape, random), deviation))
  const bound = Math.sqrt(3) * deviation
  return scope(() => randomUniform(shape, { ...random, low: -bound, high: bound }))
}
