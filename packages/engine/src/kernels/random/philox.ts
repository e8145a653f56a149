import type * as kernels from '@equivar/core/kernels'
import { philoxConstants } from '../../naive/philox.ts'

type Expression = kernels.Expression

/** Four words of 32 bits in a kernel. */
export type WordValues = readonly [Expression, Expression, Expression, Expression]

/** Philox4x32-10 of `u32` values in a kernel; see `philox` for what it is. */
export function philoxKernel(counter: WordValues, key: readonly [Expression, Expression]): WordValues {
  const { rounds, multipliers, weyl } = philoxConstants
  let [x0, x1, x2, x3] = counter
  let [key0, key1] = key
  for (let round = 0; round < rounds; round++) {
    const [high0, high1] = [highProduct(x0, halvesOf(multipliers[0])), highProduct(x2, halvesOf(multipliers[1]))]
    const [low0, low1] = [x0.mul(multipliers[0]), x2.mul(multipliers[1])]
    ;[x0, x1, x2, x3] = [high1.xor(x1).xor(key0), low1, high0.xor(x3).xor(key1), low0]
    key0 = key0.add(weyl[0])
    key1 = key1.add(weyl[1])
  }
  return [x0, x1, x2, x3]
}

/** Lower and upper 16 bits of a factor. */
export interface Halves {
  readonly low: Expression | number
  readonly high: Expression | number
}

function halvesOf(constant: number): Halves {
  return { low: constant & 0xffff, high: constant >>> 16 }
}

/** Upper 32 of the 64 bits of a product, by halves of 16 bits. */
export function highProduct(x: Expression, { low, high }: Halves): Expression {
  const [xLow, xHigh] = [x.and(0xffff), x.shiftRight(16)]
  const middle = xLow.mul(low).shiftRight(16).add(xHigh.mul(low))
  const other = xLow.mul(high).add(middle.and(0xffff))
  return xHigh.mul(high).add(middle.shiftRight(16)).add(other.shiftRight(16))
}
