import type * as kernels from '@equivar/core/kernels'
import { countRows, numCountRows } from './walk.ts'

type Expression = kernels.Expression

/** Sums of what a walk counted, inside of the kernels that come after it. */
export interface CountSums {
  /** Edges to atoms before this one, those for which there are slots. */
  readonly edgesBefore: (atom: Expression) => Expression
  /** Pairs whose first edge goes to an atom before this one. */
  readonly pairsBefore: (atom: Expression) => Expression
  /** Whether there is room for all edges, and no two atoms are at the same point. Otherwise there shall be none. */
  readonly fits: Expression
  readonly numEdges: Expression
  readonly numPairs: Expression
  readonly excess: Expression
  readonly coincident: Expression
}

/** Declares the sums as a buffer; `numEdges` is the room that there is. */
export function declareSums(b: kernels.KernelBuilder, numAtoms: Expression, room: Expression): CountSums {
  const sums = b.buffer('sums', 'i32', 'read', { extent: b.extentOf(numAtoms).plus(1).times(numCountRows) })
  const at = (row: number) => (atom: Expression) => sums.load(numAtoms.add(1).mul(row).add(atom)).convert('index')
  const [edgesBefore, pairsBefore] = [at(countRows.edges), at(countRows.forward)]
  const [numEdges, excess, coincident] = [edgesBefore(numAtoms), at(countRows.excess)(numAtoms), at(countRows.coincident)(numAtoms)]
  const fits = numEdges.lessEqual(room).and(excess.equal(0)).and(coincident.equal(0))
  return { edgesBefore, pairsBefore, fits, numEdges, numPairs: pairsBefore(numAtoms), excess, coincident }
}
