import * as engine from '@equivar/engine'
import type { Device, DTypeName, Shape } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/** Where random numbers come from: a value, not a state. The same key gives the same numbers, on every device. */
export type Key = DeviceArray<'uint32'>

type FloatDType = engine.FloatDType

/**
 * The key of a seed. Numbers come from Philox4x32-10, a function of key and position: they depend on neither device, threads nor order.
 *
 * @throws {InputError} unless the seed is an integer in 0 … 2⁵³ − 1.
 */
export function key(seed: number, options: { readonly device?: Device } = {}): Key {
  return new DeviceArray(engine.randomKey(seed, options))
}

/**
 * New keys from one, independent of it and of each other. Split a key that is needed again; use each key once.
 *
 * @example
 * const [forWeights, forNoise] = random.split(key)
 */
export function split(key: Key): [Key, Key]
export function split(key: Key, count: number): Key[]
export function split(key: Key, count = 2): Key[] {
  return engine.splitKey(requireArray('split', key), count).map((part) => new DeviceArray(part))
}

/** Numbers of mean 0 and variance 1. */
export function normal<D extends FloatDType = 'float32'>(key: Key, shape: Shape, dtype?: D): DeviceArray<D>
export function normal(key: Key, shape: Shape, dtype?: DTypeName): DeviceArray
export function normal(key: Key, shape: Shape, dtype: DTypeName = 'float32'): DeviceArray {
  return new DeviceArray(engine.randomNormal(shape, { seed: requireArray('normal', key), dtype }))
}

/** Numbers in [low, high), all alike. */
export function uniform<D extends FloatDType = 'float32'>(key: Key, shape: Shape, dtype?: D, low = 0, high = 1): DeviceArray<D> {
  return new DeviceArray(engine.randomUniform(shape, { seed: requireArray('uniform', key), dtype: dtype ?? 'float32', low, high }))
}

/** As many arrays as N says, for destructuring. */
type Rows<N extends number, Found extends readonly DeviceArray<'int32'>[] = readonly []> = Found['length'] extends N ? Found : Found['length'] extends 8 ? readonly DeviceArray<'int32'>[] : Rows<N, readonly [...Found, DeviceArray<'int32'>]>

/**
 * Integers in [low, high), int32. Where the first extent is a literal of at most 8, `const [a, b] = randint(key, [2, n], 0, 9)` has
 * the right types.
 *
 * @throws {InputError} unless low < high are 32-bit integers.
 */
export function randint<const N extends number>(key: Key, shape: readonly [N, number, ...number[]], low: number, high: number): DeviceArray<'int32'> & Rows<N>
export function randint(key: Key, shape: Shape, low: number, high: number): DeviceArray<'int32'>
export function randint(key: Key, shape: Shape, low: number, high: number): DeviceArray<'int32'> {
  return new DeviceArray(engine.randomIntegers(shape, low, high, { seed: requireArray('randint', key) }))
}

/** True with probability p, bool. */
export function bernoulli(key: Key, p: number, shape: Shape): DeviceArray<'bool'> {
  return new DeviceArray(engine.less(engine.randomUniform(shape, { seed: requireArray('bernoulli', key) }), p))
}

/** The integers 0 … n − 1 in random order. */
export function permutation(key: Key, n: number): DeviceArray<'int32'> {
  return new DeviceArray(engine.argsort(engine.randomBits([n], { seed: requireArray('permutation', key) })))
}
