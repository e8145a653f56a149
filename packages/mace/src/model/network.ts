import { range } from '@equivar/core'
import { add, cast, finish, matmul, mul, norm, reshape, sphericalHarmonics, take, zeros, type FloatDType, type NDArray, type Steps } from '@equivar/engine'
import type { MaceDefinition } from '../definition.ts'
import { SymmetricContraction } from './contraction.ts'
import { atOnce, inChunks, type EdgeEmbedding, type ForNodes } from './edges.ts'
import type { GraphArrays } from './graph.ts'
import { Interaction, type InteractionWeights } from './interaction.ts'
import { channelsOf, maceIrreps } from './irreps.ts'
import { JointEmbedding, type JointEmbeddingWeights } from './joint-embedding.ts'
import { EquivariantLinear } from './linear.ts'
import { pairRepulsion } from './pair-repulsion.ts'
import { Parameters } from './parameters.ts'
import { radialEmbedding, type ChebyshevForces } from './radial.ts'
import { Readout, selectHead, type ReadoutWeights } from './readout.ts'

interface Layer {
  readonly interaction: Interaction
  readonly contraction: SymmetricContraction
  readonly linear: EquivariantLinear
  readonly useSelfConnection: boolean
}

/** Parameters in the form the network consumes: constants folded in, rows by species. Made once for a set of parameters. */
export interface NetworkWeights {
  readonly parameters: Parameters
  /** Parameters of the radial embedding and of the pair repulsion in the dtype of the edge vectors. */
  readonly geometry: ReadonlyMap<string, NDArray>
  /** [species, channels] */
  readonly nodeEmbedding: NDArray
  readonly jointEmbedding: JointEmbeddingWeights | undefined
  readonly embeddingReadout: ReadoutWeights | undefined
  readonly layers: readonly { readonly interaction: InteractionWeights; readonly contraction: NDArray; readonly linear: NDArray }[]
  readonly readouts: readonly ReadoutWeights[]
  /** [heads, 1], of ScaleShiftMACE. */
  readonly scale: NDArray | undefined
  readonly shift: NDArray | undefined
}

export interface NetworkOutput {
  /** [N] eV: everything but the reference energies, scaled and shifted. */
  readonly nodeEnergies: NDArray
  /** [N] eV, added to the total energy beside the reference energies; only with an embedding readout. */
  readonly embeddingEnergies: NDArray | undefined
  /** [N] eV each, before scale and shift: the pair repulsion (zero where the model has none), then every readout. */
  readonly terms: readonly NDArray[]
  /** Node features after every layer, in the (irrep, mul) layout. */
  readonly features: readonly NDArray[]
}

/** Called with every intermediate result under the name of the module that makes it. */
export type Observer = (name: string, value: NDArray) => void

/**
 * The MACE network (Batatia et al., arXiv:2206.07697): from edge vectors to one interaction energy an atom.
 *
 * Holds the structure only; parameters come in through {@link MaceNetwork.prepare}. Both steps are made of engine
 * primitives, so derivatives with respect to positions and parameters exist to any order.
 */
export class MaceNetwork {
  readonly definition: MaceDefinition
  readonly #chebyshevForces: ChebyshevForces
  readonly #layers: readonly Layer[]
  readonly #readouts: readonly Readout[]
  readonly #jointEmbedding: JointEmbedding | undefined
  readonly #embeddingReadout: Readout | undefined

  constructor(definition: MaceDefinition, chebyshevForces: ChebyshevForces) {
    const { architecture, couplings } = definition
    const { atomicNumbers, heads, harmonics, radial } = architecture
    this.definition = definition
    this.#chebyshevForces = chebyshevForces
    this.#layers = architecture.layers.map(({ interaction, product }, t) => ({
      interaction: new Interaction(interaction, harmonics, atomicNumbers.length, radial.basis.count),
      contraction: new SymmetricContraction(interaction.target, product, couplings[t] ?? []),
      linear: new EquivariantLinear(product.hidden, product.hidden),
      useSelfConnection: product.useSelfConnection,
    }))
    this.#readouts = architecture.readouts.map((readout) => new Readout(readout, heads.length))
    this.#jointEmbedding = architecture.jointEmbedding ? new JointEmbedding(architecture.jointEmbedding) : undefined
    const channels = channelsOf(maceIrreps(architecture.layers[0]?.interaction.nodeFeatures ?? ''))
    this.#embeddingReadout = architecture.embeddingReadout ? new Readout({ kind: 'linear', input: `${channels}x0e` }, heads.length) : undefined
  }

  /** @param geometryDtype of edge vectors, distances, radial functions and harmonics; everything behind them has that of the parameters. */
  prepare(parameters: Parameters, geometryDtype: FloatDType = parameters.dtype): NetworkWeights {
    const { architecture } = this.definition
    const numSpecies = architecture.atomicNumbers.length
    const scaled = architecture.model === 'ScaleShiftMACE'
    const perHead = (name: string) => (scaled ? reshape(parameters.get(name), [architecture.heads.length, 1]) : undefined)
    return {
      parameters,
      geometry: new Map([...parameters.entries()].filter(([name]) => isGeometry(name)).map(([name, value]) => [name, cast(value, geometryDtype)])),
      nodeEmbedding: mul(reshape(parameters.get('node_embedding.linear.weight'), [numSpecies, -1]), 1 / Math.sqrt(numSpecies)),
      jointEmbedding: this.#jointEmbedding?.prepare(parameters.at('joint_embedding')),
      embeddingReadout: this.#embeddingReadout?.prepare(parameters.at('embedding_readout')),
      layers: this.#layers.map(({ interaction, contraction }, t) => ({
        interaction: interaction.prepare(parameters.at(`interactions.${t}`)),
        contraction: contraction.prepare(parameters.at(`products.${t}`)),
        linear: parameters.get(`products.${t}.linear.weight`),
      })),
      readouts: this.#readouts.map((readout, k) => readout.prepare(parameters.at(`readouts.${k}`))),
      scale: perHead('scale_shift.scale'),
      shift: perHead('scale_shift.shift'),
    }
  }

  /** Energies of every atom of the graph. */
  apply(weights: NetworkWeights, graph: GraphArrays, observe?: Observer): NetworkOutput {
    return finish(this.steps(weights, graph, observe))
  }

  /** {@link MaceNetwork.apply} in steps, one a layer, between which an evaluation can be given up. */
  *steps(weights: NetworkWeights, graph: GraphArrays, observe: Observer = () => undefined): Steps<NetworkOutput> {
    const { dtype } = weights.parameters
    const geometry = new Parameters(weights.geometry, graph.vectors.dtype === 'float64' ? 'float64' : 'float32')
    const forNodes = this.#forNodes(geometry, graph, dtype, observe)

    let features = take(weights.nodeEmbedding, graph.species)
    observe('node_embedding', features)
    if (this.#jointEmbedding && weights.jointEmbedding) {
      const joint = this.#jointEmbedding.apply(weights.jointEmbedding, graph)
      observe('joint_embedding', joint)
      features = add(features, joint)
    }
    const embeddingEnergies =
      this.#embeddingReadout && weights.embeddingReadout
        ? selectHead(this.#embeddingReadout.apply(weights.embeddingReadout, features, graph), graph)
        : undefined

    const perLayer: NDArray[] = []
    for (const [t, { interaction, contraction, linear, useSelfConnection }] of this.#layers.entries()) {
      const own = weights.layers[t]
      if (!own) continue
      const ends = interaction.ends(own.interaction, features, graph.species)
      const [next = features] = forNodes([graph.species, features], (edges, species, before) => {
        const { messages, selfConnection } = interaction.apply(own.interaction, ends, { edges, species, features: before })
        if (!graph.chunks) observe(`interactions.${t}`, messages)
        const mixed = linear.apply(contraction.apply(own.contraction, messages, species), own.linear)
        return [useSelfConnection && selfConnection ? add(mixed, selfConnection) : mixed]
      })
      features = next
      observe(`products.${t}`, features)
      perLayer.push(features)
      yield
    }

    const readouts = this.#readouts.map((readout, k) => {
      // A single readout of a deeper model reads the last layer.
      const layer = this.#readouts.length === 1 ? perLayer.length - 1 : k
      const energies = readout.apply(weights.readouts[k] ?? [], perLayer[layer] ?? features, graph)
      observe(`readouts.${k}`, energies)
      return selectHead(energies, graph)
    })
    const repulsion = this.#pairRepulsion(geometry, graph, forNodes, dtype)
    observe('pair_repulsion_fn', repulsion)
    const terms = [repulsion, ...readouts]
    const summed = readouts.reduce((sum, term) => add(sum, term), repulsion)
    return { nodeEnergies: scaleAndShift(summed, weights, graph), embeddingEnergies, terms, features: perLayer }
  }

  #forNodes(geometry: Parameters, graph: GraphArrays, dtype: FloatDType, observe: Observer): ForNodes {
    const { maxEll, radial: definition, cutoff } = this.definition.architecture
    const embed: EdgeEmbedding = (edges) => {
      const lengths = norm(edges.vectors, { axes: 1 })
      // Natural parity serves SO(3) models too: the parity of harmonics decides couplings only, never values.
      const harmonics = cast(sphericalHarmonics(range(maxEll + 1), edges.vectors), dtype)
      const own = { ...edges, atomicNumbers: graph.atomicNumbers }
      const embedded = radialEmbedding(definition, geometry.at('radial_embedding'), cutoff, lengths, own, this.#chebyshevForces)
      const radial = { ...embedded, features: cast(embedded.features, dtype), cutoff: embedded.cutoff && cast(embedded.cutoff, dtype) }
      return { lengths, harmonics, radial }
    }
    if (graph.chunks) return inChunks(graph, graph.chunks, embed)
    const features = embed(graph)
    observe('spherical_harmonics', features.harmonics)
    observe('radial_embedding', features.radial.features)
    return atOnce(graph, features)
  }

  #pairRepulsion(geometry: Parameters, graph: GraphArrays, forNodes: ForNodes, dtype: FloatDType): NDArray {
    const { pairRepulsion: definition } = this.definition.architecture
    const none = zeros([graph.numNodes], { dtype })
    if (!definition) return none
    const { cutoffOrder } = definition
    const own = geometry.at('pair_repulsion_fn')
    const [energies = none] = forNodes([], (edges) => [edges.ofNodes(pairRepulsion(cutoffOrder, own, graph.atomicNumbers, edges))])
    return cast(energies, dtype)
  }
}

function isGeometry(name: string): boolean {
  return name.startsWith('radial_embedding.') || name.startsWith('pair_repulsion_fn.')
}

/** `scale[head] · e + shift[head]`. */
function scaleAndShift(energies: NDArray, { scale, shift }: NetworkWeights, graph: GraphArrays): NDArray {
  if (!scale || !shift) return energies
  const perNode = (values: NDArray) => reshape(matmul(graph.headMask, values), [graph.numNodes])
  return add(mul(energies, perNode(scale)), perNode(shift))
}
