import type { DType } from '../../array/dtype.ts'
import type { ParamsOf, UnaryName, BinaryName } from '../../primitives/names.ts'

/** Primitives that make each element of their output from one element of each input. */
export type ElementwiseName = UnaryName | BinaryName | 'powConstant' | 'cast' | 'where'

/** An element-wise primitive applied to values of the graph, as it is applied to arrays. */
export type ElementwiseNode =
  | { readonly [P in ElementwiseName]: { readonly op: P; readonly args: readonly number[]; readonly params: ParamsOf<P> } }[ElementwiseName]
  /** A number that is part of the kernel. */
  | { readonly op: 'constant'; readonly args: readonly []; readonly params: { readonly value: number; readonly dtype: DType } }

/**
 * Element-wise primitives that are run together, in one pass over memory.
 *
 * Values are numbered: first the arrays that are read, then the scalars, then the nodes in order. A node's arguments are values
 * with smaller numbers, of the dtypes that the primitive asks for. Two graphs with equal contents are run by the same kernel.
 */
export interface ElementwiseDag {
  /** Dtype of every array that is read; arrays are broadcast against each other. */
  readonly inputs: readonly DType[]
  /** Dtypes of numbers given at launch. */
  readonly scalars: readonly DType[]
  readonly nodes: readonly ElementwiseNode[]
  /** Values that are written, one array each; all of the broadcast shape. */
  readonly outputs: readonly number[]
}
