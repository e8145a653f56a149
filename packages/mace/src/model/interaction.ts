import { add, concatenate, div, mul, reshape, segmentSum, square, take, tanh, type NDArray } from '@equivar/engine'
import type { InteractionKind, LayerDefinition } from '../definition.ts'
import { Convolution } from './convolution.ts'
import { applyGate } from './gate.ts'
import type { Edges } from './edges.ts'
import { maceIrreps } from './irreps.ts'
import { EquivariantLinear, speciesWeights } from './linear.ts'
import type { Parameters } from './parameters.ts'
import { RadialNetwork, type RadialWeights } from './radial-network.ts'
import { perEdge, type RadialOutput } from './radial.ts'

/** What sets the six classes apart. */
interface Traits {
  /** How the self connection is made from the incoming features; without one the messages are mixed per species instead. */
  readonly selfConnection: 'species' | 'linear' | 'none'
  /** What joins the radial features at the input of the radial network. */
  readonly edgeInput: 'none' | 'scalars' | 'species'
  /** What divides the messages. */
  readonly normalization: 'neighbors' | 'density' | 'learned density'
}

const traits: { readonly [kind in InteractionKind]: Traits } = {
  RealAgnosticInteractionBlock: { selfConnection: 'none', edgeInput: 'none', normalization: 'neighbors' },
  RealAgnosticResidualInteractionBlock: { selfConnection: 'species', edgeInput: 'none', normalization: 'neighbors' },
  RealAgnosticDensityInteractionBlock: { selfConnection: 'none', edgeInput: 'none', normalization: 'density' },
  RealAgnosticDensityResidualInteractionBlock: { selfConnection: 'species', edgeInput: 'none', normalization: 'density' },
  RealAgnosticAttResidualInteractionBlock: { selfConnection: 'linear', edgeInput: 'scalars', normalization: 'neighbors' },
  RealAgnosticResidualNonLinearInteractionBlock: { selfConnection: 'linear', edgeInput: 'species', normalization: 'learned density' },
}

export interface InteractionWeights {
  readonly up: NDArray
  readonly radial: RadialWeights
  readonly density: RadialWeights | undefined
  /** Linear layer after the convolution, divided by the mean number of neighbours where no density divides the messages. */
  readonly messages: NDArray
  /** Self connection, or the mixing of messages per species. */
  readonly skip: NDArray
  /** Sender and receiver parts of the radial network's input: a projection of scalars, or a table by species. */
  readonly down: NDArray | undefined
  readonly source: NDArray | undefined
  readonly target: NDArray | undefined
  /** Residual and output layers, and the learned normalisation, of the non-linear class. */
  readonly residual: NDArray | undefined
  readonly output: NDArray | undefined
  readonly alpha: NDArray | undefined
  readonly beta: NDArray | undefined
}

/** What joins the radial features of an edge: a row of its sender and one of its receiver. */
interface NodeInputs {
  readonly ofSenders: NDArray
  readonly ofReceivers: NDArray
}

/** What edges take of their ends. */
export interface EdgeEnds {
  /** [N, …] what senders send. */
  readonly sent: NDArray
  readonly inputs: NodeInputs | undefined
}

/** Of the nodes that are given messages. */
export interface InteractionInput {
  readonly edges: Edges
  /** [N] int32 */
  readonly species: NDArray
  /** [N, …] incoming node features. */
  readonly features: NDArray
}

export interface InteractionOutput {
  /** [N, …] messages, in the irreps of `target`. */
  readonly messages: NDArray
  readonly selfConnection: NDArray | undefined
}

/** One of mace's interaction blocks: from node features to messages summed over neighbours. */
export class Interaction {
  readonly #definition: LayerDefinition['interaction']
  readonly #traits: Traits
  readonly #numSpecies: number
  readonly #up: EquivariantLinear
  readonly #convolution: Convolution
  readonly #radialNetwork: RadialNetwork
  readonly #densityNetwork: RadialNetwork | undefined
  readonly #messages: EquivariantLinear
  readonly #skip: EquivariantLinear
  /** Irreps that the skip weights map between. */
  readonly #skipIrreps: readonly [string, string]
  readonly #down: EquivariantLinear | undefined
  readonly #residual: EquivariantLinear | undefined
  readonly #output: EquivariantLinear | undefined

  constructor(definition: LayerDefinition['interaction'], harmonics: string, numSpecies: number, numRadial: number) {
    const { nodeFeatures, edgeFeatures, target, hidden, gate } = definition
    this.#definition = definition
    this.#traits = traits[definition.kind]
    this.#numSpecies = numSpecies
    this.#up = new EquivariantLinear(nodeFeatures, edgeFeatures)
    this.#convolution = new Convolution(edgeFeatures, harmonics, target)
    this.#radialNetwork = new RadialNetwork(definition.radialNetwork)
    this.#densityNetwork = definition.densityNetwork ? new RadialNetwork(definition.densityNetwork) : undefined
    const beforeGate = gate ? simplified(`${gate.scalars}+${gate.gates}+${gate.gated}`) : target
    this.#messages = new EquivariantLinear(this.#convolution.irrepsOut, beforeGate)
    this.#skipIrreps = this.#traits.selfConnection === 'none' ? [target, target] : [nodeFeatures, hidden]
    this.#skip = new EquivariantLinear(...this.#skipIrreps)
    const extra = ((definition.radialNetwork.sizes[0] ?? numRadial) - numRadial) / 2
    this.#down = this.#traits.edgeInput === 'scalars' ? new EquivariantLinear(nodeFeatures, `${extra}x0e`) : undefined
    this.#residual = gate ? new EquivariantLinear(edgeFeatures, beforeGate) : undefined
    this.#output = gate ? new EquivariantLinear(target, target) : undefined
  }

  prepare(parameters: Parameters): InteractionWeights {
    const { selfConnection, edgeInput } = this.#traits
    const gated = this.#definition.gate !== null
    const linear = parameters.get(gated ? 'linear_1.weight' : 'linear.weight')
    const table = (name: string) => mul(reshape(parameters.get(`${name}.weight`), [this.#numSpecies, -1]), 1 / Math.sqrt(this.#numSpecies))
    return {
      up: parameters.get('linear_up.weight'),
      radial: this.#radialNetwork.prepare(parameters.at('conv_tp_weights')),
      density: this.#densityNetwork?.prepare(parameters.at('density_fn')),
      messages: this.#densityNetwork ? linear : mul(linear, 1 / this.#definition.avgNumNeighbors),
      skip:
        selfConnection === 'linear'
          ? parameters.get(gated ? 'skip_tp.weight' : 'skip_linear.weight')
          : speciesWeights(parameters.get('skip_tp.weight'), ...this.#skipIrreps, this.#numSpecies),
      down: edgeInput === 'scalars' ? parameters.get('linear_down.weight') : undefined,
      source: edgeInput === 'species' ? table('source_embedding') : undefined,
      target: edgeInput === 'species' ? table('target_embedding') : undefined,
      residual: gated ? parameters.get('linear_res.weight') : undefined,
      output: gated ? parameters.get('linear_2.weight') : undefined,
      alpha: gated ? parameters.get('alpha') : undefined,
      beta: gated ? parameters.get('beta') : undefined,
    }
  }

  /** From features [N, …] and species [N] of all nodes. */
  ends(weights: InteractionWeights, features: NDArray, species: NDArray): EdgeEnds {
    return { sent: this.#up.apply(features, weights.up), inputs: this.#nodeInputs(weights, features, species) }
  }

  apply(weights: InteractionWeights, ends: EdgeEnds, { edges, species, features }: InteractionInput): InteractionOutput {
    const messages = this.#gate(weights, this.#sums(weights, ends, edges), features)
    switch (this.#traits.selfConnection) {
      case 'none':
        return { messages: this.#skip.applyIndexed(messages, weights.skip, species), selfConnection: undefined }
      case 'species':
        return { messages, selfConnection: this.#skip.applyIndexed(features, weights.skip, species) }
      case 'linear':
        return { messages, selfConnection: this.#skip.apply(features, weights.skip) }
    }
  }

  #nodeInputs({ down, source, target }: InteractionWeights, features: NDArray, species: NDArray): NodeInputs | undefined {
    if (this.#down && down) {
      const scalars = this.#down.apply(features, down)
      return { ofSenders: scalars, ofReceivers: scalars }
    }
    return source && target ? { ofSenders: take(source, species), ofReceivers: take(target, species) } : undefined
  }

  /** Messages summed over the edges of receivers, if there is a density divided by `1 + D` or `α + β D`, `D_i = Σ_{edges into i} tanh(d(x_e)²)`. */
  #sums(weights: InteractionWeights, { sent, inputs }: EdgeEnds, edges: Edges): NDArray {
    const radial = inputs ? joined(inputs, edges) : edges.radial
    const cutOff = (x: NDArray) => (radial.cutoff ? mul(x, radial.cutoff) : x)
    const mix = cutOff(this.#radialNetwork.apply(weights.radial, radial.features))
    const summed = this.#convolution.apply(radial.rows ? { array: mix, indices: radial.rows } : mix, sent, edges)
    const messages = this.#messages.apply(edges.ofNodes(summed), weights.messages)
    if (!this.#densityNetwork || !weights.density) return messages
    const ofEdges = cutOff(tanh(square(this.#densityNetwork.apply(weights.density, radial.features))))
    const density = edges.ofNodes(segmentSum(perEdge(ofEdges, radial), edges.rows, edges.numRows))
    const { alpha, beta } = weights
    return div(messages, alpha && beta ? add(mul(density, beta), alpha) : add(density, 1))
  }

  /** `linear_2(gate(m + linear_res(h)))` in the non-linear class, else m. */
  #gate({ up, residual, output }: InteractionWeights, messages: NDArray, features: NDArray): NDArray {
    const { gate } = this.#definition
    if (!gate || !this.#residual || !this.#output || !residual || !output) return messages
    const kept = this.#residual.apply(this.#up.apply(features, up), residual)
    return this.#output.apply(applyGate(gate, add(messages, kept)), output)
  }
}

/** `[R_e, s_sender, t_receiver]`: different for an edge and its reverse. */
function joined({ ofSenders, ofReceivers }: NodeInputs, { senders, receivers, radial }: Edges): RadialOutput {
  return {
    features: concatenate([perEdge(radial.features, radial), take(ofSenders, senders), take(ofReceivers, receivers)], 1),
    cutoff: radial.cutoff && perEdge(radial.cutoff, radial),
    rows: undefined,
  }
}

/** Sorted by e3nn's order, equal neighbours merged. */
function simplified(irreps: string): string {
  return maceIrreps(irreps).regroup().toString()
}
