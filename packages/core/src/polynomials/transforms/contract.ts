import { PolynomialError } from '../../errors.ts'
import { einsum } from '../../math/einsum.ts'
import type { TensorProductParts } from '../parts.ts'
import { Path } from '../path.ts'
import { Subscripts } from '../subscripts.ts'
import { extentsOf } from './extents.ts'

/** Operand of the first product, operand of the second (for {@link trace}: of the same) product. */
export type Contraction = readonly [number, number]

/**
 * Joins two products by summing over pairs of equal operands: `z(a, c) = Σ_s x(a, s) · y(s, c)`. The operands of the result
 * are the remaining ones of x, then those of y. Other modes of y get new names where x has a mode of that name.
 *
 * @throws {PolynomialError} if paired operands differ in subscripts or segments.
 */
export function dot(x: TensorProductParts, y: TensorProductParts, ...contractions: readonly Contraction[]): TensorProductParts {
  requireDistinct('dot', contractions.map(([i]) => i))
  requireDistinct('dot', contractions.map(([, j]) => j))
  for (const [i, j] of contractions) {
    const [left, right] = [x.operands[i], y.operands[j]]
    if (!left || !right) throw new PolynomialError(`dot: there is no pair of operands ${i} of '${x.subscripts.text}' and ${j} of '${y.subscripts.text}'`)
    if (x.subscripts.operands[i] !== y.subscripts.operands[j] || !left.equals(right))
      throw new PolynomialError(
        `dot: operand ${i} of '${x.subscripts.text}' has segments ${left.toString()}, operand ${j} of '${y.subscripts.text}' has ${right.toString()}; subscripts and segments must be the same`,
      )
  }
  const shared = new Set(contractions.flatMap(([i]) => [...(x.subscripts.operands[i] ?? '')]))
  const renamed = y.subscripts.rename(freshNames(y.subscripts.modes, shared, x.subscripts.modes))
  const keptX = x.operands.flatMap((_, k) => (contractions.some(([i]) => i === k) ? [] : [k]))
  const keptY = y.operands.flatMap((_, k) => (contractions.some(([, j]) => j === k) ? [] : [k]))
  const remaining = [...keptX.map((k) => x.subscripts.operands[k] ?? ''), ...keptY.map((k) => renamed.operands[k] ?? '')]
  const coefficients = union(x.subscripts.coefficients, renamed.coefficients)
  const finish = joinCoefficients(remaining, coefficients)
  const extentsX = extentsOf(x)
  const byContracted = new Map<string, Path[]>()
  for (const path of y.paths) {
    const key = contractions.map(([, j]) => path.indices[j]).join()
    byContracted.set(key, [...(byContracted.get(key) ?? []), path])
  }
  // Modes that are summed over without any tensor that depends on them count as often as they are long.
  const isLost = (mode: string) => shared.has(mode) && ![coefficients, ...remaining].some((piece) => piece.includes(mode))
  const lost = x.subscripts.modes.flatMap((mode, slot) => (isLost(mode) ? [slot] : []))
  const product = `${x.subscripts.coefficients},${renamed.coefficients}->${finish.modes}`
  return {
    subscripts: finish.subscripts,
    operands: [...keptX.flatMap((k) => x.operands[k] ?? []), ...keptY.flatMap((k) => y.operands[k] ?? [])],
    paths: x.paths.flatMap((left) => {
      const partners = byContracted.get(contractions.map(([i]) => left.indices[i]).join()) ?? []
      if (partners.length === 0) return []
      const extents = extentsX(left)
      const count = lost.reduce((total, slot) => total * (extents[slot] ?? 1), 1)
      return partners.map((right) => {
        const indices = [...keptX.map((k) => left.indices[k] ?? 0), ...keptY.map((k) => right.indices[k] ?? 0)]
        return new Path(indices, einsum(product, left.coefficients, right.coefficients).scale(count))
      })
    }),
  }
}

/**
 * Sums over pairs of equal operands of one product: `z(a) = Σ_s x(s, s, a)`. Modes of the second operand become those of the
 * first, axis by axis.
 *
 * @throws {PolynomialError} if paired operands have different segments, or an operand would get one mode twice.
 */
export function trace(parts: TensorProductParts, ...contractions: readonly Contraction[]): TensorProductParts {
  const { subscripts, operands, paths } = parts
  requireDistinct('trace', contractions.flat())
  const names = new Map(subscripts.modes.map((mode) => [mode, mode]))
  for (const [i, j] of contractions) {
    const [left, right] = [operands[i], operands[j]]
    if (!left || !right) throw new PolynomialError(`trace: '${subscripts.text}' has no pair of operands ${i} and ${j}`)
    if (!left.equals(right))
      throw new PolynomialError(`trace: operand ${i} of '${subscripts.text}' has segments ${left.toString()}, operand ${j} has ${right.toString()}; they must be the same`)
    for (const [axis, mode] of [...(subscripts.operands[i] ?? '')].entries()) {
      const [kept, dropped] = [names.get(mode) ?? mode, names.get(subscripts.operands[j]?.[axis] ?? '')]
      for (const [old, name] of names) if (name === dropped) names.set(old, kept)
    }
  }
  const kept = operands.flatMap((_, k) => (contractions.flat().includes(k) ? [] : [k]))
  const unified = (piece: string) => [...piece].map((mode) => names.get(mode) ?? mode).join('')
  const remaining = kept.map((k) => unified(subscripts.operands[k] ?? ''))
  const twice = remaining.find((own) => new Set(own).size < own.length)
  if (twice !== undefined) throw new PolynomialError(`trace: contracting '${subscripts.text}' gives an operand '${twice}', a diagonal that subscripts cannot express; flatten that mode first`)
  const diagonal = unified(subscripts.coefficients)
  const finish = joinCoefficients(remaining, union(diagonal, ''))
  const extentsIn = extentsOf(parts)
  const isLost = (mode: string) => names.get(mode) === mode && ![diagonal, ...remaining].some((piece) => piece.includes(mode))
  const lost = subscripts.modes.flatMap((mode, slot) => (isLost(mode) ? [slot] : []))
  return {
    subscripts: finish.subscripts,
    operands: kept.flatMap((k) => operands[k] ?? []),
    paths: paths
      .filter((path) => contractions.every(([i, j]) => path.indices[i] === path.indices[j]))
      .map((path) => {
        const extents = extentsIn(path)
        const count = lost.reduce((total, slot) => total * (extents[slot] ?? 1), 1)
        return new Path(
          kept.map((k) => path.indices[k] ?? 0),
          einsum(`${diagonal}->${finish.modes}`, path.coefficients).scale(count),
        )
      }),
  }
}

/** Coefficient modes that no remaining operand has are summed over. */
function joinCoefficients(remaining: readonly string[], coefficients: string): { readonly modes: string; readonly subscripts: Subscripts } {
  const modes = [...coefficients].filter((mode) => remaining.some((own) => own.includes(mode))).join('')
  return { modes, subscripts: Subscripts.fromOperands(remaining, modes) }
}

function union(a: string, b: string): string {
  return [...new Set([...a, ...b])].join('')
}

/** New names for the modes of y that only by accident are called like modes of x. */
function freshNames(modesOfY: readonly string[], shared: ReadonlySet<string>, modesOfX: readonly string[]): Record<string, string> {
  const free = Array.from('uvwabcdefghxyzijklmnopqrst').filter((name) => !modesOfX.includes(name) && !modesOfY.includes(name))
  return Object.fromEntries(
    modesOfY.flatMap((mode) => {
      if (shared.has(mode) || !modesOfX.includes(mode)) return []
      const name = free.shift()
      if (name === undefined) throw new PolynomialError('dot: the two products have more modes than there are letters; consolidate or flatten some')
      return [[mode, name]]
    }),
  )
}

function requireDistinct(what: string, operands: readonly number[]): void {
  if (new Set(operands).size < operands.length) throw new PolynomialError(`${what}: operands ${operands.join(', ')} are contracted, but each may be contracted once`)
}
