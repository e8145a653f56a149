import type { DType, Shape } from '@equivar/engine'
import { InputError } from '@equivar/core'
import type { DeviceArray } from '../array/device-array.ts'
import { ones as onesOf, zeros as zerosOf } from '../numpy/create.ts'
import { normal as standardNormal, type Key } from '../random/index.ts'

/** Makes parameters of a shape from a key. `random.normal` is one. */
export type Initializer = (key: Key, shape: Shape, dtype?: DType) => DeviceArray

/** Zeros, whatever the key. */
export const zeros: Initializer = (_, shape, dtype = 'float32') => zerosOf(shape, { dtype })

/** Ones, whatever the key. */
export const ones: Initializer = (_, shape, dtype = 'float32') => onesOf(shape, { dtype })

/** Numbers of mean 0 and the given standard deviation. @throws {InputError} unless that is positive and finite. */
export function normal(stddev = 1): Initializer {
  if (!(Number.isFinite(stddev) && stddev > 0)) throw new InputError(`normal: the standard deviation is ${stddev}; it must be positive and finite`)
  return (key, shape, dtype) => standardNormal(key, shape, dtype).mul(stddev)
}
