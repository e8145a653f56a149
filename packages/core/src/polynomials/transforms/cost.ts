import { PolynomialError } from '../../errors.ts'
import type { TensorProductParts } from '../parts.ts'
import { extentsOf } from './extents.ts'

/**
 * Number of multiplications and additions that computing one operand from all others takes: for every path that of the best
 * order of pairwise contractions, coefficients included. A contraction costs the product of all extents it touches, twice
 * that if it sums over one.
 *
 * @throws {PolynomialError} if the operand does not exist.
 */
export function flop(parts: TensorProductParts, operand: number = parts.operands.length - 1): number {
  const { subscripts, paths } = parts
  const output = subscripts.operands[operand]
  if (output === undefined) throw new PolynomialError(`flop: '${subscripts.text}' has no operand ${operand}; it has ${parts.operands.length}`)
  const modes = subscripts.modes
  const terms = [subscripts.coefficients, ...subscripts.operands.filter((_, k) => k !== operand)].map((piece) => bits(piece, modes))
  const extentsIn = extentsOf(parts)
  const known = new Map<string, number>()
  let total = 0
  for (const path of paths) {
    const extents = extentsIn(path)
    const key = extents.join()
    const cost = known.get(key) ?? contractionCost(terms, bits(output, modes), extents)
    known.set(key, cost)
    total += cost
  }
  return total
}

/** Modes as a set of bits: 26 letters fit. */
function bits(piece: string, modes: readonly string[]): number {
  return [...piece].reduce((set, mode) => set | (1 << modes.indexOf(mode)), 0)
}

/** Cheapest way to contract all terms, by dynamic programming over subsets of terms. */
function contractionCost(terms: readonly number[], output: number, extents: readonly number[]): number {
  const all = 2 ** terms.length - 1
  const unionOf = (subset: number) => terms.reduce((union, modes, k) => (subset & (1 << k) ? union | modes : union), 0)
  // What is left of a contracted subset: its modes that the output or another term still needs.
  const remains = Array.from({ length: all + 1 }, (_, subset) => unionOf(subset) & (output | unionOf(all & ~subset)))
  const costs = new Float64Array(all + 1)
  for (let subset = 1; subset <= all; subset++) {
    if ((subset & (subset - 1)) === 0) continue
    let best = Infinity
    for (let part = (subset - 1) & subset; part > 0; part = (part - 1) & subset) {
      const other = subset & ~part
      if (part < other) break
      const [left, right] = [leftOf(part), leftOf(other)]
      const touched = left | right
      const summed = (touched & ~(remains[subset] ?? 0)) !== 0
      best = Math.min(best, (costs[part] ?? 0) + (costs[other] ?? 0) + volume(touched) * (summed ? 2 : 1))
    }
    costs[subset] = best
  }
  return costs[all] ?? 0

  function leftOf(subset: number): number {
    const single = (subset & (subset - 1)) === 0
    return single ? (terms[Math.log2(subset)] ?? 0) : (remains[subset] ?? 0)
  }

  function volume(modes: number): number {
    return extents.reduce((product, extent, slot) => (modes & (1 << slot) ? product * extent : product), 1)
  }
}

/** Σ over operands of batch size times operand size, in numbers. @throws {PolynomialError} unless there is one batch size for each. */
export function memory(operands: readonly { readonly size: number }[], batchSizes: readonly number[]): number {
  if (batchSizes.length !== operands.length) throw new PolynomialError(`memory: ${batchSizes.length} batch sizes for ${operands.length} operands; pass one for each`)
  return operands.reduce((sum, { size }, k) => sum + size * (batchSizes[k] ?? 1), 0)
}
