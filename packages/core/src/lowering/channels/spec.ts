import type { NormalForm } from '../normal-form.ts'
import type { PolynomialRequest } from '../request.ts'
import type { Analysis } from './analysis.ts'
import type { Pass } from './passes.ts'
import type { TouchedRows } from './row-touches.ts'

/**
 * How the programs of a kernel share the work: `tiles` of consecutive entries, each entry writing rows of its own; `runs` of entries
 * for which an index array holds one row, again each entry writing for itself, so that the row is read once; `rows` of an output,
 * each the sum over its run of entries; `splits`, equal parts of the batch that are summed later; or `pieces`, equal parts of the entries
 * in the order of an index array, and in each the runs that it has a part of, which write for every entry or are summed later.
 */
export type Iteration =
  | { readonly kind: 'tiles' }
  | { readonly kind: 'runs' | 'rows'; readonly index: number }
  | { readonly kind: 'splits' }
  | { readonly kind: 'pieces'; readonly index: number; readonly isSummed: boolean }

/** Whether outputs are sums over entries. */
export function isSummed(iteration: Iteration): boolean {
  return iteration.kind === 'pieces' ? iteration.isSummed : iteration.kind === 'rows' || iteration.kind === 'splits'
}

/** All that decides a kernel for some outputs with one access. */
export interface KernelSpec {
  readonly name: string
  readonly request: PolynomialRequest
  readonly form: NormalForm
  readonly analysis: Analysis
  readonly passes: readonly Pass[]
  readonly iteration: Iteration
  /** Output numbers that it writes. */
  readonly outputs: readonly number[]
  readonly lanes: number
  /** Whether a last span that is not full is masked; otherwise it reaches back, and what it shares is computed twice. */
  readonly masksTails: boolean
  /** Entries that are worked on together; a multiple of the lanes, unless the numbers of an entry are adjacent. */
  readonly chunk: number
  /** Whether numbers that lanes share are adjacent that belong to one entry. */
  readonly isByEntry: boolean
  /** Rows that are read ahead of the passes. */
  readonly touched: TouchedRows | undefined
  /** Memory of a program for copies of rows that its entries share. */
  readonly maxRowBytes: number
  /** Whether passes have programs of their own: along the third axis of the grid. */
  readonly passesApart: boolean
  /** Whether results are parts that are added up by another kernel. */
  readonly isPartial: boolean
}

/** Where a buffer of a kernel comes from, before sizes are known. */
export type BufferSource =
  | { readonly kind: 'input'; readonly operand: number }
  | { readonly kind: 'indices'; readonly index: number }
  | { readonly kind: 'order'; readonly index: number; readonly part: 'starts' | 'entries' }
  | { readonly kind: 'output'; readonly operand: number }
  /** Parts of an output. */
  | { readonly kind: 'partial'; readonly operand: number }

/** Where a parameter comes from. */
export type ParameterSource =
  | { readonly kind: 'batchSize' }
  | { readonly kind: 'indexRows'; readonly index: number }
  | { readonly kind: 'spansPerGroup' }
  | { readonly kind: 'entriesPerSplit' }
