/** `P(Z > z)` of a standard normal Z, z ≥ 0: a series near zero, a continued fraction behind. */
export function normalTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  if (z < 3) {
    let [term, sum] = [z, 0]
    for (let k = 1; term > 1e-18 * sum; k += 2) {
      sum += term
      term *= (z * z) / (k + 2)
    }
    return 0.5 - density * sum
  }
  let fraction = z
  for (let k = 60; k >= 1; k--) fraction = z + k / fraction
  return density / fraction
}

/**
 * Two-sided p of the Mann–Whitney U test, that two samples come from one distribution: the normal approximation with corrections for
 * ties and continuity. Good from about eight values each; samples of one process are not quite independent, so p is optimistic.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const [n, m] = [a.length, b.length]
  if (n === 0 || m === 0) return 1
  const all = [...a.map((value) => ({ value, isFirst: true })), ...b.map((value) => ({ value, isFirst: false }))].sort((x, y) => x.value - y.value)
  let [rankSum, ties] = [0, 0]
  for (let first = 0; first < all.length;) {
    let end = first
    while (end < all.length && all[end]?.value === all[first]?.value) end++
    const rank = (first + 1 + end) / 2
    for (let k = first; k < end; k++) if (all[k]?.isFirst) rankSum += rank
    ties += (end - first) ** 3 - (end - first)
    first = end
  }
  const u = rankSum - (n * (n + 1)) / 2
  const total = n + m
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)))
  if (!(variance > 0)) return 1
  const z = Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / Math.sqrt(variance)
  return Math.min(1, 2 * normalTail(z))
}

/** Holm's adjustment of p values for their number, in their order. */
export function holm(values: readonly number[]): readonly number[] {
  const order = values.map((_, k) => k).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0))
  const adjusted = new Array<number>(values.length).fill(1)
  let largest = 0
  for (const [rank, k] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values.length - rank) * (values[k] ?? 1)))
    adjusted[k] = largest
  }
  return adjusted
}
