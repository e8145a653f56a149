import type { Term } from '../polynomial-parts.ts'

/** Something that could be done to some axes of the operands of a term. */
export interface Candidate {
  readonly name: string
  readonly axes: readonly (readonly [operand: number, axis: number])[]
  readonly isPossible: boolean
}

/**
 * What can be done to all terms at once: an axis of a buffer changes in all terms or in none. A candidate that is not
 * possible rules out all others that share an axis of a buffer with it, and so on.
 *
 * @returns names of the candidates that remain, for every term.
 */
export function closeOverBuffers(terms: readonly Term[], candidatesOf: (term: Term) => readonly Candidate[]): readonly (readonly string[])[] {
  const all = terms.map((term) => {
    const [operation] = term
    return candidatesOf(term).map(({ name, axes, isPossible }) => ({ name, isPossible, keys: axes.map(([operand, axis]) => `${operation.buffers[operand] ?? 0}.${axis}`) }))
  })
  const blocked = new Set(all.flat().flatMap(({ isPossible, keys }) => (isPossible ? [] : keys)))
  for (let before = -1; before !== blocked.size; ) {
    before = blocked.size
    for (const { keys } of all.flat()) if (keys.some((key) => blocked.has(key))) for (const key of keys) blocked.add(key)
  }
  return all.map((candidates) => candidates.filter(({ isPossible, keys }) => isPossible && !keys.some((key) => blocked.has(key))).map(({ name }) => name))
}
