import { at } from './at.ts'

/** One row of numbers: `values` under their positions; what is absent is zero. */
export type SparseRow = ReadonlyMap<number, number>

/** Passes over all pairs before giving up; in practice two are enough. */
const maxPasses = 20

/**
 * Replaces rows by combinations of two of them that have fewer non-zero entries, until no pair yields any; every row is
 * then as long as before, but rows need not be orthogonal any more. The span stays.
 *
 * Of a pair, the combination `r_i − f r_j` (i < j) that cancels most entries is taken if it is sparser than the fuller of
 * the two, which it replaces; of two equally full ones, the first. `weight` says how often a position counts, `metric`
 * its weight in the length of a row.
 */
export function sparsifiedRows(
  rows: readonly SparseRow[],
  weight: (position: number) => number,
  metric: (position: number) => number,
): readonly SparseRow[] {
  const result = [...rows]
  for (let pass = 0, changed = true; changed && pass < maxPasses; pass++) {
    changed = false
    for (let i = 0; i < result.length; i++)
      for (let j = i + 1; j < result.length; j++) {
        const [p, q] = [at(result, i), at(result, j)]
        const factor = bestFactor(p, q, weight)
        if (factor === undefined) continue
        const combined = combine(p, q, factor)
        const [ofP, ofQ] = [fill(p, weight), fill(q, weight)]
        if (fill(combined, weight) >= Math.max(ofP, ofQ)) continue
        const target = ofP >= ofQ ? i : j
        result[target] = rescaled(combined, length(at(result, target), metric) / length(combined, metric))
        changed = true
      }
  }
  return result
}

/** The f for which `p − f q` cancels most; undefined if the rows share no position. */
function bestFactor(p: SparseRow, q: SparseRow, weight: (position: number) => number): number | undefined {
  const shared = [...p.keys()].filter((position) => q.has(position)).sort((a, b) => a - b)
  const cancelled = new Map<string, { readonly factor: number; total: number }>()
  for (const position of shared) {
    const factor = (p.get(position) ?? 0) / (q.get(position) ?? Number.NaN)
    const key = factor.toPrecision(9)
    const known = cancelled.get(key)
    if (known) known.total += weight(position)
    else cancelled.set(key, { factor, total: weight(position) })
  }
  let best: { readonly factor: number; readonly total: number } | undefined
  for (const candidate of cancelled.values()) if (!best || candidate.total > best.total) best = candidate
  return best?.factor
}

function combine(p: SparseRow, q: SparseRow, factor: number): SparseRow {
  const out = new Map(p)
  for (const [position, value] of q) {
    const difference = (p.get(position) ?? 0) - factor * value
    if (Math.abs(difference) < 1e-9 * Math.max(1, Math.abs(factor))) out.delete(position)
    else out.set(position, difference)
  }
  return out
}

function fill(row: SparseRow, weight: (position: number) => number): number {
  let total = 0
  for (const position of row.keys()) total += weight(position)
  return total
}

function length(row: SparseRow, metric: (position: number) => number): number {
  let total = 0
  for (const [position, value] of row) total += metric(position) * value * value
  return Math.sqrt(total)
}

function rescaled(row: SparseRow, factor: number): SparseRow {
  return new Map([...row].map(([position, value]) => [position, value * factor]))
}
