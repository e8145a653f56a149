import type { kernels } from '@equivar/core'

/** Four words of 32 bits. */
export type Words = readonly [number, number, number, number]

const rounds = 10
const [multiplier0, multiplier1] = [0xd2511f53, 0xcd9e8d57]
const [weyl0, weyl1] = [0x9e3779b9, 0xbb67ae85]

/**
 * Philox4x32-10: four random words of a counter and a key. Any two counters give unrelated words, so elements can be made in any order
 * and on any number of threads.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
 */
export function philox([c0, c1, c2, c3]: Words, [k0, k1]: readonly [number, number]): Words {
  let [x0, x1, x2, x3, key0, key1] = [c0, c1, c2, c3, k0, k1]
  for (let round = 0; round < rounds; round++) {
    const [high0, high1] = [highWord(multiplier0, x0), highWord(multiplier1, x2)]
    const [low0, low1] = [Math.imul(multiplier0, x0) >>> 0, Math.imul(multiplier1, x2) >>> 0]
    ;[x0, x1, x2, x3] = [(high1 ^ x1 ^ key0) >>> 0, low1, (high0 ^ x3 ^ key1) >>> 0, low0]
    key0 = (key0 + weyl0) >>> 0
    key1 = (key1 + weyl1) >>> 0
  }
  return [x0, x1, x2, x3]
}

/** Upper 32 of the 64 bits of a product. */
function highWord(a: number, b: number): number {
  return Number((BigInt(a) * BigInt(b)) >> 32n)
}

type Expression = kernels.Expression

/** {@link Words} in a kernel. */
export type WordValues = readonly [Expression, Expression, Expression, Expression]

/** {@link philox} of `u32` values in a kernel. */
export function philoxKernel(counter: WordValues, key: readonly [Expression, Expression]): WordValues {
  let [x0, x1, x2, x3] = counter
  let [key0, key1] = key
  for (let round = 0; round < rounds; round++) {
    const [high0, high1] = [highProduct(x0, multiplier0), highProduct(x2, multiplier1)]
    const [low0, low1] = [x0.mul(multiplier0), x2.mul(multiplier1)]
    ;[x0, x1, x2, x3] = [high1.xor(x1).xor(key0), low1, high0.xor(x3).xor(key1), low0]
    key0 = key0.add(weyl0)
    key1 = key1.add(weyl1)
  }
  return [x0, x1, x2, x3]
}

/** Upper 32 bits of the product with a constant, by halves of 16 bits. */
function highProduct(x: Expression, constant: number): Expression {
  const [low, high] = [constant & 0xffff, constant >>> 16]
  const [xLow, xHigh] = [x.and(0xffff), x.shiftRight(16)]
  const middle = xLow.mul(low).shiftRight(16).add(xHigh.mul(low))
  const other = xLow.mul(high).add(middle.and(0xffff))
  return xHigh.mul(high).add(middle.shiftRight(16)).add(other.shiftRight(16))
}
