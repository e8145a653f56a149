import { KernelError } from '../errors.ts'
import type { Affine, AffineTerm } from './ir.ts'

/**
 * Makes {@link Affine} numbers: `extent.parameter(0).times(3).plus(1)`. Terms are merged and sorted, so equal numbers are equal data.
 */
export class Extent implements Affine {
  readonly constant: number
  readonly terms: readonly AffineTerm[]

  private constructor(constant: number, terms: readonly AffineTerm[]) {
    const merged = new Map<string, AffineTerm>()
    for (const { symbol, slot, factor } of terms) {
      const name = `${symbol} ${slot}`
      merged.set(name, { symbol, slot, factor: (merged.get(name)?.factor ?? 0) + factor })
    }
    this.constant = constant
    this.terms = [...merged.values()].filter(({ factor }) => factor !== 0).sort(compareTerms)
    for (const number of [constant, ...this.terms.map(({ factor }) => factor)])
      if (!Number.isSafeInteger(number)) throw new KernelError(`an extent holds ${number}, but must be made of integers within ±(2^53 − 1)`)
  }

  static constant(value: number): Extent {
    return new Extent(value, [])
  }

  /** An `index` parameter, by position. */
  static parameter(slot: number): Extent {
    return new Extent(0, [{ symbol: 'parameter', slot, factor: 1 }])
  }

  /** Number of programs along an axis of the grid. */
  static grid(axis: number): Extent {
    return new Extent(0, [{ symbol: 'grid', slot: axis, factor: 1 }])
  }

  static of(value: Affine | number): Extent {
    return typeof value === 'number' ? Extent.constant(value) : new Extent(value.constant, value.terms)
  }

  plus(other: Affine | number): Extent {
    const { constant, terms } = Extent.of(other)
    return new Extent(this.constant + constant, [...this.terms, ...terms])
  }

  times(factor: number): Extent {
    return new Extent(
      this.constant * factor,
      this.terms.map((term) => ({ ...term, factor: term.factor * factor })),
    )
  }
}

function compareTerms(a: AffineTerm, b: AffineTerm): number {
  if (a.symbol !== b.symbol) return a.symbol < b.symbol ? -1 : 1
  return a.slot - b.slot
}

/** The number for given parameters and extents of the grid. */
export function evaluateAffine({ constant, terms }: Affine, valueOf: (term: AffineTerm) => number): number {
  return terms.reduce((total, term) => total + term.factor * valueOf(term), constant)
}

/** `3·numEdges + grid0 + 1`. */
export function affineText({ constant, terms }: Affine, parameterName: (slot: number) => string): string {
  const texts = terms.map(({ symbol, slot, factor }) => `${factor === 1 ? '' : `${factor}·`}${symbol === 'grid' ? `grid${slot}` : parameterName(slot)}`)
  return [...texts, ...(constant === 0 && texts.length > 0 ? [] : [String(constant)])].join(' + ')
}
