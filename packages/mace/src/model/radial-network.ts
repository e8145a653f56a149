import { add, layerNorm, matmul, mul, permute, type NDArray } from '@equivar/engine'
import type { RadialNetworkDefinition } from '../definition.ts'
import { activate } from './activation.ts'
import type { Parameters } from './parameters.ts'

const layerNormEpsilon = 1e-5

/** The matrices of a radial network in the order of their use, with constant factors folded in. */
export type RadialWeights = readonly {
  /** [fan_in, fan_out] */
  readonly matrix: NDArray
  readonly bias: NDArray | undefined
  readonly norm: { readonly weight: NDArray; readonly bias: NDArray } | undefined
}[]

/**
 * Per-edge network from radial features to tensor-product weights.
 *
 * - `fully_connected` (e3nn): `x ← act(x · W/√fan_in)`, the last layer without activation.
 * - `layer_norm_mlp` (mace's RadialMLP): `x ← silu(LayerNorm(x · Wᵀ + b))`, the last layer affine only.
 */
export class RadialNetwork {
  readonly definition: RadialNetworkDefinition

  constructor(definition: RadialNetworkDefinition) {
    this.definition = definition
  }

  prepare(parameters: Parameters): RadialWeights {
    const { kind, sizes } = this.definition
    return sizes.slice(0, -1).map((fanIn, k) => {
      if (kind === 'fully_connected') return { matrix: mul(parameters.get(`layer${k}.weight`), 1 / Math.sqrt(fanIn)), bias: undefined, norm: undefined }
      // torch's Sequential counts Linear, LayerNorm and SiLU of a hidden layer as three modules.
      const linear = parameters.at(`net.${3 * k}`)
      const norm = parameters.at(`net.${3 * k + 1}`)
      return {
        matrix: permute(linear.get('weight'), [1, 0]),
        bias: linear.get('bias'),
        norm: k + 2 < sizes.length ? { weight: norm.get('weight'), bias: norm.get('bias') } : undefined,
      }
    })
  }

  /** x [E, sizes[0]] → [E, sizes[last]]. */
  apply(weights: RadialWeights, x: NDArray): NDArray {
    for (const [k, { matrix, bias, norm }] of weights.entries()) {
      x = matmul(x, matrix)
      if (bias) x = add(x, bias)
      if (norm) x = layerNorm(x, norm.weight, norm.bias, layerNormEpsilon)
      if (k + 1 < weights.length) x = activate(x, this.definition.activation)
    }
    return x
  }
}
