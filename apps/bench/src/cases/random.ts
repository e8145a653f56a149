/** Numbers in 0 ≤ x < 1 from a seed (mulberry32). */
function seededUniforms(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Standard normal numbers from a seed (Box–Muller). */
export function seededNormals(seed: number, count: number): Float64Array {
  const uniform = seededUniforms(seed)
  return Float64Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()))
}

/** Numbers in 0 ≤ x < below. */
export function seededNumbers(seed: number, count: number, below: number): Float64Array {
  const uniform = seededUniforms(seed)
  return Float64Array.from({ length: count }, () => below * uniform())
}

/** Integers in 0 … below − 1. */
export function seededIntegers(seed: number, count: number, below: number): Int32Array {
  return Int32Array.from(seededNumbers(seed, count, below))
}
