import * as engine from '@equivar/engine'
import type { NDArray } from '@equivar/engine'
import { DeviceArray } from '../array/device-array.ts'
import type { Activation } from './activations.ts'

type EngineActivation = (x: NDArray) => NDArray

const adapted = new WeakMap<Activation, EngineActivation>()

/** `z_k = Φ⁻¹(k / (n + 1))`, k = 1 … n, float64: numbers that divide the normal distribution into equal parts. */
export function normalspace(n: number): DeviceArray<'float64'> {
  return new DeviceArray(engine.array(engine.normalspace(n)))
}

/**
 * `y = f(x) / √E[f(z)²]`, z normal, by 1,000,001 quantiles: of second moment 1. f itself where it is so already, to 1e-5.
 *
 * @throws {InputError} if f is 0, to 1e-5, or does not give one finite number for each.
 */
export function normalizeFunction(f: Activation): Activation {
  const own = adaptedOf(f)
  const scaled = engine.normalizeFunction(own)
  return scaled === own ? f : (x) => new DeviceArray(scaled(x.ndarray))
}

/** 1 where f is even, −1 where it is odd, else 0; looked at on [−10, 10] to 1e-5. */
export function functionParity(f: Activation): -1 | 0 | 1 {
  return engine.functionParity(adaptedOf(f))
}

/** The same function of the engine's arrays, made once, so that what is computed about it is found again. */
function adaptedOf(f: Activation): EngineActivation {
  let own = adapted.get(f)
  if (!own) adapted.set(f, (own = (x) => f(new DeviceArray(x)).ndarray))
  return own
}
