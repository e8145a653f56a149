import { descriptors, Irreps, irMul, range } from '@equivar/core'
import { concatenate, equivariantTensorProduct, grad, IrrepsArray, nn, norm, numpy as np, random, sphericalHarmonics, type DeviceArray } from '@equivar/functional'
import { bessel, gather, MultiLayerPerceptron, polynomialEnvelope, type DenseParams } from '@equivar/functional/experimental'

export interface NequipConfig {
  readonly numLayers: number
  readonly numFeatures: number
  readonly numSpecies: number
  readonly maxEll: number
  readonly numRadial: number
  /** Irreps of hidden features, once each. */
  readonly hiddenIrreps: string
  readonly cutoff: number
  /** 1 / mean number of neighbours. */
  readonly epsilon: number
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
}

export interface LayerParams {
  readonly linearUp: DeviceArray
  readonly mlp: readonly DenseParams[]
  readonly linearDown: DeviceArray
  /** [species, …] */
  readonly self: DeviceArray
}

export interface NequipParams {
  readonly embedding: DeviceArray
  readonly layers: readonly LayerParams[]
  readonly readout: DeviceArray
}

const silu = nn.normalizeFunction(nn.silu)
const tanh = nn.normalizeFunction(nn.tanh)
const scalar = new Irreps('O3', '0e')

interface LayerIrreps {
  readonly input: Irreps
  readonly convolution: ReturnType<typeof descriptors.channelwiseTensorProduct>
  readonly messages: Irreps
  /** What follows: scalars, then irreps that gates multiply. */
  readonly scalars: Irreps
  readonly gated: Irreps
  /** Scalars, gated irreps, and one gate for every copy of the latter. */
  readonly beforeGate: Irreps
}

/** Irreps of every layer; each gives what the one before it lets it reach. */
function layerIrreps(config: NequipConfig): LayerIrreps[] {
  const hidden = new Irreps('O3', config.hiddenIrreps).mul(config.numFeatures)
  const harmonics = new Irreps('O3', range(config.maxEll + 1).map((l) => `${l}${l % 2 === 0 ? 'e' : 'o'}`).join('+'))
  let input = scalar.mul(config.numFeatures)
  return range(config.numLayers).map(() => {
    const convolution = descriptors.channelwiseTensorProduct(input, harmonics, hidden.add(scalar)).squeezeModes().flattenCoefficientModes()
    const messages = new Irreps('O3', convolution.outputs[0].toString()).simplify()
    const reached = hidden.filter({ keep: messages })
    const [scalars, gated] = [reached.filter({ keep: ({ ir }) => ir.dim === 1 }), reached.filter({ keep: ({ ir }) => ir.dim > 1 })]
    const own = { input, convolution, messages, scalars, gated, beforeGate: reached.add(reached.newScalars(gated.numIrreps)) }
    input = scalars.add(gated)
    return own
  })
}

const weightsOf = (from: Irreps, to: Irreps) => descriptors.linear(from, to).inputs[0].dim

/** Parameters from a key, N(0, 1) all of them: normalisation is in the layers. */
export function init(key: random.Key, config: NequipConfig, dtype: 'float32' | 'float64' = 'float32'): NequipParams {
  const keys = random.split(key, 4 * config.numLayers + 2)
  let next = 0
  const normal = (...shape: readonly number[]): DeviceArray => random.normal(keys[next++] ?? key, shape, dtype)
  const layers = layerIrreps(config)
  const last = layers.at(-1)
  return {
    embedding: normal(config.numSpecies, config.numFeatures),
    layers: layers.map(({ input, convolution, messages, beforeGate }): LayerParams => ({
      linearUp: normal(weightsOf(input, input)),
      mlp: radialNetwork(convolution.inputs[0].dim).init(keys[next++] ?? key, np.zeros([1, config.numRadial], { dtype })),
      linearDown: normal(weightsOf(messages, beforeGate)),
      self: normal(config.numSpecies, weightsOf(input, beforeGate)),
    })),
    readout: normal(last ? weightsOf(last.scalars.add(last.gated), scalar) : 0),
  }
}

/** [G] energies of graphs. Source: Batzner et al., arXiv:2101.03164. */
function energies(params: NequipParams, config: NequipConfig, batch: Batch): DeviceArray {
  const { senders, receivers, species } = batch
  const [numNodes = 0] = species.shape
  const vectors = new IrrepsArray(new Irreps('O3', '1o'), batch.vectors, irMul)
  const lengths = norm(vectors).array
  const radial = bessel(lengths.reshape([-1]), config.numRadial, config.cutoff).mul(polynomialEnvelope(lengths, config.cutoff))
  const harmonics = sphericalHarmonics(range(config.maxEll + 1), vectors)

  let features = new IrrepsArray(scalar.mul(config.numFeatures), params.embedding.take(species).div(Math.sqrt(config.numSpecies)), irMul)
  for (const [t, { convolution, beforeGate, scalars, gated }] of layerIrreps(config).entries()) {
    const layer = params.layers[t]
    if (!layer) continue
    const self = linear(layer.self.take(species), beforeGate, features)
    const up = linear(layer.linearUp, features.irreps, features)
    // An edge of no length has no direction, and says nothing.
    const weights = np.where(np.equal(lengths, 0), 0, radialNetwork(convolution.inputs[0].dim).apply(layer.mlp, radial))
    const messages = equivariantTensorProduct(convolution, weights, up.take(senders), harmonics)
    const summed = gather(receivers, messages, numNodes).mul(config.epsilon).simplify()
    features = gate(linear(layer.linearDown, beforeGate, summed).add(self), scalars, gated)
  }
  return np.segmentSum(linear(params.readout, scalar, features).array.reshape([-1]), batch.graphs, batch.numAtoms.shape[0] ?? 0)
}

/** Energies [G] and forces [N, 3]. */
export function energiesAndForces(params: NequipParams, config: NequipConfig, batch: Batch): { readonly energies: DeviceArray; readonly forces: DeviceArray } {
  const [numNodes = 0] = batch.species.shape
  const total = (vectors: DeviceArray): readonly [DeviceArray, DeviceArray] => {
    const perGraph = energies(params, config, { ...batch, vectors })
    return [np.sum(perGraph), perGraph]
  }
  const [slopes, perGraph] = grad(total, { hasAux: true })(batch.vectors)
  return { energies: perGraph, forces: np.subtract(np.segmentSum(slopes, batch.senders, numNodes), np.segmentSum(slopes, batch.receivers, numNodes)) }
}

/** Scalars through their activation, other irreps times a gate each. */
function gate(x: IrrepsArray, scalars: Irreps, gated: Irreps): IrrepsArray {
  const [numScalars, numGated] = [scalars.numIrreps, gated.numIrreps]
  const kept = x.sliceByMul(0, numScalars)
  const gates = x.sliceByMul(numScalars + numGated, numScalars + 2 * numGated)
  const activated = IrrepsArray.fromSegments(
    kept.irreps,
    kept.segments.map((segment, i) => (kept.irreps.at(i).ir.isScalar() ? silu(segment) : tanh(segment))),
    kept.leadingShape,
    kept.layout,
  )
  if (numGated === 0) return activated
  const open = gates.withArray(silu(gates.array))
  const product = descriptors.elementwiseTensorProduct(open.irreps, gated)
  return concatenate([activated, equivariantTensorProduct(product, open, x.sliceByMul(numScalars, numScalars + numGated))])
}

function linear(w: DeviceArray, irreps: Irreps, x: IrrepsArray): IrrepsArray {
  return equivariantTensorProduct(descriptors.linear(x.irreps, irreps), w, x)
}

function radialNetwork(numWeights: number): MultiLayerPerceptron {
  return new MultiLayerPerceptron([64, 64, numWeights], nn.silu)
}
