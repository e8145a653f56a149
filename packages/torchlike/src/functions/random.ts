import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import { defaultDevice, type Device, type NDArray, type Shape } from '@equivar/engine'
import { defaultDtype } from '../autograd/defaults.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { MakeOptions } from './create.ts'

/** Where random numbers come from: a seed, and how many tensors were made with it so far. In compiled functions each call goes on. */
export class Generator {
  readonly #seed: number
  readonly #keys = new Map<Device, Tensor>()

  /** @throws {InputError} unless the seed is an integer in `0 … 2^53 − 1`. */
  constructor(seed: number) {
    if (!(Number.isSafeInteger(seed) && seed >= 0)) throw new InputError(`Generator: the seed is ${seed}; it must be an integer in 0 … 2^53 − 1`)
    this.#seed = seed
  }

  /** The key of the next tensor on a device, as the engine's random functions take it. */
  next(device: Device = defaultDevice()): NDArray {
    const key = this.key(device)
    const now = key.array.share()
    const one = engine.array([0, 0, 1, 0], { dtype: 'uint32', device })
    key.replace(engine.add(now, one))
    one.dispose()
    return now
  }

  /** What is advanced: seed and number of tensors. To resume, keep it by `await generator.key().data()` and give it back by `copy_`. */
  key(device: Device = defaultDevice()): Tensor {
    const known = this.#keys.get(device)
    if (known) return known
    const made = engine.unscoped(() => new Tensor(engine.randomKey(this.#seed, { device })))
    this.#keys.set(device, made)
    return made
  }
}

let standard = new Generator(0)

/** From here on random tensors come from this seed; 0 unless set. @throws {InputError} unless it is an integer in `0 … 2^53 − 1`. */
export function manualSeed(seed: number): Generator {
  standard = new Generator(seed)
  return standard
}

/** What random functions use where none is given. */
export function defaultGenerator(): Generator {
  return standard
}

export interface RandomTensorOptions extends MakeOptions {
  /** Default: that of {@link manualSeed}. */
  readonly generator?: Generator
}

/** Uniform numbers in [0, 1). @throws {DtypeError} unless the dtype is a float. */
export function rand(shape: Shape, options: RandomTensorOptions = {}): Tensor {
  return drawn(options, (source) => engine.randomUniform(shape, { ...source, dtype: options.dtype ?? defaultDtype() }))
}

/** Numbers of mean 0 and variance 1. @throws {DtypeError} unless the dtype is a float. */
export function randn(shape: Shape, options: RandomTensorOptions = {}): Tensor {
  return drawn(options, (source) => engine.randomNormal(shape, { ...source, dtype: options.dtype ?? defaultDtype() }))
}

/** Integers in [low, high), int32 unless another dtype is named. @throws {InputError} unless low < high are 32-bit integers. */
export function randint(low: number, high: number, shape: Shape, options: RandomTensorOptions = {}): Tensor {
  return drawn(options, (source) => engine.cast(engine.randomIntegers(shape, low, high, source), options.dtype ?? 'int32'))
}

/** The integers 0 … n − 1 in random order, int32. */
export function randperm(n: number, options: RandomTensorOptions = {}): Tensor {
  return drawn(options, (source) => engine.argsort(engine.randomUniform([n], { ...source, dtype: 'float32' })))
}

function drawn({ generator = standard, device, requiresGrad = false }: RandomTensorOptions, f: (source: { readonly seed: NDArray }) => NDArray): Tensor {
  return new Tensor(engine.scope(() => f({ seed: generator.next(device) })), { requiresGrad })
}
