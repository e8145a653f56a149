import * as kernels from '@equivar/core/kernels'
import { accumulator } from './accumulate.ts'

export type Reduction = 'sum' | 'max'

/** What is reduced: an element a lane, and which lanes have one (all, where it is not said). */
export interface Term {
  readonly value: kernels.Expression
  readonly mask?: kernels.Expression
}

const lowest = { f32: -Infinity, f64: -Infinity, i32: -(2 ** 31), u32: 0 } as const

/** Reduces terms at `i = start, start + step, … < end` in every lane. */
export function fold(
  b: kernels.KernelBuilder,
  reduction: Reduction,
  scalar: kernels.StorageType,
  [start, end, step]: readonly [kernels.Expression, kernels.Expression, number],
  term: (i: kernels.Expression) => Term,
): kernels.Expression {
  // Where nothing is loaded there are zeros, so sums need no mask.
  if (reduction === 'sum') return accumulator(b, scalar, 'varying').sum(start, end, (i) => term(i).value, step)
  const [most] = b.loop(start, end, { step, carry: [kernels.varying(b.constant(scalar, lowest[scalar]))] }, (i, [before]) => {
    const { value, mask } = term(i)
    const next = larger(before, value)
    return [mask ? mask.select(next, before) : next]
  })
  return most
}

/** One number from those of all lanes. */
export function foldLanes(b: kernels.KernelBuilder, reduction: Reduction, x: kernels.Expression): kernels.Expression {
  if (reduction === 'sum') return x.sum()
  const most = x.reduce('max')
  if (x.scalar !== 'f32' && x.scalar !== 'f64') return most
  // What a maximum over lanes makes of NaN is not specified.
  const isAnyNaN = x.notEqual(x).select(b.constant('i32', 1), 0).reduce('max').equal(1)
  return isAnyNaN.select(Number.NaN, most)
}

/** The larger of two numbers, NaN where one of them is. */
export function larger(a: kernels.Expression, b: kernels.Expression): kernels.Expression {
  if (a.scalar !== 'f32' && a.scalar !== 'f64') return a.max(b)
  return a.greater(b).or(a.notEqual(a)).select(a, b)
}
