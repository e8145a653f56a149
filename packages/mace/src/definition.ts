import type { NamedTensor } from '@equivar/files'

export type { NamedTensor, TensorDtype } from '@equivar/files'

/**
 * What a MACE model is, without any execution: the hyper-parameters as plain JSON and the numbers as named tensors.
 *
 * Checkpoint readers produce it, the model consumes it, and the project's own file format stores exactly this.
 * Irreps are written as e3nn writes them (`'16x0e+16x1o'`), sorted by e3nn 0.4.4's rules.
 */
export interface MaceDefinition {
  readonly architecture: MaceArchitecture
  /**
   * Parameters and numeric buffers under mace-torch's own state-dict keys (`'interactions.0.linear_up.weight'`), all
   * finite, with the shapes of the newest layout: E0s [heads, species], scale and shift [heads]. What the architecture
   * or the couplings say already (`r_max`, `U_matrix_*`, masks, flags, empty tensors) is left out.
   */
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** Generalised Clebsch–Gordan tensors of every contraction: `couplings[layer][output irrep][degree − 1]`. */
  readonly couplings: readonly (readonly (readonly Coupling[])[])[]
}

/**
 * Symmetrised coupling of one output irrep and one degree ν:
 * `out[m] = Σ_entries value · W[η] · x[a_1] · … · x[a_ν]`, with a_1 ≤ … ≤ a_ν.
 *
 * `value` is `Σ U[m, a_σ(1), …, a_σ(ν), η]` over the distinct permutations of the indices, so one entry stands for all
 * of them. Only the symmetric part of U acts, because every slot is fed the same features.
 */
export interface Coupling {
  readonly degree: number
  /** 2L + 1 of the output irrep. */
  readonly numComponents: number
  /** Number of weights η a channel, the rows of the stored weight tensor. */
  readonly numPaths: number
  /** `numEntries × (degree + 2)`: m, a_1 … a_ν, η; sorted lexicographically. */
  readonly indices: Int32Array
  readonly values: Float64Array
}

export interface MaceArchitecture {
  /** `MACE` adds readouts and reference energies; `ScaleShiftMACE` scales and shifts the readouts first. */
  readonly model: 'MACE' | 'ScaleShiftMACE'
  readonly dtype: 'float32' | 'float64'
  readonly heads: readonly string[]
  /** The position of an atomic number is its species index; ascending in every file that mace-torch's training wrote. */
  readonly atomicNumbers: readonly number[]
  /** r_max in Å. */
  readonly cutoff: number
  readonly maxEll: number
  /** Irreps of the spherical harmonics, `'0e+1o+2e+…'`; all even when the model was built for SO(3). */
  readonly harmonics: string
  readonly radial: RadialDefinition
  /** ZBL pair repulsion; its tensors lie under `pair_repulsion_fn.`. */
  readonly pairRepulsion: { readonly cutoffOrder: number } | null
  readonly jointEmbedding: JointEmbeddingDefinition | null
  /** A linear readout of the initial node features is added to the reference energies. */
  readonly embeddingReadout: boolean
  readonly layers: readonly LayerDefinition[]
  readonly readouts: readonly ReadoutDefinition[]
}

export interface RadialDefinition {
  /** bessel: `bessel_weights`, prefactor √(2/r_max) as stored; gaussian: `coefficient` of the exponent; chebyshev: T_1 … T_N. */
  readonly basis:
    | { readonly kind: 'bessel'; readonly count: number }
    | { readonly kind: 'gaussian'; readonly count: number; readonly coefficient: number }
    | { readonly kind: 'chebyshev'; readonly count: number }
  /** p of the polynomial cutoff. */
  readonly cutoffOrder: number
  /** True: the cutoff multiplies the basis. False: it multiplies the tensor-product weights and the edge density. */
  readonly applyCutoff: boolean
  /** Distance transform; its numbers lie under `radial_embedding.distance_transform.`. */
  readonly transform: 'agnesi' | 'soft' | null
}

/** The interaction classes of mace-torch, by their names there. */
export const interactionKinds = [
  'RealAgnosticInteractionBlock',
  'RealAgnosticResidualInteractionBlock',
  'RealAgnosticDensityInteractionBlock',
  'RealAgnosticDensityResidualInteractionBlock',
  'RealAgnosticAttResidualInteractionBlock',
  'RealAgnosticResidualNonLinearInteractionBlock',
] as const

export type InteractionKind = (typeof interactionKinds)[number]

/** `scale · f(x)`; `scale` is e3nn's second-moment normalisation as stored in the file, 1 where there is none. */
export interface ActivationDefinition {
  readonly name: 'silu' | 'tanh' | 'sigmoid' | 'abs' | 'relu' | 'identity'
  readonly scale: number
}

export interface RadialNetworkDefinition {
  /** e3nn's FullyConnectedNet (no biases, 1/√fan_in) or mace's RadialMLP (biases, LayerNorm, plain SiLU). */
  readonly kind: 'fully_connected' | 'layer_norm_mlp'
  /** Widths from input to output. */
  readonly sizes: readonly number[]
  readonly activation: ActivationDefinition
}

export interface LayerDefinition {
  readonly interaction: {
    readonly kind: InteractionKind
    /** Irreps of the incoming node features. */
    readonly nodeFeatures: string
    /** Irreps of the up-projected sender features, first input of the convolution. */
    readonly edgeFeatures: string
    /** Irreps of the messages after the convolution's linear layer, simplified. */
    readonly target: string
    /** Irreps of the self connection (the hidden irreps of this layer). */
    readonly hidden: string
    readonly avgNumNeighbors: number
    readonly radialNetwork: RadialNetworkDefinition
    /** Network of the edge density, where the class has one. */
    readonly densityNetwork: RadialNetworkDefinition | null
    /** Gate of the non-linear class: activations of its scalars and of its gates, and the gate's irreps. */
    readonly gate: {
      readonly scalars: string
      readonly gates: string
      readonly gated: string
      readonly scalarActivation: ActivationDefinition
      readonly gateActivation: ActivationDefinition
    } | null
  }
  readonly product: {
    /** Irreps after the symmetric contraction and after its linear layer. */
    readonly hidden: string
    readonly correlation: number
    readonly useSelfConnection: boolean
    /** One weight set for all elements. */
    readonly agnostic: boolean
  }
}

export type ReadoutDefinition =
  | { readonly kind: 'linear'; readonly input: string }
  | {
      /** `non_linear_bias` has a second hidden layer, and biases. */
      readonly kind: 'non_linear' | 'non_linear_bias'
      readonly input: string
      /** Irreps of the hidden layer over all heads, for example `'32x0e'` for two heads of 16 channels. */
      readonly hidden: string
      readonly activation: ActivationDefinition
      /** Number of heads whose channels lie side by side in the hidden layer. */
      readonly numHeads: number
    }

export interface JointEmbeddingDefinition {
  readonly features: readonly {
    readonly name: string
    readonly kind: 'categorical' | 'continuous'
    readonly level: 'graph' | 'atom'
    /** Added to a categorical value before it selects a row. */
    readonly offset: number
    readonly inputSize: number
    readonly outputSize: number
    /** Whether the two linear layers of a continuous feature have biases. */
    readonly bias: boolean
  }[]
}
