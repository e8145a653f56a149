import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'

/** Lanes for kernels that mostly move: a cache line on a processor. */
export function lanesOf(scalar: kernels.StorageType, { lanes, vectorBytes, maxLanes }: lowering.Target): number {
  if (lanes === 'gpu') return Math.min(maxLanes, 128)
  return Math.min(maxLanes, (4 * vectorBytes) / (scalar === 'f64' ? 8 : 4))
}

/**
 * Lanes for sums over rows of a width. Longer runs of memory are read faster, so on a processor there are up to four cache lines of
 * lanes, if that leaves no more of them idle than fewer would.
 */
export function accumulatorLanes(scalar: kernels.StorageType, width: number, target: lowering.Target): number {
  const line = lanesOf(scalar, target)
  if (target.lanes === 'gpu') return line
  const total = (lanes: number) => Math.ceil(width / lanes) * lanes
  return [4 * line, 2 * line].find((lanes) => lanes <= target.maxLanes && total(lanes) <= total(line)) ?? line
}

/** Terms that are added up in f32 before they join the exact sum. */
const run = 32

type Bound = kernels.Expression | number

/** A loop that adds up terms. */
export interface Accumulator {
  /** `Σ term(i)` over `i = start, start + step, … < end`; a varying term gives one sum a lane. */
  sum(start: Bound, end: Bound, term: (i: kernels.Expression) => kernels.Expression, step?: number): kernels.Expression
}

/**
 * Sums of any length. In f32, runs of a few terms are added to a sum of two numbers (Knuth's two-sum keeps what a rounding loses), so
 * the error does not grow with the number of terms; other types are added one by one.
 */
export function accumulator(b: kernels.KernelBuilder, scalar: kernels.StorageType, uniformity: 'uniform' | 'varying'): Accumulator {
  const zero = () => {
    const value = b.constant(scalar, 0)
    return uniformity === 'varying' ? kernels.varying(value) : value
  }
  if (scalar !== 'f32')
    return {
      sum(start, end, term, step = 1) {
        const [total] = b.loop(start, end, { step, carry: [zero()] }, (i, [sum]) => [sum.add(term(i))])
        return total
      },
    }
  return {
    sum(start, end, term, step = 1) {
      const last = typeof end === 'number' ? b.constant('index', end) : end
      const [total, lost] = b.loop(start, last, { step: run * step, carry: [zero(), zero()] }, (first, [sum, low]) => {
        const [part] = b.loop(first, first.add(run * step).min(last), { step, carry: [zero()] }, (i, [own]) => [own.add(term(i))])
        const next = sum.add(part)
        const virtual = next.sub(sum)
        return [next, low.add(sum.sub(next.sub(virtual)).add(part.sub(virtual)))]
      })
      return total.add(lost)
    },
  }
}
