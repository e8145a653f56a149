import { InputError } from '@equivar/core'
import { cast, scope } from '@equivar/engine'
import type { Tensor } from '../tensor/tensor.ts'

/** Numbers by name. */
export type StateDict = ReadonlyMap<string, Tensor>

export interface LoadOptions {
  /** Refuse names that are missing or unknown. Default true. */
  readonly strict?: boolean
}

export interface LoadReport {
  /** Names that the module has and the state does not. */
  readonly missing: readonly string[]
  /** Names that the state has and the module does not. */
  readonly unexpected: readonly string[]
}

/**
 * What modules of e3nn and of the reference's plain methods store beside their numbers: Clebsch–Gordan coefficients, coefficients of paths,
 * masks, and parameters without elements.
 */
function isConstant(name: string, { size }: Tensor): boolean {
  return /(?:^|\.)(?:output_mask|_w3j_\d+_\d+_\d+|graphs\.\d+\.graph\.c\d+)$/.test(name) || (size === 0 && /(?:^|\.)(?:weight|bias)$/.test(name))
}

/** Copies the entries of a state into tensors, if all fit. */
export function loadInto(
  what: string,
  own: readonly (readonly [string, Tensor])[],
  state: StateDict,
  { strict = true }: LoadOptions,
  accept: (name: string, found: Tensor) => Tensor | 'ignore' | undefined,
): LoadReport {
  const targets = new Map(own)
  const unexpected: string[] = []
  const misshaped: string[] = []
  const loaded = new Map<string, Tensor>()
  for (const [name, found] of state) {
    const accepted = accept(name, found) ?? found
    if (accepted === 'ignore') continue
    const target = targets.get(name)
    if (!target && isConstant(name, found)) continue
    if (!target) unexpected.push(name)
    else if (target.shape.join() !== accepted.shape.join()) misshaped.push(`${name} [${accepted.shape.join(', ')}] for [${target.shape.join(', ')}]`)
    else loaded.set(name, accepted)
  }
  const missing = [...targets.keys()].filter((name) => !loaded.has(name) && !state.has(name))
  const problems = [
    ...(strict && missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
    ...(strict && unexpected.length > 0 ? [`unknown: ${unexpected.join(', ')}`] : []),
    ...(misshaped.length > 0 ? [`of another shape: ${misshaped.join(', ')}`] : []),
  ]
  if (problems.length > 0)
    throw new InputError(`${what}: the state does not fit; ${problems.join('; ')}${misshaped.length > 0 ? '' : '; pass { strict: false } to load what fits'}`)
  for (const [name, source] of loaded) targets.get(name)?.replace(scope(() => cast(source.array, targets.get(name)?.dtype ?? source.dtype)))
  return { missing, unexpected }
}
