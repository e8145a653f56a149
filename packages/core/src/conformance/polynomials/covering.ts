import { Random } from '../random.ts'

/** The choices that there are, by name. */
export type Factors = Readonly<Record<string, readonly (string | number)[]>>
/** One choice of each. */
export type Row<F extends Factors> = { readonly [K in keyof F]: F[K][number] }

/** How many rows are tried to complete a pair before it is taken for impossible, and among how many possible ones the best is kept. */
const [maxTries, numCompared] = [200, 12]

/**
 * Rows in which every two choices of different factors stand together somewhere, as far as a row with both is allowed. Greedy:
 * again and again a pair that is missing, completed by the row that brings most that is missing.
 */
export function coveringRows<F extends Factors>(factors: F, isAllowed: (row: Row<F>) => boolean, seed: number): Row<F>[] {
  const names: readonly (keyof F & string)[] = Object.keys(factors)
  const random = new Random(seed)
  const missing = new Map<string, Partial<Row<F>>>()
  for (const [n, first] of names.entries())
    for (const second of names.slice(n + 1))
      for (const a of factors[first] ?? [])
        for (const b of factors[second] ?? []) missing.set(pairKey(first, a, second, b), { [first]: a, [second]: b } as Partial<Row<F>>)
  const pairsOf = (row: Row<F>): string[] => {
    const keys: string[] = []
    for (const [n, first] of names.entries()) for (const second of names.slice(n + 1)) keys.push(pairKey(first, row[first], second, row[second]))
    return keys
  }
  const complete = (fixed: Partial<Row<F>>): Row<F> =>
    Object.fromEntries(names.map((name) => [name, fixed[name] ?? random.pick(factors[name] ?? [])])) as Row<F>

  const rows: Row<F>[] = []
  for (const [key, pair] of random.shuffle([...missing])) {
    if (!missing.has(key)) continue
    let best: readonly string[] = []
    let bestRow: Row<F> | undefined
    let numFound = 0
    for (let n = 0; n < maxTries && numFound < numCompared; n++) {
      const row = complete(pair)
      if (!isAllowed(row)) continue
      numFound++
      const gained = pairsOf(row).filter((own) => missing.has(own))
      if (gained.length > best.length) [best, bestRow] = [gained, row]
    }
    missing.delete(key)
    if (!bestRow) continue
    for (const own of best) missing.delete(own)
    rows.push(bestRow)
  }
  return rows
}

function pairKey(first: string, a: string | number, second: string, b: string | number): string {
  return `${first}=${a} ${second}=${b}`
}
