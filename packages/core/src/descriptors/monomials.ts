/**
 * All monomials `x_a · x_b · … · x_c` (a ≤ b ≤ … ≤ c) of one degree, numbered; the coordinates of symmetric tensors.
 *
 * A polynomial is one number a monomial. The symmetric tensor T with `Σ T_ab…c x_a x_b … x_c = P` has
 * `T_ab…c = P_m / orderings(m)`.
 */
export class Monomials {
  readonly numVariables: number
  readonly degree: number
  /** Sorted indices of the variables of each monomial, in lexicographic order. */
  readonly indices: readonly (readonly number[])[]
  /** Number of distinct orderings of each monomial's indices. */
  readonly orderings: Float64Array
  private readonly numbers: ReadonlyMap<number, number>

  constructor(numVariables: number, degree: number) {
    this.numVariables = numVariables
    this.degree = degree
    this.indices = sortedTuples(numVariables, degree)
    this.orderings = Float64Array.from(this.indices, countOrderings)
    this.numbers = new Map(this.indices.map((tuple, number) => [this.code(tuple), number]))
  }

  get length(): number {
    return this.indices.length
  }

  /** Number of the monomial with these indices, in any order. */
  find(indices: readonly number[]): number {
    return this.numbers.get(this.code([...indices].sort((a, b) => a - b))) ?? -1
  }

  /** `table[m · numVariables + v]`: the monomial of `next` that is the m-th of these times x_v. */
  productTable(next: Monomials): Int32Array {
    const table = new Int32Array(this.length * this.numVariables)
    for (const [m, tuple] of this.indices.entries())
      for (let v = 0; v < this.numVariables; v++) table[m * this.numVariables + v] = next.find([...tuple, v])
    return table
  }

  private code(sorted: readonly number[]): number {
    return sorted.reduce((code, index) => code * this.numVariables + index, 0)
  }
}

function sortedTuples(numVariables: number, degree: number): readonly (readonly number[])[] {
  let tuples: readonly (readonly number[])[] = [[]]
  for (let n = 0; n < degree; n++)
    tuples = tuples.flatMap((tuple) => {
      const first = tuple.at(-1) ?? 0
      return Array.from({ length: numVariables - first }, (_, i) => [...tuple, first + i])
    })
  return tuples
}

/** n! / Π (number of repetitions)! of a sorted tuple. */
export function countOrderings(sorted: readonly number[]): number {
  let count = 1
  let run = 0
  for (const [i, index] of sorted.entries()) {
    run = index === sorted[i - 1] ? run + 1 : 1
    count = (count * (i + 1)) / run
  }
  return count
}

/** The distinct orderings of a sorted tuple, in lexicographic order. */
export function distinctOrderings(sorted: readonly number[]): readonly (readonly number[])[] {
  if (sorted.length <= 1) return [sorted]
  return sorted.flatMap((first, i) =>
    first === sorted[i - 1] ? [] : distinctOrderings(sorted.filter((_, j) => j !== i)).map((rest) => [first, ...rest]),
  )
}
