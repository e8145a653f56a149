import * as engine from '@equivar/engine'
import type { DType, NDArray } from '@equivar/engine'
import { requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/** A function of numbers, applied to every element. */
export type Activation = <D extends DType>(x: DeviceArray<D>) => DeviceArray<D>

const activation =
  (name: string, f: (x: NDArray) => NDArray): Activation =>
  (x) =>
    new DeviceArray(f(requireArray(name, x)))

/** `y = x / (1 + e⁻ˣ)`, also called swish. */
export const silu: Activation = /* @__PURE__ */ activation('silu', engine.silu)
/** `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))`, the tanh form. */
export const gelu: Activation = /* @__PURE__ */ activation('gelu', engine.gelu)
/** `y = max(x, 0)`; half of the derivative at 0. */
export const relu: Activation = /* @__PURE__ */ activation('relu', engine.relu)
/** `y = ln(1 + eˣ)` */
export const softplus: Activation = /* @__PURE__ */ activation('softplus', engine.softplus)
/** `y = 1 / (1 + e⁻ˣ)` */
export const sigmoid: Activation = /* @__PURE__ */ activation('sigmoid', engine.sigmoid)
/** `y = tanh x` */
export const tanh: Activation = /* @__PURE__ */ activation('tanh', engine.tanh)
/** `y = x` */
export const identity: Activation = /* @__PURE__ */ activation('identity', engine.identity)
/** `y[…, k] = 1 where indices[…] = k, else 0`. @throws {InputError} if an index is out of range. */
export function oneHot<D extends DType = 'float32'>(indices: DeviceArray, numClasses: number, dtype?: D): DeviceArray<D> {
  return new DeviceArray(engine.oneHot(requireArray('oneHot', indices), numClasses, dtype ?? 'float32'))
}

/** `yᵢ = e^{xᵢ} / Σⱼ e^{xⱼ}` along an axis. */
export function softmax<D extends DType>(x: DeviceArray<D>, axis = -1): DeviceArray<D> {
  const array = requireArray('softmax', x)
  const powers = engine.exp(engine.sub(array, engine.stopGradient(engine.max(array, { axes: axis, keepDims: true }))))
  return new DeviceArray(engine.div(powers, engine.sum(powers, { axes: axis, keepDims: true })))
}
