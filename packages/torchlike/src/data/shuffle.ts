/** The numbers 0 … n − 1 in an order that seed and round decide (Fisher and Yates, with a generator of 32 bits: mulberry32). */
export function shuffled(n: number, seed: number, round: number): number[] {
  const order = Array.from({ length: n }, (_, i) => i)
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ Math.imul(round + 1, 0x85ebca6b)) >>> 0
  for (let i = n - 1; i > 0; i--) {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    const j = Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * (i + 1))
    const own = order[i] ?? i
    order[i] = order[j] ?? j
    order[j] = own
  }
  return order
}
