import type { Expression } from '../../kernels/index.ts'
import { type Activation, activate } from './activation.ts'

/** What becomes of a sum of products. */
export interface ProductEnd {
  readonly bias: boolean
  readonly accumulate: boolean
  readonly scaled: boolean
  readonly activation: Activation | null
}

export interface EndOperands {
  readonly scale: Expression | undefined
  readonly shift: Expression | undefined
  /** What is added to. */
  readonly before: () => Expression
}

/** `activation(scale · total + shift)`, or that added to what was there before. */
export function finishProduct(total: Expression, { activation, accumulate }: ProductEnd, { scale, shift, before }: EndOperands): Expression {
  const scaled = scale ? total.mul(scale) : total
  const moved = shift ? scaled.add(shift) : scaled
  const value = activation ? activate(moved, activation) : moved
  return accumulate ? value.add(before()) : value
}
