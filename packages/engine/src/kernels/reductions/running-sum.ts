import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'

type Expression = kernels.Expression

/** A sum that is read after every term, in one number or two. */
export interface RunningSum {
  readonly scalars: readonly kernels.StorageType[]
  readonly initial: readonly Expression[]
  add(state: readonly Expression[], x: Expression): readonly Expression[]
  /** Of two stretches, the earlier one first. */
  join(before: readonly Expression[], own: readonly Expression[]): readonly Expression[]
  value(state: readonly Expression[]): Expression
}

/** That of f32 is kept in f64 on a processor, elsewhere as two numbers (Knuth's two-sum). */
export function runningSum(b: kernels.KernelBuilder, scalar: kernels.StorageType, target: lowering.Target): RunningSum {
  if (scalar !== 'f32') return plainSum(b, scalar, (x) => x)
  if (target.lanes === 'simd') return { ...plainSum(b, 'f64', (x) => x.convert('f64')), value: ([sum]) => (sum ?? b.constant('f64', 0)).convert('f32') }
  const zero = b.constant('f32', 0)
  const two = (sum: Expression, x: Expression, low: Expression): readonly Expression[] => {
    const next = sum.add(x)
    const virtual = next.sub(sum)
    return [next, low.add(sum.sub(next.sub(virtual)).add(x.sub(virtual)))]
  }
  return {
    scalars: ['f32', 'f32'],
    initial: [zero, zero],
    add: ([sum = zero, low = zero], x) => two(sum, x, low),
    join: ([sum = zero, low = zero], [own = zero, ownLow = zero]) => two(sum, own, low.add(ownLow)),
    value: ([sum = zero, low = zero]) => sum.add(low),
  }
}

function plainSum(b: kernels.KernelBuilder, scalar: kernels.StorageType, term: (x: Expression) => Expression): RunningSum {
  const zero = b.constant(scalar, 0)
  return {
    scalars: [scalar],
    initial: [zero],
    add: ([sum = zero], x) => [sum.add(term(x))],
    join: ([sum = zero], [own = zero]) => [sum.add(own)],
    value: ([sum = zero]) => sum,
  }
}
