import { descriptors, experimental, Irreps, irMul, range } from '@equivar/core'
import { equivariantTensorProduct, grad, IrrepsArray, nn, norm, numpy as np, random, sphericalHarmonics, type DeviceArray } from '@equivar/functional'
import { bessel, gather, MultiLayerPerceptron, polynomialEnvelope, type DenseParams } from '@equivar/functional/experimental'

export interface MaceConfig {
  readonly numLayers: number
  readonly numFeatures: number
  readonly numSpecies: number
  readonly maxEll: number
  readonly correlation: number
  readonly numRadial: number
  readonly interactionIrreps: string
  readonly hiddenIrreps: string
  readonly cutoff: number
  /** 1 / mean number of neighbours. */
  readonly epsilon: number
  /** Whether the first layer has a skip connection; if not, it mixes messages per species instead. */
  readonly skipConnectionFirstLayer: boolean
  /** Energies that are added for each atom of a species. */
  readonly offsets: readonly number[]
}

/** Graphs side by side: edges between atoms, atoms in graphs. */
export interface Batch {
  /** [E, 3] from sender to receiver. */
  readonly vectors: DeviceArray
  readonly senders: DeviceArray
  readonly receivers: DeviceArray
  readonly species: DeviceArray
  /** [N] the graph of every atom. */
  readonly graphs: DeviceArray
  /** [G] number of atoms of every graph. */
  readonly numAtoms: DeviceArray
  /** [E] 1, or 0 for edges that only fill up. */
  readonly mask: DeviceArray
}

export interface LayerParams {
  readonly linearUp: DeviceArray
  readonly mlp: readonly DenseParams[]
  readonly linearDown: DeviceArray
  /** [species, …] of the skip connection, where there is one. */
  readonly skip?: DeviceArray
  /** [species, …] mixes messages in a first layer without skip connection. */
  readonly mixing?: DeviceArray
  /** [species, rows, features] */
  readonly contraction: DeviceArray
  readonly linearPost: DeviceArray
  readonly readout: DeviceArray
  readonly readoutOut?: DeviceArray
}

export interface MaceParams {
  readonly embedding: DeviceArray
  readonly layers: readonly LayerParams[]
}

const silu = nn.normalizeFunction(nn.silu)
const scalar = new Irreps('O3', '0e')
const hiddenReadout = new Irreps('O3', '16x0e')

/** The irreps of one layer. */
function irrepsOf(config: MaceConfig, layer: number) {
  const isFirst = layer === 0
  const isLast = layer === config.numLayers - 1
  const hidden = new Irreps('O3', config.hiddenIrreps)
  const target = (isLast ? hidden.filter({ keep: '0e' }) : hidden).mul(config.numFeatures)
  const input = (isFirst ? scalar : hidden).mul(config.numFeatures)
  const single = new Irreps('O3', config.interactionIrreps)
  const interaction = single.mul(config.numFeatures)
  const harmonics = new Irreps('O3', range(config.maxEll + 1).map((l) => `1x${l}${l % 2 === 0 ? 'e' : 'o'}`).join('+'))
  const convolution = descriptors.channelwiseTensorProduct(input, harmonics, single).squeezeModes().flattenCoefficientModes()
  const messages = new Irreps('O3', convolution.outputs[0].toString()).simplify()
  return { isFirst, isLast, input, target, interaction, convolution, messages }
}

const weightsOf = (from: Irreps, to: Irreps) => descriptors.linear(from, to).inputs[0].dim

/** Parameters from a key, N(0, 1) all of them: normalisation is in the layers. */
export function init(key: random.Key, config: MaceConfig, dtype: 'float32' | 'float64' = 'float32'): MaceParams {
  const keys = random.split(key, 8 * config.numLayers + 1)
  let next = 0
  const normal = (...shape: readonly number[]): DeviceArray => random.normal(keys[next++] ?? key, shape, dtype)
  const { numSpecies, numFeatures, numRadial } = config
  return {
    embedding: normal(numSpecies, numFeatures),
    layers: range(config.numLayers).map((t): LayerParams => {
      const { isFirst, isLast, input, target, interaction, convolution, messages } = irrepsOf(config, t)
      const [, projection] = experimental.mace.symmetricContraction(interaction, target, range(config.correlation).map((k) => k + 1))
      const hasSkip = !isFirst || config.skipConnectionFirstLayer
      return {
        linearUp: normal(weightsOf(input, input)),
        mlp: radialNetwork(convolution.inputs[0].dim).init(keys[next++] ?? key, np.zeros([1, numRadial], { dtype })),
        linearDown: normal(weightsOf(messages, interaction)),
        ...(hasSkip ? { skip: normal(numSpecies, weightsOf(input, target)) } : { mixing: normal(numSpecies, weightsOf(interaction, interaction)) }),
        contraction: normal(numSpecies, projection.shape[0], numFeatures),
        linearPost: normal(weightsOf(target, target)),
        readout: normal(weightsOf(target, isLast ? hiddenReadout : scalar)),
        ...(isLast ? { readoutOut: normal(weightsOf(hiddenReadout, scalar)) } : {}),
      }
    }),
  }
}

/** [N] energies of atoms. Source: Batatia et al., arXiv:2206.07697. */
function nodeEnergies(params: MaceParams, config: MaceConfig, batch: Batch): DeviceArray {
  const { senders, receivers, species } = batch
  const { cutoff, numSpecies } = config
  const [numNodes = 0] = species.shape
  const vectors = new IrrepsArray(new Irreps('O3', '1o'), batch.vectors, irMul)
  const lengths = norm(vectors).array
  const radial = bessel(lengths.reshape([-1]), config.numRadial, cutoff).mul(polynomialEnvelope(lengths, cutoff))
  const harmonics = sphericalHarmonics(range(config.maxEll + 1), vectors)
  const bySpecies = (w: DeviceArray, irreps: Irreps, x: IrrepsArray) => linear(w.take(species), irreps, x).div(Math.sqrt(numSpecies))

  let features = new IrrepsArray(scalar.mul(config.numFeatures), params.embedding.take(species).div(Math.sqrt(numSpecies)), irMul)
  let energies = np.array(config.offsets, { dtype: dtypeOf(batch) }).take(species)
  for (const [t, layer] of params.layers.entries()) {
    const { target, interaction, convolution } = irrepsOf(config, t)
    const skip = layer.skip && bySpecies(layer.skip, target, features)
    features = linear(layer.linearUp, features.irreps, features)

    const weights = radialNetwork(convolution.inputs[0].dim).apply(layer.mlp, radial)
    const messages = equivariantTensorProduct(convolution, weights, features.take(senders), harmonics)
    const summed = gather(receivers, messages, numNodes).mul(config.epsilon).simplify()

    features = linear(layer.linearDown, interaction, summed)
    if (layer.mixing) features = bySpecies(layer.mixing, interaction, features)
    const [contraction, projection] = experimental.mace.symmetricContraction(interaction, target, range(config.correlation).map((k) => k + 1))
    const coefficients = np.einsum('zau,ab->zbu', layer.contraction, projection).reshape([numSpecies, -1])
    features = equivariantTensorProduct(contraction, coefficients.take(species), features)
    features = linear(layer.linearPost, target, features)
    if (skip) features = features.add(skip)

    energies = energies.add(readout(layer, features))
  }
  return energies
}

/** Total energies of graphs, eV. */
function energies(params: MaceParams, config: MaceConfig, batch: Batch): DeviceArray {
  return np.segmentSum(nodeEnergies(params, config, batch), batch.graphs, batch.numAtoms.shape[0] ?? 0)
}

/** Energies [G] and forces [N, 3]: minus the derivative with respect to the position of every atom, by way of the edges. */
export function energiesAndForces(params: MaceParams, config: MaceConfig, batch: Batch): { readonly energies: DeviceArray; readonly forces: DeviceArray } {
  const [numNodes = 0] = batch.species.shape
  const total = (vectors: DeviceArray): readonly [DeviceArray, DeviceArray] => {
    const perGraph = energies(params, config, { ...batch, vectors })
    return [np.sum(perGraph), perGraph]
  }
  const [slopes, perGraph] = grad(total, { hasAux: true })(batch.vectors)
  const masked = slopes.mul(batch.mask.reshape([-1, 1]))
  return { energies: perGraph, forces: np.subtract(np.segmentSum(masked, batch.senders, numNodes), np.segmentSum(masked, batch.receivers, numNodes)) }
}

function linear(w: DeviceArray, irreps: Irreps, x: IrrepsArray): IrrepsArray {
  return equivariantTensorProduct(descriptors.linear(x.irreps, irreps), w, x)
}

function radialNetwork(numWeights: number): MultiLayerPerceptron {
  return new MultiLayerPerceptron([64, 64, 64, numWeights], nn.silu)
}

/** [N] the scalars of a layer as energies; through a hidden layer behind the last one. */
function readout({ readout: w, readoutOut }: LayerParams, features: IrrepsArray): DeviceArray {
  if (!readoutOut) return linear(w, scalar, features).array.reshape([-1])
  const hidden = linear(w, hiddenReadout, features)
  return linear(readoutOut, scalar, hidden.withArray(silu(hidden.array))).array.reshape([-1])
}

function dtypeOf({ vectors }: Batch): 'float32' | 'float64' {
  return vectors.dtype === 'float64' ? 'float64' : 'float32'
}
