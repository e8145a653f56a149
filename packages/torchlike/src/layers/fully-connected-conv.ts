import { InputError, ShapeError, type Irreps, type IrrepsLike, type LayoutLike } from '@equivar/core'
import { cat } from '../functions/combine.ts'
import { Sequential, type Layer } from '../module/containers.ts'
import { Module } from '../module/module.ts'
import { Activation, type ActivationLike } from '../nn/activations.ts'
import { Linear, type LayerOptions } from '../nn/linear.ts'
import { FullyConnectedTensorProduct } from '../operations/fully-connected-tensor-product.ts'
import { irrepsOf } from '../operations/options.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { BatchNorm } from './batch-norm.ts'
import { scatterReduce } from './scatter-reduce.ts'

export interface FullyConnectedTensorProductConvOptions extends LayerOptions {
  readonly irrepsIn: IrrepsLike
  /** Of spherical harmonics of edges. */
  readonly irrepsSh: IrrepsLike
  readonly irrepsOut: IrrepsLike
  readonly layout?: LayoutLike
  /** Normalise the result. Default true. */
  readonly batchNorm?: boolean
  /** Widths of the network that makes weights from edge embeddings, its input first. Default: the embeddings are the weights. */
  readonly mlpChannels?: readonly number[]
  /** Default `'gelu'`. */
  readonly mlpActivation?: ActivationLike
}

/** A bipartite graph: edges from sources to destinations. */
export interface Graph {
  /** [E] int32 */
  readonly sources: Tensor
  readonly destinations: Tensor
  readonly numDestinations: number
}

export interface ConvCall {
  /** Default `'mean'`. */
  readonly reduce?: 'mean' | 'sum'
  /** Rows for every source that join the edge embedding. */
  readonly sourceScalars?: Tensor
  /** Rows for every destination that join the edge embedding. */
  readonly destinationScalars?: Tensor
  /** [E]: factor of every message. */
  readonly edgeEnvelope?: Tensor
}

/**
 * `y_d = norm(mean over edges e into d of a_e · (x_{s(e)} ⊗ Y_e)(w_e))`, a fully connected tensor product with weights by edge,
 * `w_e = MLP([embedding_e, sourceScalars, destinationScalars])`. State: `tp`, `mlp.0`, `mlp.2`, …, `batch_norm`.
 *
 * @throws {InputError} {GroupMismatchError} for options and irreps that do not fit.
 */
export class FullyConnectedTensorProductConv extends Module {
  readonly irrepsOut: Irreps
  readonly tp: FullyConnectedTensorProduct
  readonly mlp: Sequential | undefined
  readonly #norm: BatchNorm | undefined

  constructor(options: FullyConnectedTensorProductConvOptions) {
    super()
    const { irrepsIn, irrepsSh, layout, batchNorm = true, mlpChannels, mlpActivation = 'gelu', ...layer } = options
    this.irrepsOut = irrepsOf(options.irrepsOut)
    const { dtype, device } = layer
    const common = { ...(layout === undefined ? {} : { layout }), ...(dtype ? { dtype } : {}), ...(device ? { device } : {}) }
    this.tp = new FullyConnectedTensorProduct({ irrepsIn1: irrepsIn, irrepsIn2: irrepsSh, irrepsOut: this.irrepsOut, sharedWeights: false, ...common })
    this.mlp = mlpChannels ? networkOf([...mlpChannels, this.tp.weightNumel], mlpActivation, layer) : undefined
    this.#norm = batchNorm ? this.register('batch_norm', new BatchNorm({ irreps: this.irrepsOut, ...common })) : undefined
  }

  /** @throws {ShapeError} {DimensionError} {InputError} if numbers of edges or channels do not fit. */
  forward(sourceFeatures: Tensor, edgeSh: Tensor, edgeEmbedding: Tensor, graph: Graph, call: ConvCall = {}): Tensor {
    const { sources, destinations, numDestinations } = graph
    const { reduce = 'mean', sourceScalars, destinationScalars, edgeEnvelope } = call
    const numEdges = sources.size
    for (const [name, rows] of Object.entries({ destinations, edgeSh, edgeEmbedding, edgeEnvelope }))
      if (rows && rows.shape[0] !== numEdges) throw new ShapeError(`FullyConnectedTensorProductConv: ${name} has ${rows.shape[0] ?? 0} rows for ${numEdges} edges`)
    if (!['mean', 'sum'].includes(reduce)) throw new InputError(`FullyConnectedTensorProductConv: reduce is '${reduce}'; use 'mean' or 'sum'`)
    const joined = [edgeEmbedding]
    if (sourceScalars) joined.push(sourceScalars.indexSelect(0, sources))
    if (destinationScalars) joined.push(destinationScalars.indexSelect(0, destinations))
    if (joined.length > 1 && !this.mlp) throw new InputError('FullyConnectedTensorProductConv: scalars of nodes join the input of a network; pass mlpChannels')
    const embedding = joined.length > 1 ? cat(joined, 1) : edgeEmbedding
    const weights = this.mlp ? this.mlp.forward(embedding) : embedding
    const messages = this.tp.forward(sourceFeatures.indexSelect(0, sources), edgeSh, weights)
    const scaled = edgeEnvelope ? messages.mul(edgeEnvelope.unsqueeze(1)) : messages
    const summed = scatterReduce(scaled, destinations, { dimSize: numDestinations, reduce })
    return this.#norm ? this.#norm.forward(summed) : summed
  }
}

function networkOf(sizes: readonly number[], activation: ActivationLike, options: LayerOptions): Sequential {
  const layers: Layer[] = []
  for (let k = 0; k + 1 < sizes.length; k++) {
    layers.push(new Linear(sizes[k] ?? 0, sizes[k + 1] ?? 0, options))
    if (k + 2 < sizes.length) layers.push(new Activation(activation))
  }
  return new Sequential(...layers)
}
