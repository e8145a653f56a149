import { DimensionError, InputError, ShapeError } from '@equivar/core'
import type { Gathered, NDArray } from '@equivar/engine'
import type { Parameter } from '../module/parameter.ts'
import { Tensor } from '../tensor/tensor.ts'
import { requireIndices } from './operation.ts'
import type { CallOptions } from './options.ts'

/** Weights of one call. */
export interface WeightCall {
  /** External weights: [1, weightNumel] if they are shared, else [rows, weightNumel]. */
  readonly weight?: Tensor | undefined
}

/** Weights may stand in front of options, as in torch. @throws {InputError} if they are given twice. */
export function callOf<O extends WeightCall & CallOptions>(
  what: string,
  weight: Tensor | O | undefined,
  options: O | undefined,
): O | (WeightCall & CallOptions) {
  if (!(weight instanceof Tensor)) return weight ?? options ?? {}
  if (options?.weight) throw new InputError(`${what}: weights were passed twice; pass them once`)
  return { ...options, weight }
}

export interface WeightRequest {
  readonly what: string
  readonly internal: Parameter | undefined
  readonly external: Tensor | undefined
  readonly shared: boolean
  readonly classes: number
  readonly numel: number
  readonly indices?: Tensor | undefined
  /** Of the other inputs. */
  readonly rows: number
}

/**
 * The weights of a call as an operand.
 *
 * @throws {InputError} if they are missing, or passed where the module has its own. @throws {ShapeError} {DimensionError} for another shape.
 */
export function weightOperand(request: WeightRequest): NDArray | Gathered {
  const { what, internal, external, shared, classes, numel, indices, rows } = request
  if (internal && external) throw new InputError(`${what}: weights were passed, but the module has its own; make it with internalWeights: false, or leave them out`)
  const weight: Tensor | undefined = internal ?? external
  if (!weight) throw new InputError(`${what}: weights are missing, for the module has none of its own; pass [${shared ? classes : 'rows'}, ${numel}]`)
  if (weight.ndim !== 2) throw new ShapeError(`${what}: weights have shape [${weight.shape.join(', ')}]; they must be [${shared ? classes : 'rows'}, ${numel}]`)
  if (weight.shape[1] !== numel) throw new DimensionError(`${what}: rows of weights have ${weight.shape[1] ?? 0} numbers, the operation needs ${numel}`)
  const given = weight.shape[0] ?? 0
  if (shared && given !== classes) throw new ShapeError(`${what}: ${given} rows of weights for ${classes}; rows of their own need sharedWeights: false`)
  if (!shared && given !== rows && given !== 1 && rows !== 1) throw new ShapeError(`${what}: ${given} rows of weights for ${rows} rows of inputs`)
  if (!indices) {
    if (classes > 1) throw new InputError(`${what}: ${classes} classes of weights need weightIndices, the class of every row`)
    return weight.array
  }
  if (classes === 1) throw new InputError(`${what}: weightIndices were passed, but there is one class of weights; make the module with weightClasses`)
  requireIndices(what, 'weightIndices', indices)
  if (rows !== 1 && indices.size !== rows) throw new ShapeError(`${what}: ${indices.size} weightIndices for ${rows} rows`)
  return { array: weight.array, indices: indices.array }
}

/** Weights as other libraries store them: without an axis of extent 1, or with one more. */
export function acceptWeights(own: Parameter | undefined, name: string, found: Tensor): Tensor | 'ignore' | undefined {
  if (name !== 'weight' || !own || found.size !== own.size) return undefined
  const without = (shape: readonly number[]) => shape.filter((extent) => extent !== 1).join()
  return without(found.shape) === without(own.shape) ? found.detach().reshape(own.shape) : undefined
}
