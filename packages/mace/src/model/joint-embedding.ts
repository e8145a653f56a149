import { add, concatenate, matmul, permute, reshape, silu, take, type NDArray } from '@equivar/engine'
import type { JointEmbeddingDefinition } from '../definition.ts'
import type { GraphArrays } from './graph.ts'
import type { Parameters } from './parameters.ts'

interface Affine {
  /** [in, out] */
  readonly matrix: NDArray
  readonly bias: NDArray | undefined
}

/** A table of rows by class, or the two maps of a continuous feature. */
type Embedder = { readonly table: NDArray } | { readonly first: Affine; readonly second: Affine }

export interface JointEmbeddingWeights {
  readonly embedders: readonly Embedder[]
  readonly project: NDArray
}

/**
 * Embedding of extra features (charge, spin, …), added to the initial node features:
 * `silu(P · [e_1, e_2, …])` with `e = table[value + offset]` for a categorical feature and
 * `e = W₂ silu(W₁ value + b₁) + b₂` for a continuous one. Features of a structure are given to each of its atoms.
 */
export class JointEmbedding {
  readonly #definition: JointEmbeddingDefinition

  constructor(definition: JointEmbeddingDefinition) {
    this.#definition = definition
  }

  prepare(parameters: Parameters): JointEmbeddingWeights {
    return {
      embedders: this.#definition.features.map(({ name, kind }): Embedder => {
        const own = parameters.at(`embedders.${name}`)
        return kind === 'categorical' ? { table: own.get('weight') } : { first: affine(own.at('0')), second: affine(own.at('2')) }
      }),
      project: permute(parameters.get('project.0.weight'), [1, 0]),
    }
  }

  /** [N, channels] */
  apply({ embedders, project }: JointEmbeddingWeights, graph: GraphArrays): NDArray {
    const embedded = this.#definition.features.flatMap(({ name }, k) => {
      const [feature, embedder] = [graph.features.get(name), embedders[k]]
      if (!feature || !embedder) return []
      if ('table' in embedder) return [take(embedder.table, feature)]
      return [applyAffine(silu(applyAffine(feature, embedder.first)), embedder.second)]
    })
    return silu(matmul(concatenate(embedded, 1), project))
  }
}

function affine(parameters: Parameters): Affine {
  const bias = parameters.has('bias') ? parameters.get('bias') : undefined
  return { matrix: permute(parameters.get('weight'), [1, 0]), bias: bias && reshape(bias, [1, bias.size]) }
}

function applyAffine(x: NDArray, { matrix, bias }: Affine): NDArray {
  const y = matmul(x, matrix)
  return bias ? add(y, bias) : y
}
