import { add, mul, reshape, sum, type NDArray } from '@equivar/engine'
import type { ReadoutDefinition } from '../definition.ts'
import { activate } from './activation.ts'
import type { GraphArrays } from './graph.ts'
import { maceIrreps } from './irreps.ts'
import { EquivariantLinear } from './linear.ts'
import type { Parameters } from './parameters.ts'

interface Affine {
  readonly weight: NDArray
  readonly bias: NDArray | undefined
}

/** The linear maps of a readout, first to last. */
export type ReadoutWeights = readonly Affine[]

/**
 * From node features to one energy a head and node.
 *
 * - linear: `ε = W h`
 * - non_linear: `ε = W₂ act(W₁ h)`; non_linear_bias: `ε = W₂ act(W act(W₁ h) + b) + b₂`
 *
 * Hidden channels of heads that do not evaluate the atom are set to zero, where the hidden layer has channels by head.
 */
export class Readout {
  readonly #definition: ReadoutDefinition
  readonly #layers: readonly { readonly name: string; readonly linear: EquivariantLinear }[]

  constructor(definition: ReadoutDefinition, numHeads: number) {
    const { kind, input } = definition
    const output = `${numHeads}x0e`
    const layer = (name: string, from: string, to: string) => ({ name, linear: new EquivariantLinear(from, to) })
    this.#definition = definition
    switch (kind) {
      case 'linear':
        this.#layers = [layer('linear', input, output)]
        break
      case 'non_linear':
        this.#layers = [layer('linear_1', input, definition.hidden), layer('linear_2', definition.hidden, output)]
        break
      case 'non_linear_bias':
        this.#layers = [
          layer('linear_1', input, definition.hidden),
          layer('linear_mid', definition.hidden, definition.hidden),
          layer('linear_2', definition.hidden, output),
        ]
    }
  }

  prepare(parameters: Parameters): ReadoutWeights {
    return this.#layers.map(({ name }) => {
      const own = parameters.at(name)
      const bias = own.has('bias') ? own.get('bias') : undefined
      return { weight: own.get('weight'), bias: bias && bias.size > 0 ? reshape(bias, [1, bias.size]) : undefined }
    })
  }

  /** [N, …] → [N, heads] */
  apply(weights: ReadoutWeights, features: NDArray, graph: GraphArrays): NDArray {
    let x = features
    for (const [k, { linear }] of this.#layers.entries()) {
      const own = weights[k]
      if (!own) continue
      x = linear.apply(x, own.weight)
      if (own.bias) x = add(x, own.bias)
      if (this.#definition.kind !== 'linear' && k + 1 < this.#layers.length) x = this.#maskHeads(activate(x, this.#definition.activation), graph)
    }
    return x
  }

  #maskHeads(x: NDArray, graph: GraphArrays): NDArray {
    if (this.#definition.kind === 'linear' || this.#definition.numHeads === 1) return x
    const { numHeads, hidden } = this.#definition
    const rows = x.shape[0] ?? 0
    const channels = maceIrreps(hidden).dim / numHeads
    return reshape(mul(reshape(x, [rows, numHeads, channels]), reshape(graph.headMask, [rows, numHeads, 1])), x.shape)
  }
}

/** [N, heads] → [N]: the column of the head that evaluates each atom. */
export function selectHead(x: NDArray, graph: GraphArrays): NDArray {
  return sum(mul(x, graph.headMask), { axes: 1 })
}
