import { InputError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { scope } from '../memory/scope.ts'
import { grad, pushforward } from './differentiate.ts'
import { withRecording } from './mode.ts'
import { stopGradient, track } from './track.ts'

/** A pure function of arrays with one result. */
export type ArrayFunction = (...inputs: NDArray[]) => NDArray

export interface TransformationOptions {
  /**
   * Keep results differentiable with respect to arrays outside of the transformed function. By default they are where the
   * inputs are tracked, or inside another transformation.
   */
  readonly createGraph?: boolean
  /** Zeros instead of an error where the result does not depend on an input. Default false. */
  readonly allowUnused?: boolean
}

let depth = 0

/**
 * Calls `use` with tracked copies of the inputs, in recording mode and in a scope: what transformations are made of. `createGraph` says
 * whether results have to stay differentiable with respect to arrays outside; others are to be handed out by `stopGradient`.
 *
 * @throws {DtypeError} unless all inputs are floats.
 */
export function withTracked<R>(inputs: readonly NDArray[], options: TransformationOptions, use: (tracked: NDArray[], createGraph: boolean) => R): R {
  const createGraph = options.createGraph ?? (depth > 0 || inputs.some((input) => input.isTracked))
  depth++
  try {
    return scope(() => withRecording(true, () => use(inputs.map(track), createGraph)))
  } finally {
    depth--
  }
}

/** {@link withTracked} for a function with one result. */
function transformed<R>(
  inputs: readonly NDArray[],
  f: ArrayFunction,
  options: TransformationOptions,
  use: (tracked: readonly NDArray[], output: NDArray, createGraph: boolean) => R,
): R {
  return withTracked(inputs, options, (tracked, createGraph) => use(tracked, f(...tracked), createGraph))
}

/**
 * Vector–Jacobian product: `vjp(f)([x…], ct)` gives `y = f(x…)` and `g_i = (∂y/∂x_i)ᵀ ct`.
 * Without `ct` the output must have one element.
 */
export function vjp(f: ArrayFunction, options: TransformationOptions = {}) {
  return (inputs: readonly NDArray[], cotangent?: NDArray): { readonly output: NDArray; readonly gradients: readonly NDArray[] } =>
    transformed(inputs, f, options, (tracked, output, createGraph) => ({
      gradients: grad(output, tracked, {
        createGraph,
        allowUnused: options.allowUnused ?? false,
        ...(cotangent ? { cotangents: cotangent } : {}),
      }),
      output: createGraph ? output.share() : stopGradient(output),
    }))
}

/** Jacobian–vector product: `jvp(f)([x…], [t…])` gives `y = f(x…)` and `Σ_i (∂y/∂x_i) t_i`. */
export function jvp(f: ArrayFunction, options: TransformationOptions = {}) {
  return (inputs: readonly NDArray[], tangents: readonly NDArray[]): { readonly output: NDArray; readonly tangent: NDArray } =>
    transformed(inputs, f, options, (tracked, output, createGraph) => {
      const [tangent] = pushforward([output], tracked, tangents, { createGraph, allowUnused: options.allowUnused ?? false })
      if (!tangent) throw new InputError('jvp: the function returned nothing')
      return { tangent, output: createGraph ? output.share() : stopGradient(output) }
    })
}

/** `Σ_j (∂²y / ∂x_i ∂x_j) v_j` of a function with a one-element result: forward over reverse mode, no Hessian is formed. */
export function hessianVectorProduct(f: ArrayFunction, options: TransformationOptions = {}) {
  return (inputs: readonly NDArray[], vectors: readonly NDArray[]): NDArray[] =>
    transformed(inputs, f, options, (tracked, output, createGraph) => {
      const gradients = grad(output, tracked, { createGraph: true, allowUnused: options.allowUnused ?? false })
      // A gradient that is constant in all inputs has a zero row in the Hessian; that is no mistake of the caller.
      return pushforward(gradients, tracked, vectors, { createGraph, allowUnused: true })
    })
}
