import { roundToSqrtRational } from '../math/index.ts'

/**
 * {@link roundToSqrtRational} that remembers: bases repeat a few values thousands of times, up to rounding errors, and the
 * exact arithmetic behind it is slow. Values that agree in 15 digits are rounded alike.
 */
export function rememberingRound(): (x: number) => number {
  const known = new Map<string, number>()
  return (x) => {
    const key = Math.abs(x).toPrecision(15)
    let value = known.get(key)
    if (value === undefined) known.set(key, (value = roundToSqrtRational(Math.abs(x))))
    return x < 0 ? -value : value
  }
}
