import { InputError, type Irrep, type Irreps } from '@equivar/core'
import * as np from '../numpy/index.ts'
import type { DeviceArray } from '../array/device-array.ts'
import type { Activation } from '../nn/activations.ts'
import { functionParity, normalizeFunction } from '../nn/normalize.ts'
import { IrrepsArray } from '../reps/irreps-array.ts'
import { requireIrreps } from './functions.ts'

/** One function for all segments, one for each (null leaves it as it is), or one for each irrep by its name. */
export type Activations = Activation | readonly (Activation | null)[] | Readonly<Record<string, Activation>>

/**
 * `y = f(x)` on scalars. An even scalar keeps its irrep. An odd one (`0o`) becomes trivial under an even function, stays odd under an odd
 * one, and is refused under any other.
 *
 * @param normalizeActivations whether functions are normalised to second moment 1; default true.
 * @throws {InputError} if a function meets irreps of more than one dimension, or an odd scalar and has no parity.
 */
export function scalarActivation(x: IrrepsArray, activations: Activations, normalizeActivations = true): IrrepsArray {
  const { irreps, layout, leadingShape } = requireIrreps('scalarActivation', x)
  if (isList(activations) && activations.length !== irreps.length)
    throw new InputError(`scalarActivation: ${activations.length} functions for ${irreps.length} segments of '${irreps.toString()}'; pass one for each, null where there is none`)
  let result = irreps.slice(0, 0)
  const segments: DeviceArray[] = []
  for (const [i, segment] of x.segments.entries()) {
    const { mul, ir } = irreps.at(i)
    const f = activationOf(activations, i, ir)
    result = result.add(f ? irrepsAfter(irreps, mul, ir, f) : irreps.slice(i, i + 1))
    segments.push(f ? (normalizeActivations ? normalizeFunction(f) : f)(segment) : segment)
  }
  return segments.length === 0 ? x : IrrepsArray.fromSegments(result, segments, leadingShape, layout)
}

function activationOf(activations: Activations, i: number, ir: Irrep): Activation | undefined {
  if (typeof activations === 'function') return activations
  return (isList(activations) ? activations[i] : activations[ir.toString()]) ?? undefined
}

function irrepsAfter(irreps: Irreps, mul: number, ir: Irrep, f: Activation): Irreps {
  if (ir.dim !== 1) throw new InputError(`scalarActivation: '${ir.toString()}' has ${ir.dim} components; a function of numbers serves scalars only, use a gate or null`)
  if (ir.isTrivial()) return irreps.newScalars(mul)
  const parity = functionParity(f)
  if (parity === 0) throw new InputError(`scalarActivation: the function is neither even nor odd, so its value at '${ir.toString()}' belongs to no irrep; use one that is`)
  return parity === 1 ? irreps.newScalars(mul) : irreps.filter({ keep: ir.toString() }).slice(0, 1).setMul(mul)
}

/**
 * `y = s · v / √(mean over copies of |v|² + ε²)` for every segment: copies of a segment are divided by one number, so their sizes relative
 * to each other stay.
 */
export function normalizeSegments(x: IrrepsArray, { epsilon = 0, scale = 1, skipScalars = false }: NormalizeOptions = {}): IrrepsArray {
  const { irreps, layout, leadingShape } = requireIrreps('normalizeSegments', x)
  if (!(epsilon >= 0)) throw new InputError(`normalizeSegments: ε is ${epsilon}; it must not be negative`)
  const segments = x.segments.map((segment, i) => {
    const { mul, ir } = irreps.at(i)
    if (skipScalars && ir.isScalar()) return segment
    const squared = segment.square().sum({ axes: [-2, -1], keepDims: true }).div(Math.max(1, mul)).add(epsilon * epsilon)
    const isZero = np.equal(squared, 0)
    return segment.mul(scale).div(np.where(isZero, 1, np.where(isZero, 1, squared).sqrt()))
  })
  return segments.length === 0 ? x : IrrepsArray.fromSegments(irreps, segments, leadingShape, layout)
}

export interface NormalizeOptions {
  /** ε, default 0. */
  readonly epsilon?: number
  /** s, default 1. */
  readonly scale?: number
  /** Leave scalars as they are. Default false. */
  readonly skipScalars?: boolean
}

/** `y = x / (√(mean over copies of |x|²) + ε)` for every segment; where the root is 0 it is taken as 1. ε = 0.01 unless given. */
export function layerNorm(x: IrrepsArray, epsilon = 0.01): IrrepsArray {
  const { irreps, layout, leadingShape } = requireIrreps('layerNorm', x)
  const segments = x.segments.map((segment, i) => {
    const squared = segment.square().sum({ axes: [-2, -1], keepDims: true }).div(Math.max(1, irreps.at(i).mul))
    const isZero = np.equal(squared, 0)
    return segment.div(np.where(isZero, 1, np.where(isZero, 1, squared).sqrt()).add(epsilon))
  })
  return segments.length === 0 ? x : IrrepsArray.fromSegments(irreps, segments, leadingShape, layout)
}

function isList(x: Activations): x is readonly (Activation | null)[] {
  return Array.isArray(x)
}
