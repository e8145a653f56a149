import type { kernels, lowering } from '@equivar/core'
import { PlanBuilder } from '../plan-builder.ts'
import { scan } from '../reductions/scan.ts'
import { requireCount } from './checks.ts'

export interface ScanOptions {
  /** Sums up to, and without, the element; otherwise with it. */
  readonly exclusive?: boolean
  /** Sums from the end. */
  readonly reverse?: boolean
}

/**
 * `y[i] = Σ_{j ≤ i} x[j]` (`exclusive`: j < i; `reverse`: j ≥ i): input 0 and output 0 [count] of a type.
 *
 * @throws {InputError} if the count is none.
 */
export function scanPlan(scalar: kernels.StorageType, count: number, options: ScanOptions, target: lowering.Target): lowering.Plan {
  const { exclusive = false, reverse = false } = options
  requireCount('scanPlan', 'count', count)
  const plan = new PlanBuilder()
  const [x, y] = [{ kind: 'input', index: 0 } as const, { kind: 'output', index: 0 } as const]
  scan(plan, { scalar, extents: [1, count, 1], x, y, isExclusive: exclusive, isReverse: reverse }, target)
  return plan.build()
}
