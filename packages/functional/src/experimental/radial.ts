import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { DType, NDArray } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/**
 * `y[…, k − 1] = √(2/c) · (kπ/c) · sinc(kx/c)` = `√(2/c) sin(kπx/c) / x`, k = 1 … n, with its limit at x = 0.
 *
 * Source: Gasteiger et al., arXiv:2003.03123, equation 7.
 */
export function bessel<D extends DType>(x: DeviceArray<D>, n: number, xMax = 1): DeviceArray<D> {
  const array = requireArray('bessel', x)
  const dtype = array.dtype === 'float64' ? 'float64' : 'float32'
  const frequencies = engine.array(Float64Array.from({ length: n }, (_, k) => ((k + 1) * Math.PI) / requireCutoff('bessel', xMax)), { dtype, device: array.device })
  return new DeviceArray(engine.besselBasis(array, frequencies, Math.sqrt(2 / xMax)))
}

/** `f(r) = 1 − (p+1)(p+2)/2 uᵖ + p(p+2) uᵖ⁺¹ − p(p+1)/2 uᵖ⁺²`, u = r / cutoff, 0 beyond it. Source: arXiv:2003.03123, equation 8. */
export function polynomialEnvelope<D extends DType>(r: DeviceArray<D>, cutoff: number, p = 5): DeviceArray<D> {
  return new DeviceArray(engine.polynomialCutoff(requireArray('polynomialEnvelope', r), cutoff, p))
}

/** `y = e^{−1/x}` for x > 0, else 0: smooth everywhere. */
export function sus<D extends DType>(x: DeviceArray<D>): DeviceArray<D> {
  return new DeviceArray(smoothStep(requireArray('sus', x)))
}

/** `y = v · sus(a (1 − x/c)) / sus(a)`: v at 0, smoothly 0 from c on; c = 1, a = 2 and v = 1.2 unless given. */
export function softEnvelope<D extends DType>(x: DeviceArray<D>, xMax = 1, argMultiplicator = 2, valueAtOrigin = 1.2): DeviceArray<D> {
  const array = requireArray('softEnvelope', x)
  const argument = engine.mul(engine.sub(1, engine.div(array, requireCutoff('softEnvelope', xMax))), argMultiplicator)
  return new DeviceArray(engine.mul(smoothStep(argument), valueAtOrigin / Math.exp(-1 / argMultiplicator)))
}

/** `y = 1.14136 e² sus(x + 1) sus(1 − x)`: a smooth bump on (−1, 1). */
export function smoothBump<D extends DType>(x: DeviceArray<D>): DeviceArray<D> {
  const array = requireArray('smoothBump', x)
  return new DeviceArray(engine.mul(engine.mul(smoothStep(engine.add(array, 1)), smoothStep(engine.sub(1, array))), 1.14136 * Math.exp(2)))
}

function smoothStep(x: NDArray): NDArray {
  const isPositive = engine.greater(x, 0)
  return engine.where(isPositive, engine.exp(engine.neg(engine.reciprocal(engine.where(isPositive, x, 1)))), 0)
}

function requireCutoff(what: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) throw new InputError(`${what}: the range is ${value}; it must be positive and finite`)
  return value
}
