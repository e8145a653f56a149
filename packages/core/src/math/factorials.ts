const factorials: bigint[] = [1n]

/** n! exactly, for a non-negative integer n. */
export function factorial(n: number): bigint {
  for (let k = factorials.length; k <= n; k++) factorials.push((factorials[k - 1] ?? 1n) * BigInt(k))
  return factorials[n] ?? 1n
}

const binomialRows: bigint[][] = []

/** n! / (k! (n−k)!) exactly; 0 for k outside 0 … n. */
export function binomial(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n
  for (let row = binomialRows.length; row <= n; row++)
    binomialRows.push(Array.from({ length: row + 1 }, (_, i) => factorial(row) / (factorial(i) * factorial(row - i))))
  return binomialRows[n]?.[k] ?? 0n
}
