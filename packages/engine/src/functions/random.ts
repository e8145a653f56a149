import { InputError } from '@equivar/core'
import { array, defaultDtype } from '../array/create.ts'
import type { Device } from '../array/device.ts'
import { storedDtype, type DTypeName } from '../array/dtype.ts'
import type { NDArray } from '../array/ndarray.ts'
import type { Shape } from '../array/shape.ts'
import { apply } from '../graph/apply.ts'
import type { Distribution } from '../primitives/names.ts'
import { add, mul } from './elementwise.ts'
import { reshape, sliceAxis } from './structure.ts'

const u32 = 2 ** 32

/** Where random numbers come from: a seed, or a key that an array holds. */
export interface RandomSource {
  /** An integer in `0 … 2^53 − 1`, or a key of {@link randomKey} or {@link splitKey}. */
  readonly seed: number | NDArray
  /** Tells apart arrays that are made with one seed, an integer in `0 … 2^53 − 1`; 0 by default. Keys have theirs. */
  readonly stream?: number
  /** With a number as seed; a key has its own. Default: the default device. */
  readonly device?: Device
}

export interface RandomOptions extends RandomSource {
  /** Default: float32. */
  readonly dtype?: DTypeName
}

export interface UniformOptions extends RandomOptions {
  /** Default: 0. */
  readonly low?: number
  /** Default: 1. */
  readonly high?: number
}

/**
 * The key of a seed and a stream, uint32[4]: lower and upper word of the seed, lower and upper word of the stream.
 *
 * A program that is given a key makes other numbers with each; one that holds a seed makes the same at every call.
 *
 * @throws {InputError} unless both are integers in `0 … 2^53 − 1`.
 */
export function randomKey(seed: number, { stream = 0, device }: Pick<RandomSource, 'stream' | 'device'> = {}): NDArray {
  const words = [...wordsOf('seed', seed), ...wordsOf('stream', stream)]
  return array(words, { dtype: 'uint32', ...(device === undefined ? {} : { device }) })
}

/**
 * Keys of their own, uint32[4] each: random words that no array made with `key` holds, by counters that those do not use.
 *
 * @throws {InputError} if the number of keys is no positive integer. @throws {DtypeError} {ShapeError} unless the key is uint32[4].
 * @example
 * const [forWeights, forNoise] = splitKey(key)
 */
export function splitKey(key: NDArray, count = 2): NDArray[] {
  if (!(Number.isSafeInteger(count) && count > 0)) throw new InputError(`splitKey: the number of keys is ${count}, but must be a positive integer`)
  const [words] = apply('random', [key], { shape: [count, 4], distribution: 'keys', dtype: 'uint32' })
  return Array.from({ length: count }, (_, k) => reshape(sliceAxis(words, 0, k, k + 1), [4]))
}

/**
 * Random words of 32 bits, uint32: element i (row-major) is word 0 of Philox4x32-10 with counter (i, 0, stream's lower word, stream's
 * upper word) and key (seed's lower word, seed's upper word). So it depends on nothing but seed, stream and its position, and is the same on
 * every device and any number of threads.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
 *
 * @throws {InputError} if seed or stream are no integers in `0 … 2^53 − 1`, or a stream is given beside a key.
 */
export function randomBits(shape: Shape, source: RandomSource): NDArray {
  return random('randomBits', shape, source, 'bits', 'uint32')
}

/**
 * Uniform numbers in [low, high), u = low + (high − low) v with v of the words of {@link randomBits}: float32 the upper 24 bits of word 0,
 * times 2⁻²⁴; float64 the upper 27 bits of word 0 and 26 of word 1, times 2⁻⁵³. v is the same on every device.
 *
 * @throws {InputError} as {@link randomBits}, or if the range is none. @throws {DtypeError} unless the dtype is a float.
 */
export function randomUniform(shape: Shape, { low = 0, high = 1, dtype = defaultDtype, ...source }: UniformOptions): NDArray {
  if (!(Number.isFinite(high - low) && low < high)) throw new InputError(`randomUniform: the range is ${low} … ${high}, but must be finite, the first below the second`)
  const unit = random('randomUniform', shape, source, 'uniform', dtype)
  const scaled = high - low === 1 ? unit : mul(unit, high - low)
  return low === 0 ? scaled : add(scaled, low)
}

/**
 * Numbers of mean 0 and variance 1: √(−2 log(1 − u)) cos(2π v) (Box and Muller) of uniform u, v as in {@link randomUniform}, of words 0
 * and 1 in float32, of words 0, 1 and 2, 3 in float64. Devices agree but for the rounding of these functions.
 *
 * @throws {InputError} as {@link randomBits}. @throws {DtypeError} unless the dtype is a float.
 */
export function randomNormal(shape: Shape, { dtype = defaultDtype, ...source }: RandomOptions): NDArray {
  return random('randomNormal', shape, source, 'normal', dtype)
}

/**
 * Integers in [low, high), int32: low + ⌊(high − low) w / 2³²⌋ with w of {@link randomBits}. Probabilities are equal to within 2⁻³².
 *
 * @throws {InputError} as {@link randomBits}, or unless low < high are 32-bit integers.
 */
export function randomIntegers(shape: Shape, low: number, high: number, source: RandomSource): NDArray {
  return random('randomIntegers', shape, source, 'integers', 'int32', [low, high])
}

function random(what: string, shape: Shape, source: RandomSource, distribution: Distribution, dtype: DTypeName, range?: readonly [number, number]): NDArray {
  const params = { shape, distribution, dtype: storedDtype(dtype), ...(range ? { range } : {}) }
  return apply('random', [keyOf(what, source)], params)[0]
}

function keyOf(what: string, { seed, stream, device }: RandomSource): NDArray {
  if (typeof seed === 'number') return randomKey(seed, { ...(stream === undefined ? {} : { stream }), ...(device === undefined ? {} : { device }) })
  if (stream !== undefined) throw new InputError(`${what}: a key has a stream of its own; give a stream with a number as seed, or to randomKey`)
  if (device !== undefined && device !== seed.device) throw new InputError(`${what}: the key is on device '${seed.device}', not '${device}'; move it with to()`)
  return seed
}

function wordsOf(name: string, integer: number): readonly [number, number] {
  if (!(Number.isSafeInteger(integer) && integer >= 0)) throw new InputError(`random: ${name} is ${integer}, but must be an integer in 0 … 2^53 − 1`)
  return [integer % u32, Math.floor(integer / u32)]
}
