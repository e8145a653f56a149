import { InputError, Irreps, type EquivariantPolynomial, type IrrepsLike } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import type { DType } from '@equivar/engine'
import type { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { equivariantPolynomial, equivariantTensorProduct } from '../polynomial/equivariant-polynomial.ts'
import type { Repeats } from '../polynomial/indexing.ts'
import { normal, split, type Key } from '../random/index.ts'
import type { IrrepsArray } from '../reps/irreps-array.ts'

export interface LinearOptions {
  /** Factor of the result. Default 1. */
  readonly scale?: number
}

/** One matrix (copies in, copies out) for every irrep that both sides have, by its name. */
export type IrrepsLinearParams = Readonly<Record<string, DeviceArray>>

/**
 * `y[v] = s / √m · Σ_u w[u, v] x[u]` for every irrep, m the number of its copies in x. Irreps of both sides are regrouped.
 *
 * @example
 * const layer = new IrrepsLinear(x.irreps, new Irreps('O3', '8x0e + 4x1o'))
 * const y = layer.apply(layer.init(random.key(0)), x)
 */
export class IrrepsLinear {
  readonly irrepsIn: Irreps
  readonly irrepsOut: Irreps
  readonly #descriptor: EquivariantPolynomial
  readonly #scale: number

  /** @throws {GroupMismatchError} if the irreps belong to different groups. */
  constructor(irrepsIn: IrrepsLike, irrepsOut: IrrepsLike, { scale = 1 }: LinearOptions = {}) {
    this.irrepsIn = new Irreps(irrepsIn).regroup()
    this.irrepsOut = new Irreps(irrepsOut).regroup()
    this.#descriptor = descriptors.linear(this.irrepsIn, this.irrepsOut)
    this.#scale = scale
  }

  /** N(0, 1) all of them. */
  init(key: Key, dtype: DType = 'float32'): IrrepsLinearParams {
    const shared = this.#shared()
    const keys = split(key, Math.max(1, shared.length))
    return Object.fromEntries(shared.map(({ name, shape }, k) => [name, normal(keys[k] ?? key, shape, dtype)]))
  }

  /** @throws {InputError} if the irreps of x are others, or a matrix is missing. */
  apply(params: IrrepsLinearParams, x: IrrepsArray): IrrepsArray {
    const input = regrouped('IrrepsLinear', x, this.irrepsIn)
    const weights = this.#shared().map(({ name, shape }) => {
      const w = params[name]
      if (w?.shape.join() !== shape.join()) throw new InputError(`IrrepsLinear: the matrix of '${name}' is ${w?.toString() ?? 'missing'}, expected shape [${shape.join(', ')}]; pass what init gives`)
      return w.reshape([-1])
    })
    const flat = weights.length === 0 ? np.zeros([0], { dtype: input.dtype }) : np.concatenate(weights)
    return equivariantTensorProduct(this.#descriptor, flat, input).mul(this.#scale)
  }

  #shared(): { readonly name: string; readonly shape: readonly [number, number] }[] {
    return this.irrepsIn.segments.flatMap(({ mul, ir }) => {
      const copies = this.irrepsOut.count(ir)
      return copies === 0 ? [] : [{ name: ir.toString(), shape: [mul, copies] as const }]
    })
  }
}

/**
 * {@link IrrepsLinear} with one set of weights for each index (a species): `y = s / √n · linear(w[index], x)`. Weights are one array
 * (indices, numbers of a set).
 */
export class IrrepsIndexedLinear {
  readonly irrepsIn: Irreps
  readonly irrepsOut: Irreps
  readonly numIndices: number
  readonly #descriptor: EquivariantPolynomial
  readonly #scale: number

  /** @throws {GroupMismatchError} if the irreps belong to different groups. @throws {InputError} unless there are indices. */
  constructor(irrepsIn: IrrepsLike, irrepsOut: IrrepsLike, numIndices: number, { scale = 1 }: LinearOptions = {}) {
    if (!(Number.isSafeInteger(numIndices) && numIndices > 0)) throw new InputError(`IrrepsIndexedLinear: the number of indices is ${numIndices}; it must be a positive integer`)
    this.irrepsIn = new Irreps(irrepsIn).regroup()
    this.irrepsOut = new Irreps(irrepsOut).regroup()
    this.numIndices = numIndices
    this.#descriptor = descriptors.linear(this.irrepsIn, this.irrepsOut)
    this.#scale = scale / Math.sqrt(numIndices)
  }

  /** N(0, 1), of shape (indices, numbers of a set). */
  init(key: Key, dtype: DType = 'float32'): DeviceArray {
    return normal(key, [this.numIndices, this.#descriptor.inputs[0].dim], dtype)
  }

  /**
   * @param index the index of every row of x, or how many rows belong to each where they are sorted.
   * @throws {InputError} if the irreps of x are others, or an index is out of range.
   */
  apply(params: DeviceArray, x: IrrepsArray, index: DeviceArray | Repeats): IrrepsArray {
    const input = regrouped('IrrepsIndexedLinear', x, this.irrepsIn)
    const [result] = equivariantPolynomial(this.#descriptor, [params, input], [{ shape: [...input.leadingShape, -1], dtype: input.dtype }], [index, null, null])
    return (result as IrrepsArray).mul(this.#scale)
  }
}

function regrouped(what: string, x: IrrepsArray, irreps: Irreps): IrrepsArray {
  const input = x.regroup().changeLayout('ir_mul')
  if (!input.irreps.equals(irreps)) throw new InputError(`${what}: made for the irreps '${irreps.toString()}', got '${x.irreps.toString()}'`)
  return input
}
