import type { Atom } from './linear-form.ts'
import { LinearForm } from './linear-form.ts'

/** Steps after which a proof is given up. */
const maxSteps = 400

/**
 * Linear forms that are known to be non-negative, and proofs that others are: values are eliminated by adding multiples of what is
 * known, youngest first, until only numbers known at launch are left, none of which is negative.
 */
export class Inequalities {
  readonly #known: LinearForm[] = []

  /** Adds `form ≥ 0`. */
  assume(form: LinearForm): void {
    if (form.isSafe) this.#known.push(form)
  }

  /**
   * Adds `form ≥ 0`, and what follows from it and the bounds of a part of it for integers: from 8 q ≤ i and i ≤ 8 n − 1 not only
   * q ≤ n − 1/8, but q ≤ n − 1.
   */
  assumeRounded(form: LinearForm, part: LinearForm): void {
    const [atom, factor] = youngest(part) ?? ['', 0]
    for (const known of [...this.#known]) {
      const own = known.factors.get(atom) ?? 0
      if (own * factor >= 0 || !isYoungest(known, atom)) continue
      const sum = form.times(Math.abs(own)).plus(known, Math.abs(factor))
      if (!sum.isSafe) continue
      const divisor = [...sum.factors.values()].reduce(greatestCommonDivisor, 0)
      if (divisor > 1) this.assume(new LinearForm(Math.floor(sum.constant / divisor), [...sum.factors].map(([name, each]) => [name, each / divisor])))
    }
    this.assume(form)
  }

  /** Runs with what is assumed meanwhile; it is forgotten afterwards. */
  within<T>(run: () => T): T {
    const { length } = this.#known
    try {
      return run()
    } finally {
      this.#known.length = length
    }
  }

  /** Whether `form ≥ 0` follows. False says only that no proof was found. */
  proves(form: LinearForm): boolean {
    let steps = 0
    const search = (goal: LinearForm): boolean => {
      if (++steps > maxSteps || !goal.isSafe) return false
      const value = youngest(goal)
      if (value === undefined) return isEvident(goal) || this.#known.some((known) => youngest(known) === undefined && isEvident(goal.minus(known)))
      const [atom, factor] = value
      return this.#known.some((known) => {
        const own = known.factors.get(atom) ?? 0
        if (own * factor <= 0 || !isYoungest(known, atom)) return false
        const [scaled, multiple] = [goal.times(Math.abs(own)), known.times(Math.abs(factor))]
        return scaled.isSafe && multiple.isSafe && search(scaled.minus(multiple))
      })
    }
    return search(form)
  }
}

/** Numbers known at launch are never negative. */
function isEvident({ constant, factors }: LinearForm): boolean {
  return constant >= 0 && [...factors.values()].every((factor) => factor > 0)
}

/** The value that was defined last, with its factor; nothing where only numbers known at launch occur. */
function youngest({ factors }: LinearForm): readonly [Atom, number] | undefined {
  let found: readonly [Atom, number] | undefined
  for (const entry of factors) if (entry[0].startsWith('%') && (!found || ageOf(entry[0]) > ageOf(found[0]))) found = entry
  return found
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b)
}

/** Elimination ends because it brings older values only. */
function isYoungest(form: LinearForm, atom: Atom): boolean {
  return youngest(form)?.[0] === atom
}

function ageOf(atom: Atom): number {
  return Number(atom.slice(1))
}
