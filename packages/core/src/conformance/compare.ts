/** How far two arrays are from each other: `max |a − b| / max |b|`, and where. */
export interface Distance {
  readonly relative: number
  readonly at: number
  readonly got: number
  readonly expected: number
  readonly largest: number
}

/** What is no number is infinitely far from everything but itself. */
export function distanceOf(got: ArrayLike<number>, expected: ArrayLike<number>): Distance {
  let [most, at, largest] = [0, 0, 0]
  for (let k = 0; k < expected.length; k++) {
    const [a, b] = [got[k] ?? Number.NaN, expected[k] ?? Number.NaN]
    const size = Math.abs(b)
    if (size > largest) largest = size
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue
    const difference = Math.abs(a - b)
    if (Number.isNaN(difference)) return { relative: Infinity, at: k, got: a, expected: b, largest }
    if (difference > most) [most, at] = [difference, k]
  }
  const relative = most === 0 ? 0 : most / largest
  return { relative, at, got: got[at] ?? Number.NaN, expected: expected[at] ?? Number.NaN, largest }
}

/** A sentence if arrays are further apart than tolerated, `null` if they are not. */
export function disagreement(what: string, got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): string | null {
  if (got.length !== expected.length) return `${what} has ${got.length} elements instead of ${expected.length}`
  const { relative, at, got: a, expected: b, largest } = distanceOf(got, expected)
  if (relative <= tolerance) return null
  return `${what}: element ${at} is ${a} instead of ${b}; the error is ${relative.toExponential(2)} of the largest element, ${largest}, and ${tolerance} is allowed`
}

/** Sums, and sums of the same terms without their signs. */
interface SumsOfTerms {
  readonly data: ArrayLike<number>
  readonly magnitudes: ArrayLike<number>
}

/**
 * A sentence if an element is further off than `tolerance · Σ|terms|` of the sum that it is, `null` if none is: arithmetic without a
 * fault keeps this however much of a sum cancels, and an element that is small beside others is checked as closely as they are.
 */
export function disagreementOfSums(what: string, got: ArrayLike<number>, { data, magnitudes }: SumsOfTerms, tolerance: number): string | null {
  for (let k = 0; k < data.length; k++) {
    const [a, b, terms] = [got[k] ?? Number.NaN, data[k] ?? Number.NaN, magnitudes[k] ?? Number.NaN]
    if (Math.abs(a - b) <= tolerance * terms) continue
    return `${what}: element ${k} is ${a} instead of ${b}, a sum of terms that amount to ${terms}; ${tolerance} of that is allowed`
  }
  return null
}
