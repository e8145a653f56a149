import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { MethodChoice } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { Operation } from './operation.ts'
import type { CallOptions, OperationOptions } from './options.ts'

/**
 * `y[…, l, m] = Y_{l m}(v)` for each l in `ls`, side by side: real harmonics with Σ_m Y² = 2l + 1 on the unit sphere, polar axis y,
 * Y_1 = √3 (x, y, z). A zero vector gives 0 for l ≥ 1.
 *
 * @throws {ShapeError} unless the last axis of the vectors has extent 3. @throws {InputError} for a malformed `ls`.
 */
export function sphericalHarmonics(ls: readonly number[], vectors: Tensor, options: engine.SphericalHarmonicsOptions = {}): Tensor {
  return compute(() => engine.sphericalHarmonics(ls, vectors.array, options))
}

export interface SphericalHarmonicsModuleOptions extends OperationOptions {
  /** Degrees, ascending. */
  readonly ls: readonly number[]
  /** Evaluate at v / |v|. Default true. */
  readonly normalize?: boolean
}

/**
 * {@link sphericalHarmonics} as a module, `forward(vectors, { useFallback? })`: [rows, 3] → [rows, Σ (2l + 1)].
 *
 * @throws {InputError} unless the degrees are ascending integers.
 */
export class SphericalHarmonics extends Operation {
  readonly ls: readonly number[]
  readonly normalize: boolean

  constructor(options: SphericalHarmonicsModuleOptions) {
    super(options)
    const { ls, normalize = true } = options
    if (ls.length === 0 || !ls.every((l, i) => Number.isSafeInteger(l) && l > (ls[i - 1] ?? -1)))
      throw new InputError(`SphericalHarmonics: ls [${ls.join(', ')}] must be ascending integers from 0 on`)
    this.ls = Object.freeze([...ls])
    this.normalize = normalize
  }

  /** @throws {ShapeError} unless the vectors are rows of 3. @throws {DtypeError} if they have another dtype than the module. */
  forward(vectors: Tensor, { useFallback }: CallOptions = {}): Tensor {
    this.requireDtype('vectors', vectors)
    const run = () => engine.sphericalHarmonics(this.ls, engine.cast(vectors.array, this.mathDtype ?? this.dtype), { normalize: this.normalize })
    const method = useFallback === undefined ? this.method : useFallback ? 'naive' : this.compiledMethod()
    return compute(() => engine.cast(method === 'auto' ? run() : engine.withMethod(method, run), this.dtype))
  }

  protected override compiledMethod(): MethodChoice {
    return 'uniform_1d'
  }

  protected override describe(): string {
    return `l = ${this.ls.join(', ')}${this.normalize ? '' : ', not normalised'}`
  }
}
