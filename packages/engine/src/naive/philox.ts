/** Four words of 32 bits. */
export type Words = readonly [number, number, number, number]

/** Constants of Philox4x32-10: rounds, what words are multiplied with, and what is added to the key. */
export const philoxConstants = { rounds: 10, multipliers: [0xd2511f53, 0xcd9e8d57], weyl: [0x9e3779b9, 0xbb67ae85] } as const

/**
 * Philox4x32-10: four random words of a counter and a key. Any two counters give unrelated words, so elements can be made in any order
 * and on any number of threads.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
 */
export function philox([c0, c1, c2, c3]: Words, [k0, k1]: readonly [number, number]): Words {
  const { rounds, multipliers, weyl } = philoxConstants
  let [x0, x1, x2, x3, key0, key1] = [c0, c1, c2, c3, k0, k1]
  for (let round = 0; round < rounds; round++) {
    const [high0, high1] = [highWord(x0, multipliers[0]), highWord(x2, multipliers[1])]
    const [low0, low1] = [Math.imul(multipliers[0], x0) >>> 0, Math.imul(multipliers[1], x2) >>> 0]
    ;[x0, x1, x2, x3] = [(high1 ^ x1 ^ key0) >>> 0, low1, (high0 ^ x3 ^ key1) >>> 0, low0]
    key0 = (key0 + weyl[0]) >>> 0
    key1 = (key1 + weyl[1]) >>> 0
  }
  return [x0, x1, x2, x3]
}

/** Upper 32 of the 64 bits of a product, by halves of 16 bits: every number in between is exact. */
export function highWord(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16]
  const middle = ((aLow * bLow) >>> 16) + aHigh * bLow
  const other = aLow * bHigh + (middle & 0xffff)
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0
}
