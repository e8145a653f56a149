import { PolynomialError } from '../errors.ts'
import type { HostArray } from '../math/host-array.ts'

/**
 * One term of a segmented tensor product: `out[s_last] += c · op_0[s_0] · …`, contracted over the subscripts.
 *
 * @throws {PolynomialError} for a negative or fractional segment index, or a coefficient that is not finite.
 */
export class Path {
  /** Segment of every operand. */
  readonly indices: readonly number[]
  /** One axis a coefficient mode. */
  readonly coefficients: HostArray

  constructor(indices: readonly number[], coefficients: HostArray) {
    // Counted loops: descriptors have thousands of paths, and derivatives several times as many.
    for (let operand = 0; operand < indices.length; operand++) {
      const segment = indices[operand] ?? -1
      if (!(Number.isInteger(segment) && segment >= 0)) throw new PolynomialError(`Path: segment ${segment} of operand ${operand} must be a non-negative integer`)
    }
    const { data } = coefficients
    for (let i = 0; i < data.length; i++)
      if (!Number.isFinite(data[i])) throw new PolynomialError(`Path [${indices.join(', ')}]: coefficient ${i} is ${String(data[i])}; coefficients must be finite numbers`)
    this.indices = Object.isFrozen(indices) ? indices : Object.freeze([...indices])
    this.coefficients = coefficients
  }

  /** Every coefficient is zero. */
  get isZero(): boolean {
    const { data } = this.coefficients
    for (let i = 0; i < data.length; i++) if (data[i] !== 0) return false
    return true
  }

  withCoefficients(coefficients: HostArray): Path {
    return new Path(this.indices, coefficients)
  }

  withIndices(indices: readonly number[]): Path {
    return new Path(indices, this.coefficients)
  }
}

/** Lexicographic order by segment indices, then coefficient shape, then coefficient values. */
export function comparePaths(a: Path, b: Path): number {
  const [x, y] = [a.coefficients, b.coefficients]
  return compareNumbers(a.indices, b.indices) || compareNumbers(x.shape, y.shape) || compareNumbers(x.data, y.data)
}

/** Lexicographic order; a prefix comes first. */
export function compareNumbers(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
