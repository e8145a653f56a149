import { InputError } from '@equivar/core'
import { geometricMean } from '../measure/statistics.ts'
import { rowKey, type ResultRecord, type Row } from './record.ts'
import { holm, mannWhitney } from './significance.ts'
import { amountText } from './text.ts'

/** A row of two records. */
export interface Difference {
  readonly key: string
  readonly before: Row
  readonly after: Row
  /** Median after / median before: above one is worse. */
  readonly change: number
  /** Of the Mann–Whitney test, adjusted for the number of rows; `null` where a record kept no samples. */
  readonly p: number | null
  readonly verdict: 'worse' | 'better' | 'same' | 'untested'
}

export interface Differences {
  readonly rows: readonly Difference[]
  /** Keys of rows that one record lacks. */
  readonly missing: readonly string[]
  /** Of all changes. */
  readonly geometricMean: number
}

export interface DifferenceOptions {
  /** Adjusted p below which a difference counts. */
  readonly alpha?: number
  /** Smallest relative change of the median that counts. */
  readonly threshold?: number
}

/**
 * What became better or worse from one record to another.
 *
 * @throws {InputError} if they have no row in common.
 */
export function differences(before: ResultRecord, after: ResultRecord, { alpha = 0.01, threshold = 0.05 }: DifferenceOptions = {}): Differences {
  const earlier = new Map(before.rows.map((row) => [rowKey(row), row]))
  const later = new Map(after.rows.map((row) => [rowKey(row), row]))
  const pairs = [...earlier].flatMap(([key, row]) => {
    const other = later.get(key)
    return other ? [{ key, before: row, after: other }] : []
  })
  if (pairs.length === 0) throw new InputError('compare: the records have no row in common; measure the same cases on the same backends')
  const hasSamples = (row: Row) => row.own.values.length > 1
  const tested = pairs.filter((pair) => hasSamples(pair.before) && hasSamples(pair.after))
  const adjusted = holm(tested.map((pair) => mannWhitney(pair.before.own.values, pair.after.own.values)))
  const probability = new Map(tested.map(({ key }, k) => [key, adjusted[k] ?? 1]))
  const rows = pairs.map((pair): Difference => {
    const change = pair.after.own.median / pair.before.own.median
    const p = probability.get(pair.key) ?? null
    const counts = p !== null && p < alpha
    return { ...pair, change, p, verdict: p === null ? 'untested' : counts && change > 1 + threshold ? 'worse' : counts && change < 1 / (1 + threshold) ? 'better' : 'same' }
  })
  const missing = [...earlier.keys()].filter((key) => !later.has(key)).concat([...later.keys()].filter((key) => !earlier.has(key)))
  return { rows, missing, geometricMean: geometricMean(rows.map(({ change }) => change)) }
}

/** A Markdown table, the worst first. */
export function differencesText({ rows, missing, geometricMean: mean }: Differences): string {
  const lines = [...rows]
    .sort((a, b) => b.change - a.change)
    .map(({ before, after, change, p, verdict }) => {
      const name = `${before.case} | ${before.pass} | ${before.backend} ${before.dtype}, ${before.threads} threads`
      const amounts = [before, after].map(({ own, unit }) => {
        const spread = own.values.length > 0 ? ` (${amountText(own.low, unit)}–${amountText(own.high, unit)})` : ''
        return `${amountText(own.median, unit)}${spread}`
      })
      return `| ${name} | ${amounts.join(' | ')} | ${change.toFixed(3)} | ${p === null ? '–' : p.toPrecision(2)} | ${verdict} |`
    })
  const tail = missing.length > 0 ? [`In one record only: ${missing.join('; ')}`] : []
  return [
    '| case | pass | where | median before (quartiles) | median after (quartiles) | after / before | p | verdict |',
    `|${'---|'.repeat(8)}`,
    ...lines,
    `Geometric mean of after / before: ${mean.toFixed(3)}`,
    ...tail,
  ].join('\n')
}
