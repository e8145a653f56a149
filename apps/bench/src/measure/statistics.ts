/** What is kept of the samples of one pass, in the unit of its row. */
export interface Timing {
  readonly best: number
  readonly median: number
  /** Their number. */
  readonly samples: number
  /** First and third quartile. */
  readonly low: number
  readonly high: number
  /** All of them, in the order in which they were taken. */
  readonly values: readonly number[]
}

/** @throws if there is no sample. */
export function timing(samples: readonly number[]): Timing {
  if (samples.length === 0) throw new Error('a timing needs samples')
  const sorted = [...samples].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return { best: at(0), median: at(0.5), samples: sorted.length, low: at(0.25), high: at(0.75), values: samples.map((value) => Number(value.toPrecision(6))) }
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length)
}
