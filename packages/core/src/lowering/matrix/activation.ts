import { type Expression, math } from '../../kernels/index.ts'

/** Functions that a product can be handed through: silu(x) = x / (1 + e⁻ˣ). */
export type Activation = 'silu' | 'sigmoid' | 'tanh'

export function activate(x: Expression, activation: Activation): Expression {
  switch (activation) {
    case 'silu':
      return x.mul(math.sigmoid(x))
    case 'sigmoid':
      return math.sigmoid(x)
    case 'tanh':
      return math.tanh(x)
  }
}
