import type { Ceilings } from './ceilings.ts'

/** What the machine allows at best, and how much of it a run reaches. */
export interface Share {
  readonly limit: 'memory' | 'arithmetic'
  /** ms */
  readonly floor: number
  /** floor / best time */
  readonly fraction: number
}

/** Bytes a second of a copy that touches about so many: of the nearest size that was measured. */
export function rateFor({ copy }: Ceilings, bytes: number): number {
  const distance = (size: number) => Math.abs(Math.log(size / Math.max(1, bytes)))
  const nearest = copy.reduce<Ceilings['copy'][number] | undefined>((best, entry) => (!best || distance(entry.bytes) < distance(best.bytes) ? entry : best), undefined)
  return nearest?.rate ?? Number.POSITIVE_INFINITY
}

/**
 * `max(flops / peak, bytes / rate) / time`. The bytes are those that the kernels ask for, so data that stays in a cache between two
 * kernels can lift the share above one.
 */
export function shareOf(flops: number, bytes: number, dtype: string, milliseconds: number, ceilings: Ceilings): Share | null {
  const peak = ceilings.flops[dtype] ?? ceilings.flops['f32']
  if (peak === undefined || (flops === 0 && bytes === 0)) return null
  const [arithmetic, memory] = [(1000 * flops) / peak, (1000 * bytes) / rateFor(ceilings, bytes)]
  const floor = Math.max(arithmetic, memory)
  return { limit: memory >= arithmetic ? 'memory' : 'arithmetic', floor, fraction: floor / milliseconds }
}
