import { FormatError } from '@equivar/core'
import { array, type FloatDType, type NDArray } from '@equivar/engine'
import type { MaceDefinition } from '../definition.ts'

/** The numbers of a model as engine arrays, under mace-torch's state-dict keys, all in one dtype. */
export class Parameters {
  readonly dtype: FloatDType
  readonly #arrays: ReadonlyMap<string, NDArray>
  readonly #prefix: string

  constructor(arrays: ReadonlyMap<string, NDArray>, dtype: FloatDType, prefix = '') {
    this.#arrays = arrays
    this.dtype = dtype
    this.#prefix = prefix
  }

  /** Every floating-point tensor of a definition, converted to `dtype`. */
  static fromDefinition(definition: MaceDefinition, dtype: FloatDType): Parameters {
    const arrays = new Map<string, NDArray>()
    for (const [name, tensor] of definition.tensors)
      if (tensor.dtype === 'float64' || tensor.dtype === 'float32')
        arrays.set(name, array(dtype === 'float64' ? Float64Array.from(tensor.data) : Float32Array.from(tensor.data), { shape: tensor.shape, dtype }))
    return new Parameters(arrays, dtype)
  }

  /** The parameters of a submodule: `at('interactions.0')` sees `interactions.0.linear.weight` as `linear.weight`. */
  at(path: string): Parameters {
    return new Parameters(this.#arrays, this.dtype, `${this.#prefix}${path}.`)
  }

  has(name: string): boolean {
    return this.#arrays.has(this.#prefix + name)
  }

  /** @throws {FormatError} if the model has no such tensor. */
  get(name: string): NDArray {
    const found = this.#arrays.get(this.#prefix + name)
    if (!found) throw new FormatError(`model: tensor '${this.#prefix}${name}' is missing; the file does not hold the whole model`)
    return found
  }

  /** Names and arrays, for optimisers and tests. */
  entries(): IterableIterator<[string, NDArray]> {
    return this.#arrays.entries()
  }

  dispose(): void {
    for (const parameter of this.#arrays.values()) parameter.dispose()
  }
}
