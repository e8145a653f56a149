import { InternalError } from '@equivar/core'
import { NDArray } from '../array/ndarray.ts'
import { sameShape } from '../array/shape.ts'
import { add } from '../functions/elementwise.ts'
import { derivativeRules } from '../primitives/derivatives/table.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams, Maybe, Transformations } from '../primitives/rules.ts'
import { withRecording } from './mode.ts'
import { nextId, Value, type Node } from './value.ts'

interface ErasedRules {
  readonly jvp:
    | 'locally constant'
    | {
        tangents(context: {
          readonly inputs: readonly NDArray[]
          readonly outputs: readonly NDArray[]
          readonly tangents: readonly Maybe<NDArray>[]
          readonly params: AnyParams
          readonly transformations: Transformations
        }): readonly Maybe<NDArray>[]
      }
  readonly transpose:
    | 'never linear'
    | {
        cotangents(context: {
          readonly inputs: readonly NDArray[]
          readonly linear: readonly boolean[]
          readonly cotangents: readonly Maybe<NDArray>[]
          readonly params: AnyParams
          readonly transformations: Transformations
        }): readonly Maybe<NDArray>[]
      }
}
const rules: { readonly [P in PrimitiveName]: ErasedRules } = derivativeRules

/** Tangents of a node's outputs for tangents of its inputs, by the primitive's forward rule. */
export function tangentsOf(node: Node, tangents: readonly Maybe<NDArray>[], transformations: Transformations): readonly Maybe<NDArray>[] {
  const { jvp } = rules[node.primitive]
  if (jvp === 'locally constant') return node.outputs.map(() => undefined)
  return jvp.tangents({ inputs: node.inputs.map(handle), outputs: node.outputs.map(handle), tangents, params: node.params, transformations })
}

/**
 * Cotangents of a node's inputs for cotangents of its outputs: the forward rule is run with abstract tangents, and the
 * small linear graph that this records is transposed. So one forward rule and the transposes of linear primitives are all
 * that reverse mode needs, and the result is made of primitives again.
 */
export function cotangentsOf(
  node: Node,
  cotangents: readonly Maybe<NDArray>[],
  isActive: (input: Value) => boolean,
  transformations: Transformations,
): readonly Maybe<NDArray>[] {
  const mark = nextId()
  const tangents = node.inputs.map((input) => (isActive(input) ? new NDArray(new Value(input, undefined, undefined, true)) : undefined))
  // The linear graph is needed even where the derivative itself is not to be remembered.
  const results = withRecording(true, () => tangentsOf(node, tangents, transformations))
  const placeholders = new Set(tangents.flatMap((tangent) => (tangent ? [tangent.value] : [])))
  const found = transposeLinear(results, cotangents, placeholders, mark, transformations)
  return tangents.map((tangent) => tangent && found.get(tangent.value))
}

function transposeLinear(
  results: readonly Maybe<NDArray>[],
  cotangents: readonly Maybe<NDArray>[],
  placeholders: ReadonlySet<Value>,
  mark: number,
  transformations: Transformations,
): Cotangents {
  const nodes = nodesBehind(
    results.flatMap((result) => (result ? [result.value] : [])),
    mark,
  )
  const linear = dependents(nodes, placeholders)
  const found = new Cotangents()
  for (const [k, result] of results.entries()) {
    const cotangent = cotangents[k]
    if (result && cotangent && linear.has(result.value)) found.accumulate(result.value, cotangent.share())
  }
  for (const node of nodes.reverse()) {
    const incoming = node.outputs.map((output) => found.get(output))
    if (!incoming.some(Boolean) || !node.inputs.some((input) => linear.has(input))) continue
    const { transpose } = rules[node.primitive]
    if (transpose === 'never linear') throw new InternalError(`the forward rule of a primitive used ${node.primitive}, which is not linear, on a tangent`)
    const outgoing = transpose.cotangents({
      inputs: node.inputs.map(handle),
      linear: node.inputs.map((input) => linear.has(input)),
      cotangents: incoming,
      params: node.params,
      transformations,
    })
    for (const [i, input] of node.inputs.entries()) {
      const cotangent = outgoing[i]
      if (cotangent && linear.has(input)) found.accumulate(input, cotangent.share())
    }
  }
  return found
}

/** Nodes that tracked values came from, oldest first, without those made up to `mark`. */
export function nodesBehind(values: readonly Value[], mark: number): Node[] {
  const nodes = new Set<Node>()
  const pending = [...values]
  for (let value = pending.pop(); value; value = pending.pop()) {
    const { node } = value
    if (!node || !value.tracked || node.id <= mark || nodes.has(node)) continue
    nodes.add(node)
    pending.push(...node.inputs)
  }
  return [...nodes].sort((a, b) => a.id - b.id)
}

/** The given values and everything tracked that the nodes (oldest first) computed from them. */
export function dependents(nodes: readonly Node[], sources: ReadonlySet<Value>): Set<Value> {
  const found = new Set(sources)
  for (const node of nodes) if (node.inputs.some((input) => found.has(input))) for (const output of node.outputs) if (output.tracked) found.add(output)
  return found
}

/** Sums of cotangents by value. It owns its arrays. */
export class Cotangents {
  readonly #sums = new Map<Value, NDArray>()

  get(value: Value): NDArray | undefined {
    return this.#sums.get(value)
  }

  /** Takes over `cotangent` and adds it to what the value has. */
  accumulate(value: Value, cotangent: NDArray): void {
    if (!sameShape(value.shape, cotangent.shape) || value.dtype !== cotangent.dtype)
      throw new InternalError(`a value ${value.dtype}[${value.shape.join(', ')}] was given a cotangent ${cotangent.toString()}`)
    const before = this.#sums.get(value)
    this.#sums.set(value, before ? add(before, cotangent) : cotangent)
    if (before) {
      before.dispose()
      cotangent.dispose()
    }
  }

  /** Puts another cotangent in the place of that of the value. @throws {InternalError} if it does not fit. */
  replace(value: Value, cotangent: Maybe<NDArray>): void {
    if (!cotangent || cotangent === this.#sums.get(value)) return
    const own = cotangent.share()
    this.drop(value)
    this.accumulate(value, own)
  }

  /** Forgets what is no longer needed, so that its memory is free for the rest of the walk. */
  drop(value: Value): void {
    this.#sums.get(value)?.dispose()
    this.#sums.delete(value)
  }
}

function handle(value: Value): NDArray {
  return new NDArray(value)
}
