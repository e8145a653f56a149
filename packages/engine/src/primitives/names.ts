import type { SegmentedPolynomial } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import type { DType } from '../array/dtype.ts'
import type { NDArray } from '../array/ndarray.ts'
import type { Subgraph } from './subgraph.ts'

/** Of primitives that have no parameters. */
export type NoParams = object

export type UnaryName =
  | 'identity'
  | 'stopGradient'
  | 'barrier'
  | 'neg'
  | 'sqrt'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tanh'
  | 'sigmoid'
  | 'abs'
  | 'sign'
  | 'floor'
  | 'reciprocal'
  | 'square'
  | 'logicalNot'

export type ArithmeticName = 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'minimum' | 'pow'
export type ComparisonName = 'less' | 'lessEqual' | 'greater' | 'greaterEqual' | 'equal' | 'notEqual'
export type LogicalName = 'logicalAnd' | 'logicalOr'
/** Primitives that move, combine or count elements. */
export type StructuralName =
  | 'matmul'
  | 'sum'
  | 'max'
  | 'cumulativeSum'
  | 'broadcastTo'
  | 'reshape'
  | 'permute'
  | 'concatenate'
  | 'slice'
  | 'pad'
  | 'take'
  | 'segmentSum'
  | 'oneHot'
  | 'iota'
/** Primitives that order, select or make up elements. */
export type AlgorithmName = 'argsort' | 'bincount' | 'compact' | 'random' | 'neighborGraph'
/** Primitives whose derivatives a user wrote. They hand values on, and are gone when a program is made. */
export type CustomName = 'custom' | 'customLinear'
/** Primitives that hold functions, and run them as often as sizes or elements say. */
export type ControlFlowName = 'scan' | 'whileLoop' | 'cond'
export type BinaryName = ArithmeticName | ComparisonName | LogicalName

/**
 * Row of an operand of a segmented polynomial that belongs to batch entry b: `shared` row 0, `batched` row b,
 * `indexed` row `indices[b]` of the index array with that number (a gather for an input, a scatter-add for an output).
 * An output that is `shared` is summed over the batch.
 */
export type InputAccess = { readonly kind: 'shared' } | { readonly kind: 'batched' } | { readonly kind: 'indexed'; readonly index: number }
export type OutputAccess =
  | { readonly kind: 'shared' }
  | { readonly kind: 'batched' }
  | { readonly kind: 'indexed'; readonly index: number; readonly rows: number }

export interface SegmentedPolynomialParams {
  readonly polynomial: SegmentedPolynomial
  readonly inputs: readonly InputAccess[]
  readonly outputs: readonly OutputAccess[]
  readonly batchSize: number
  /** How it is executed, derivatives included; what serves best where it is missing. */
  readonly method?: lowering.Method
}

/**
 * `uniform`: in [0, 1); `normal`: of mean 0 and variance 1; `bits`: all words of 32 bits alike; `integers`: those of a range alike; `keys`:
 * bits that are no others' bits.
 */
export type Distribution = 'uniform' | 'normal' | 'bits' | 'integers' | 'keys'

/** The derivatives of a function, as its author wrote them. A missing tangent or cotangent is zero. */
export interface CustomRule {
  /** Named in messages. */
  readonly name: string
  /** Tangents of the outputs, linear in those of the inputs. */
  tangents(inputs: readonly NDArray[], outputs: readonly NDArray[], tangents: readonly (NDArray | undefined)[]): readonly (NDArray | undefined)[]
}

/** A linear function that is known by its transpose only. */
export interface CustomTranspose {
  readonly name: string
  /** Cotangents of the linear inputs, one for each. */
  cotangents(residuals: readonly NDArray[], cotangents: readonly NDArray[]): readonly NDArray[]
}

/** Numbers that decide about the launches of a search of neighbours. */
export interface NeighborGraphSizes {
  readonly numAtoms: number
  readonly numImages: number
  /** Room for so many pairs of edges, and for so many edges to an atom. */
  readonly numPairs: number
  readonly slots: number
}

export interface NeighborGraphParams extends Pick<NeighborGraphSizes, 'numPairs' | 'slots'> {
  /** Who searches brings the kernels along: pages that never do need not load them. */
  readonly plan: (sizes: NeighborGraphSizes, target: lowering.Target) => lowering.Plan
}

/** Inputs: what the body closes over, the first carries, and arrays whose rows the steps are given. */
export interface ScanParams {
  /** From what it closes over, the carries and one row of each array to the next carries and the results of the step. */
  readonly body: Subgraph
  readonly numConstants: number
  readonly numCarries: number
  /** Number of steps. */
  readonly length: number
  /** From the last row to the first. */
  readonly isReversed: boolean
  /** Outputs: the last carries, the results of all steps, and, where derivatives will ask for them, the carries before every step. */
  readonly keepsCarries: boolean
  /** Linear in all of its carries: what forward rules make. */
  readonly isTangent: boolean
}

/** Inputs: what the functions close over, then the first carries. Outputs: the last carries. */
export interface WhileParams {
  readonly condition: Subgraph
  readonly body: Subgraph
  readonly numConstants: number
}

/** Inputs: one boolean, then what both functions are given. */
export interface CondParams {
  readonly ifTrue: Subgraph
  readonly ifFalse: Subgraph
}

interface Signature {
  /** Number of inputs. */
  readonly arity: number | 'many'
  readonly outputs: 1 | 2 | 'many'
  readonly params: object
}

type SameSignature<Names extends string, S extends Signature> = { readonly [name in Names]: S }

/** Everything that can be computed: the closed set of primitives, with number of inputs, of outputs, and parameters. */
export interface Primitives
  extends SameSignature<UnaryName, { readonly arity: 1; readonly outputs: 1; readonly params: NoParams }>,
    SameSignature<BinaryName, { readonly arity: 2; readonly outputs: 1; readonly params: NoParams }> {
  readonly powConstant: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly exponent: number } }
  readonly cast: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly dtype: DType } }
  readonly where: { readonly arity: 3; readonly outputs: 1; readonly params: NoParams }
  readonly matmul: { readonly arity: 2; readonly outputs: 1; readonly params: { readonly transposeA: boolean; readonly transposeB: boolean } }
  readonly sum: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly axes: readonly number[] } }
  readonly max: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly axes: readonly number[] } }
  readonly cumulativeSum: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly axis: number; readonly reverse: boolean } }
  readonly broadcastTo: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly shape: readonly number[] } }
  readonly reshape: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly shape: readonly number[] } }
  readonly permute: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly axes: readonly number[] } }
  readonly concatenate: { readonly arity: 'many'; readonly outputs: 1; readonly params: { readonly axis: number } }
  readonly slice: {
    readonly arity: 1
    readonly outputs: 1
    readonly params: { readonly starts: readonly number[]; readonly limits: readonly number[] }
  }
  readonly pad: {
    readonly arity: 1
    readonly outputs: 1
    readonly params: { readonly low: readonly number[]; readonly high: readonly number[] }
  }
  readonly take: { readonly arity: 2; readonly outputs: 1; readonly params: NoParams }
  readonly segmentSum: { readonly arity: 2; readonly outputs: 1; readonly params: { readonly numSegments: number } }
  readonly oneHot: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly depth: number; readonly dtype: DType } }
  readonly iota: {
    readonly arity: 0
    readonly outputs: 1
    readonly params: { readonly shape: readonly number[]; readonly axis: number; readonly dtype: DType }
  }
  /** Along the last axis. */
  readonly argsort: { readonly arity: 1; readonly outputs: 1; readonly params: NoParams }
  readonly bincount: { readonly arity: 1; readonly outputs: 1; readonly params: { readonly numBins: number } }
  /** Outputs: positions of what holds, then of what does not; and the number of the former. */
  readonly compact: { readonly arity: 1; readonly outputs: 2; readonly params: NoParams }
  /** Inputs and outputs: see the function of this name, and `graphOutputs`. Room for so many pairs, and for `slots` edges to an atom. */
  readonly neighborGraph: { readonly arity: 'many'; readonly outputs: 'many'; readonly params: NeighborGraphParams }
  /** Input: the key, four words. `range` is that of integers, its end excluded. */
  readonly random: {
    readonly arity: 1
    readonly outputs: 1
    readonly params: {
      readonly shape: readonly number[]
      readonly distribution: Distribution
      readonly dtype: DType
      readonly range?: readonly [number, number]
    }
  }
  /** Inputs: what the outputs are, then the inputs of the function that gave it. */
  readonly custom: { readonly arity: 'many'; readonly outputs: 'many'; readonly params: { readonly rule: CustomRule; readonly numOutputs: number } }
  /** Inputs: residuals, then those in which it is linear. Exists between a forward rule and its transposition only. */
  readonly customLinear: {
    readonly arity: 'many'
    readonly outputs: 'many'
    readonly params: {
      readonly transpose: CustomTranspose
      readonly numResiduals: number
      readonly results: readonly { readonly dtype: DType; readonly shape: readonly number[] }[]
    }
  }
  readonly scan: { readonly arity: 'many'; readonly outputs: 'many'; readonly params: ScanParams }
  readonly whileLoop: { readonly arity: 'many'; readonly outputs: 'many'; readonly params: WhileParams }
  readonly cond: { readonly arity: 'many'; readonly outputs: 'many'; readonly params: CondParams }
  /** Inputs: the operands, then the index arrays that the accesses refer to. */
  readonly segmentedPolynomial: { readonly arity: 'many'; readonly outputs: 'many'; readonly params: SegmentedPolynomialParams }
}

export type PrimitiveName = keyof Primitives
export type ParamsOf<P extends PrimitiveName> = Primitives[P]['params']

type TupleOf<N, T> = N extends 0
  ? readonly []
  : N extends 1
    ? readonly [T]
    : N extends 2
      ? readonly [T, T]
      : N extends 3
        ? readonly [T, T, T]
        : readonly T[]

/** One T an input of the primitive. */
export type PerInput<P extends PrimitiveName, T> = TupleOf<Primitives[P]['arity'], T>
/** One T an output of the primitive. */
export type PerOutput<P extends PrimitiveName, T> = TupleOf<Primitives[P]['outputs'], T>
