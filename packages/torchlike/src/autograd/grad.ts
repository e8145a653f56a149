import * as engine from '@equivar/engine'
import { Tensor } from '../tensor/tensor.ts'
import type { PassOptions } from './backward.ts'
import { intercept, letGo } from './graph.ts'

export interface GradOptions extends PassOptions {
  /** Derivatives of something with respect to every output; 1 unless given, which needs outputs of one element. */
  readonly gradOutputs?: Tensor | readonly Tensor[]
  /** Zeros for an input that no output depends on, instead of an error. Default false. */
  readonly allowUnused?: boolean
}

/** At least one tensor, and as many results as inputs. */
export type Gradients<Inputs extends readonly Tensor[]> = { [K in keyof Inputs]: Tensor }

/**
 * `g_i = Σ_k (∂ outputs_k / ∂ inputs_i)ᵀ gradOutputs_k`, without touching `.grad`. With `createGraph` the results can be differentiated
 * again: forces in a loss, Hessians. Else the graph is let go, and tensors keep their elements.
 *
 * @throws {InputError} if derivatives by an input cannot be taken, or no output depends on it (unless `allowUnused`). @throws {ShapeError} if a
 * gradient is missing for an output of more than one element, or has another shape.
 * @example
 * const [gradient] = grad(energy, [positions], { createGraph: true })
 * const forces = gradient.neg()
 */
export function grad<const Inputs extends readonly [Tensor, ...Tensor[]]>(
  outputs: Tensor | readonly Tensor[],
  inputs: Inputs,
  options?: GradOptions,
): Gradients<Inputs>
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options?: GradOptions): Tensor[]
export function grad(outputs: Tensor | readonly Tensor[], inputs: readonly Tensor[], options: GradOptions = {}): Tensor[] {
  const { createGraph = false, retainGraph = createGraph, allowUnused = false, gradOutputs } = options
  const roots = outputs instanceof Tensor ? [outputs] : outputs
  for (const [k, root] of roots.entries()) root.requireGraph(`grad: output ${k}`)
  for (const [i, input] of inputs.entries()) input.requireGraph(`grad: input ${i}`)
  const cotangents = gradOutputs instanceof Tensor ? [gradOutputs] : gradOutputs
  const arrays = roots.map(({ array }) => array)
  const gradients = engine.grad(
    arrays,
    inputs.map(({ array }) => array),
    { createGraph, allowUnused, intercept, ...(cotangents ? { cotangents: cotangents.map(({ array }) => array) } : {}) },
  )
  const results = gradients.map((gradient) => new Tensor(gradient))
  if (!retainGraph) letGo(arrays)
  return results
}
