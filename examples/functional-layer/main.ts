import * as cue from '@equivar/core'
import * as cuex from '@equivar/functional'
import { MultiLayerPerceptron, gather } from '@equivar/functional/experimental'

const { numpy: np, random, nn } = cuex
cuex.setDefaultDevice(await cuex.device('auto'))
const numSpecies = 3, numNodes = 12, numEdges = 26
const vectors = cuex.randn(random.key(0), new cue.Irreps('O3', '1o'), [numEdges], cue.irMul)
let nodeFeats = cuex.randn(random.key(0), new cue.Irreps('O3', '16x0e + 16x1o'), [numNodes], cue.irMul)
const nodeSpecies = random.randint(random.key(0), [numNodes], 0, numSpecies)
const radialEmbeddings = random.normal(random.key(0), [numEdges, 4])
const [senders, receivers] = random.randint(random.key(0), [2, numEdges], 0, numNodes)

function param(name: string, init: cuex.Initializer, shape: readonly number[], dtype: cuex.DType) {
  console.log('param', name, shape, dtype)
  return init(random.key(0), shape, dtype)
}

const numFeatures = 32
const interactionIrreps = new cue.Irreps('O3', '0e + 1o + 2e + 3o')
const hiddenOut = new cue.Irreps('O3', '0e + 1o')
const maxEll = 3
const dtype = nodeFeats.dtype

function lin(irreps: cue.Irreps, input: cuex.IrrepsArray, name: string) {
  const e = cue.descriptors.linear(input.irreps, irreps)
  const w = param(name, random.normal, [e.inputs[0].dim], dtype)
  return cuex.equivariantTensorProduct(e, w, input, { precision: 'high' })
}
function linZ(irreps: cue.Irreps, input: cuex.IrrepsArray, name: string) {      // one weight set per species
  const e = cue.descriptors.linear(input.irreps, irreps)
  const w = param(name, random.normal, [numSpecies, e.inputs[0].dim], dtype)
  return cuex.equivariantTensorProduct(e, w.take(nodeSpecies), input, { precision: 'high' }).div(Math.sqrt(numSpecies))
}

// before the convolution
const selfConnection = linZ(hiddenOut.mul(numFeatures), nodeFeats, 'linZ_skip_tp')
nodeFeats = lin(nodeFeats.irreps, nodeFeats, 'linear_up')

// the convolution
let messages = nodeFeats.take(senders)
const sph = cuex.sphericalHarmonics(cue.range(maxEll + 1), vectors)
const conv = cue.descriptors.channelwiseTensorProduct(messages.irreps, sph.irreps, interactionIrreps).squeezeModes().flattenCoefficientModes()
const mlp = new MultiLayerPerceptron([64, 64, 64, conv.inputs[0].dim], nn.silu, { outputActivation: false, withBias: false })
const mlpParams = mlp.init(random.key(0), radialEmbeddings)
const mix = mlp.apply(mlpParams, radialEmbeddings)
messages = cuex.equivariantTensorProduct(conv, mix, messages, sph)
const avgNumNeighbors = numEdges / numNodes
nodeFeats = gather(receivers, messages, numNodes).div(avgNumNeighbors)         // sums rows that share a receiver

// the symmetric contraction
nodeFeats = lin(interactionIrreps.mul(numFeatures), nodeFeats, 'linear_down')
const [sc, projection] = cue.experimental.mace.symmetricContraction(nodeFeats.irreps, hiddenOut.mul(numFeatures), [1, 2, 3])
let w = param('symmetric_contraction', random.normal, [numSpecies, projection.shape[0], numFeatures], dtype)
w = np.reshape(np.einsum('zau,ab->zbu', w, projection), [numSpecies, -1])
nodeFeats = cuex.equivariantTensorProduct(sc, w.take(nodeSpecies), nodeFeats)

// the rest
nodeFeats = lin(hiddenOut.mul(numFeatures), nodeFeats, 'linear_post_sc').add(selfConnection)
const nodeOutputs = lin(new cue.Irreps('O3', '0e'), nodeFeats, 'linear_readout')
console.log(await nodeOutputs.toText())                         // irreps, layout, shape, dtype, values
console.log(await nodeOutputs.data())

export { nodeOutputs }
