import type * as kernels from '@equivar/core/kernels'
import type { NeighborGrid } from './grid.ts'

type Expression = kernels.Expression

/** Bins inside of a kernel: along every axis how many there are, how many on both sides to look at, and how many images. */
export interface BinValues {
  readonly bins: readonly [Expression, Expression, Expression]
  readonly reach: readonly [Expression, Expression, Expression]
  readonly images: readonly [Expression, Expression, Expression]
}

/** The grid inside of a kernel. */
export interface GridValues extends BinValues {
  readonly numAtoms: Expression
  /** [3, 3], rows. */
  readonly basis: readonly (readonly [Expression, Expression, Expression])[]
}

/** Declares what {@link gridParameters} gives. */
export function declareGrid(b: kernels.KernelBuilder): GridValues {
  const three = (name: string, scalar: 'index' | 'f64') => [b.parameter(`${name}0`, scalar), b.parameter(`${name}1`, scalar), b.parameter(`${name}2`, scalar)] as const
  return {
    numAtoms: b.parameter('numAtoms', 'index'),
    bins: three('bins', 'index'),
    reach: three('reach', 'index'),
    images: three('images', 'index'),
    basis: [three('a', 'f64'), three('b', 'f64'), three('c', 'f64')],
  }
}

export function gridParameters({ numAtoms, bins, reach, images, basis }: NeighborGrid): readonly number[] {
  return [numAtoms, ...bins, ...reach, ...images, ...basis]
}

/** `n · basis`, in the order in which lengths of edges are computed everywhere. */
export function latticeVector({ basis }: GridValues, n: readonly Expression[]): readonly [Expression, Expression, Expression] {
  const component = (k: 0 | 1 | 2): Expression => {
    const [first, second, third] = n.map((count, axis) => count.mul(basis[axis]?.[k] ?? 0))
    if (!first || !second || !third) throw new RangeError('a lattice vector has three components')
    return first.add(second).add(third)
  }
  return [component(0), component(1), component(2)]
}
