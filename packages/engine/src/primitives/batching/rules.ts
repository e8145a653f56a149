import type { NDArray } from '../../array/ndarray.ts'
import { broadcastTo, reshape } from '../../functions/structure.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from '../names.ts'

type ListFunction = (...inputs: NDArray[]) => readonly NDArray[]

export interface BatchingContext<P extends PrimitiveName> {
  /** Mapped inputs have the mapped axis in front, the others are shared by all entries. */
  readonly inputs: PerInput<P, NDArray>
  /** Which inputs are mapped; at least one. */
  readonly isBatched: readonly boolean[]
  /** Number of entries. */
  readonly size: number
  readonly params: ParamsOf<P>
  /** For rules that hold functions. */
  readonly vmap: (f: ListFunction, options?: { readonly inAxes?: readonly (number | null)[] }) => ListFunction
}

/** The primitive applied to all entries at once: all outputs have the mapped axis in front. */
export interface BatchingRule<P extends PrimitiveName> {
  batch(context: BatchingContext<P>): PerOutput<P, NDArray>
}

/** A shared array as if it were mapped. */
export function spread(x: NDArray, isBatched: boolean | undefined, size: number): NDArray {
  return isBatched ? x : broadcastTo(reshape(x, [1, ...x.shape]), [size, ...x.shape])
}

/** A mapped array with axes of extent 1 behind the mapped one, until an entry has `ndim` axes. */
export function withEntryAxes(x: NDArray, ndim: number): NDArray {
  const missing = ndim - (x.ndim - 1)
  return missing <= 0 ? x : reshape(x, [x.shape[0] ?? 0, ...Array.from({ length: missing }, () => 1), ...x.shape.slice(1)])
}
