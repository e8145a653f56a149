import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { onesLike, zerosLike } from '../array/create.ts'
import { describe, type NDArray } from '../array/ndarray.ts'
import { formatShape, sameShape } from '../array/shape.ts'
import { scope } from '../memory/scope.ts'
import { finish, type Steps } from '../memory/steps.ts'
import type { Maybe, Transformations } from '../primitives/rules.ts'
import { Cotangents, cotangentsOf, dependents, nodesBehind, tangentsOf } from './linear.ts'
import { withRecording } from './mode.ts'
import type { Value } from './value.ts'

export interface GradOptions {
  /** Default: 1 for every output, which then must have one element. */
  readonly cotangents?: NDArray | readonly NDArray[]
  /** Remember how the gradients were computed, so that they can be differentiated again. Default false. */
  readonly createGraph?: boolean
  /** Give zeros for an input that no output depends on, instead of an error. Default false. */
  readonly allowUnused?: boolean
  /**
   * Called once with every value on the way whose cotangent is complete, outputs and inputs included; what it returns takes the
   * cotangent's place. So hooks are made.
   */
  readonly intercept?: (value: Value, cotangent: NDArray) => NDArray | undefined
}

/**
 * Reverse mode: `g_i = Σ_k (∂ outputs_k / ∂ inputs_i)ᵀ cotangents_k`, one array in the shape of every input.
 *
 * Inputs are tracked arrays: leaves made by {@link track}, or intermediate results.
 *
 * @throws {InputError} if an input is not tracked, or if no output depends on it (unless `allowUnused`).
 * @throws {ShapeError} if a cotangent is missing for an output of more than one element, or has another shape.
 */
export function grad(outputs: NDArray | readonly NDArray[], inputs: readonly NDArray[], options: GradOptions = {}): NDArray[] {
  return scope(() => finish(gradSteps(outputs, inputs, options)))
}

/**
 * {@link grad} as steps, one for every primitive of the graph. To be run by {@link scopeInSteps}, which frees what is left
 * over when the work is given up.
 */
export function* gradSteps(outputs: NDArray | readonly NDArray[], inputs: readonly NDArray[], options: GradOptions = {}): Steps<NDArray[]> {
  const { createGraph = false, allowUnused = false } = options
  const results = isList(outputs) ? outputs : [outputs]
  requireTracked('grad', inputs)
  const seeds = withRecording(createGraph, () => cotangentSeeds(results, options.cotangents))
  const gradients = yield* pullback(results, seeds, inputs, createGraph, options.intercept)
  return gradients.map((gradient, i) => gradient ?? unused('grad', inputs, i, allowUnused))
}

function* pullback(
  outputs: readonly NDArray[],
  seeds: readonly NDArray[],
  inputs: readonly NDArray[],
  createGraph: boolean,
  intercept: GradOptions['intercept'],
): Steps<Maybe<NDArray>[]> {
  const wanted = new Set(inputs.map((input) => input.value))
  const nodes = nodesBehind(
    outputs.map((output) => output.value),
    oldest(wanted),
  )
  const active = dependents(nodes, wanted)
  const found = new Cotangents()
  for (const [k, output] of outputs.entries()) {
    const seed = seeds[k]
    if (seed && active.has(output.value)) found.accumulate(output.value, seed.share())
  }
  const complete = (value: Value) => {
    const cotangent = intercept && found.get(value)
    if (cotangent) withRecording(createGraph, () => found.replace(value, intercept(value, cotangent)))
  }
  const intercepted = new Set<Value>()
  for (const node of nodes.reverse()) {
    if (intercept)
      for (const output of node.outputs) {
        complete(output)
        intercepted.add(output)
      }
    if (!node.inputs.some((input) => active.has(input))) continue
    const cotangents = node.outputs.map((output) => found.get(output))
    if (!cotangents.some(Boolean)) continue
    // The mode belongs to whoever runs between two steps, so it is set for each of them.
    withRecording(createGraph, () => {
      const parts = scope(() => cotangentsOf(node, cotangents, (input) => active.has(input), transformations).map((part) => part?.share()))
      for (const [i, input] of node.inputs.entries()) {
        const part = parts[i]
        if (part) found.accumulate(input, part)
      }
    })
    for (const output of node.outputs) if (!wanted.has(output)) found.drop(output)
    yield
  }
  for (const value of wanted) if (!intercepted.has(value)) complete(value)
  return inputs.map((input) => found.get(input.value)?.share())
}

export interface PushforwardOptions {
  /** Remember how the tangents were computed. Default false. */
  readonly createGraph?: boolean
  /** Give zeros for an output that depends on none of the inputs, instead of an error. Default false. */
  readonly allowUnused?: boolean
}

/**
 * Forward mode: `t_k = Σ_i (∂ outputs_k / ∂ inputs_i) tangents_i`, one array in the shape of every output.
 *
 * @throws {InputError} if an input is not tracked, or if an output depends on no input (unless `allowUnused`).
 * @throws {ShapeError} if a tangent has another shape than its input.
 */
export function pushforward(
  outputs: readonly NDArray[],
  inputs: readonly NDArray[],
  tangents: readonly NDArray[],
  options: PushforwardOptions = {},
): NDArray[] {
  const { createGraph = false, allowUnused = false } = options
  requireTracked('pushforward', inputs)
  requireMatching('pushforward: tangents', tangents, 'inputs', inputs)
  return scope(() =>
    withRecording(createGraph, () => {
      const found = new Map<Value, NDArray>()
      for (const [i, input] of inputs.entries()) {
        const tangent = tangents[i]
        if (tangent) found.set(input.value, tangent)
      }
      const wanted = new Set(inputs.map((input) => input.value))
      const nodes = nodesBehind(
        outputs.map((output) => output.value),
        oldest(wanted),
      )
      for (const node of nodes) {
        const incoming = node.inputs.map((input) => found.get(input))
        if (!incoming.some(Boolean)) continue
        const results = scope(() => tangentsOf(node, incoming, transformations).map((result) => result?.share()))
        // An output that is itself an input of the question keeps the tangent that was given for it.
        for (const [k, output] of node.outputs.entries()) {
          const result = results[k]
          if (result && !wanted.has(output)) found.set(output, result)
        }
      }
      return outputs.map((output, k) => found.get(output.value)?.share() ?? unused('pushforward', outputs, k, allowUnused))
    }),
  )
}

/** What rules of primitives that hold functions are given. */
const transformations: Transformations = {
  pullback: (outputs, inputs, cotangents) => grad(outputs, inputs, { cotangents, createGraph: true, allowUnused: true }),
  pushforward: (outputs, inputs, tangents) => pushforward(outputs, inputs, tangents, { createGraph: true, allowUnused: true }),
}

function oldest(values: ReadonlySet<Value>): number {
  let id = Infinity
  for (const value of values) id = Math.min(id, value.node?.id ?? value.id)
  return id - 1
}

function unused(what: string, arrays: readonly NDArray[], at: number, allow: boolean): NDArray {
  const x = arrays[at]
  if (x && allow) return zerosLike(x)
  const side = what === 'grad' ? `no output depends on input ${at}` : `output ${at} depends on no input`
  throw new InputError(`${what}: ${side} (${x ? describe(x) : ''}); was it computed inside noGrad, or from another array? Pass allowUnused: true to get zeros`)
}

function requireTracked(what: string, inputs: readonly NDArray[]): void {
  for (const [i, input] of inputs.entries())
    if (!input.isTracked) throw new InputError(`${what}: input ${i}, ${describe(input)}, is not tracked; compute from track(x) and pass that array`)
}

function cotangentSeeds(outputs: readonly NDArray[], given: GradOptions['cotangents']): readonly NDArray[] {
  if (given !== undefined) {
    const list = isList(given) ? given : [given]
    requireMatching('grad: cotangents', list, 'outputs', outputs)
    return list
  }
  return outputs.map((output, k) => {
    if (output.size !== 1)
      throw new ShapeError(`grad: output ${k} has shape ${formatShape(output.shape)}; only outputs of one element need no cotangent: pass cotangents, or sum the output`)
    return onesLike(output)
  })
}

function requireMatching(what: string, given: readonly NDArray[], which: string, expected: readonly NDArray[]): void {
  if (given.length !== expected.length) throw new InputError(`${what}: got ${given.length} arrays for ${expected.length} ${which}`)
  for (const [i, x] of given.entries()) {
    const other = expected[i]
    if (!other) continue
    if (!sameShape(x.shape, other.shape)) throw new ShapeError(`${what}: number ${i} has shape ${formatShape(x.shape)}, its ${which} entry ${formatShape(other.shape)}`)
    if (x.dtype !== other.dtype) throw new DtypeError(`${what}: number ${i} has dtype ${x.dtype}, its ${which} entry ${other.dtype}; cast it`)
  }
}

function isList(x: NDArray | readonly NDArray[]): x is readonly NDArray[] {
  return Array.isArray(x)
}
