import * as cue from '@equivar/core'
import * as cuex from '../../src/index.ts'
import { gather, MultiLayerPerceptron } from '../../src/experimental/index.ts'

const { numpy: np, nn } = cuex

export interface LayerInputs {
  readonly vectors: cuex.DeviceArray
  readonly nodeFeats: cuex.DeviceArray
  readonly radialEmbeddings: cuex.DeviceArray
  readonly nodeSpecies: cuex.DeviceArray
  readonly senders: cuex.DeviceArray
  readonly receivers: cuex.DeviceArray
}

export type LayerParams = Readonly<Record<string, cuex.DeviceArray>>

export interface LayerSizes {
  readonly numSpecies: number
  readonly numFeatures: number
  readonly maxEll: number
  readonly irrepsIn: string
  readonly interactionIrreps: string
  readonly hiddenOut: string
}

/** The program of `examples/functional-layer` as a function of inputs and parameters, with every intermediate. */
export function maceLayer(sizes: LayerSizes, inputs: LayerInputs, params: LayerParams): Record<string, cuex.IrrepsArray | cuex.DeviceArray> {
  const { numSpecies, numFeatures, maxEll } = sizes
  const [interactionIrreps, hiddenOut] = [new cue.Irreps('O3', sizes.interactionIrreps), new cue.Irreps('O3', sizes.hiddenOut)]
  const { nodeSpecies, senders, receivers, radialEmbeddings } = inputs
  const vectors = new cuex.IrrepsArray(new cue.Irreps('O3', '1o'), inputs.vectors, cue.irMul)
  const nodeFeats = new cuex.IrrepsArray(new cue.Irreps('O3', sizes.irrepsIn), inputs.nodeFeats, cue.irMul)
  const [numNodes = 0] = nodeFeats.shape
  const param = (name: string): cuex.DeviceArray => {
    const found = params[name]
    if (!found) throw new Error(`no parameter ${name}`)
    return found
  }
  const lin = (irreps: cue.Irreps, input: cuex.IrrepsArray, name: string) =>
    cuex.equivariantTensorProduct(cue.descriptors.linear(input.irreps, irreps), param(name), input, { precision: 'high' })
  const linZ = (irreps: cue.Irreps, input: cuex.IrrepsArray, name: string) =>
    cuex.equivariantTensorProduct(cue.descriptors.linear(input.irreps, irreps), param(name).take(nodeSpecies), input).div(Math.sqrt(numSpecies))

  const selfConnection = linZ(hiddenOut.mul(numFeatures), nodeFeats, 'linZ_skip_tp')
  const linearUp = lin(nodeFeats.irreps, nodeFeats, 'linear_up')
  const sent = linearUp.take(senders)
  const sphericalHarmonics = cuex.sphericalHarmonics(cue.range(maxEll + 1), vectors)
  const conv = cue.descriptors.channelwiseTensorProduct(sent.irreps, sphericalHarmonics.irreps, interactionIrreps).squeezeModes().flattenCoefficientModes()
  const mlp = new MultiLayerPerceptron([64, 64, 64, conv.inputs[0].dim], nn.silu, { outputActivation: false, withBias: false })
  const mix = mlp.apply([0, 1, 2, 3].map((k) => ({ w: param(`mlp_${k}`) })), radialEmbeddings)
  const messages = cuex.equivariantTensorProduct(conv, mix, sent, sphericalHarmonics)
  const gathered = gather(receivers, messages, numNodes).div((senders.shape[0] ?? 0) / numNodes)
  const linearDown = lin(interactionIrreps.mul(numFeatures), gathered, 'linear_down')
  const [sc, projection] = cue.experimental.mace.symmetricContraction(linearDown.irreps, hiddenOut.mul(numFeatures), [1, 2, 3])
  const w = np.reshape(np.einsum('zau,ab->zbu', param('symmetric_contraction'), projection), [numSpecies, -1])
  const symmetricContraction = cuex.equivariantTensorProduct(sc, w.take(nodeSpecies), linearDown)
  const linearPost = lin(hiddenOut.mul(numFeatures), symmetricContraction, 'linear_post_sc').add(selfConnection)
  const nodeOutputs = lin(new cue.Irreps('O3', '0e'), linearPost, 'linear_readout')
  const messagesRow0 = messages.at([0, 1])
  return { selfConnection, linearUp, sphericalHarmonics, mix, messagesRow0, gathered, linearDown, symmetricContraction, linearPost, nodeOutputs }
}
