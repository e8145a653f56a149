import type { Plan, Slot, Target } from '../plan.ts'
import { cachedKernel } from './kernel-cache.ts'
import type { BatchPart } from './batch.ts'
import type { MatmulRequest } from './matmul.ts'
import type { PlanParts } from './plan-parts.ts'
import { addTotal, partsOfSum, placeForSums, unitTuning } from './sum-term.ts'
import { bytesOf } from './tile.ts'
import { unitMatmulKernel, type UnitMatmulOptions } from './unit-matmul-kernel.ts'
import { enoughUnitPrograms, hasUnits, unitShape, vectorOf } from './unit-shape.ts'

/** A product of matrices whose batch is already taken apart. */
export interface MatmulParts {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly scale: number
  readonly parts: readonly BatchPart[]
}

/** Products of a batch with fewer elements leave most of a tile empty. */
const elementsWorthTile = 512
/** Steps that are worth a program of their own, where there are too few programs. */
const stepsPerShare = 256

/** Whether matrix units are the way to a product. */
export function isUnitMatmul({ scalar }: MatmulRequest, target: Target, { m, n, parts }: MatmulParts): boolean {
  return hasUnits(target, scalar) && (parts.every(({ count }) => count === 1) || m * n >= elementsWorthTile)
}

/** A plan by matrix units; long sums of few elements are made in parts. */
export function planUnitMatmul(request: MatmulRequest, target: Target, { m, n, k, scale, parts: batches }: MatmulParts): Plan {
  const { scalar, transposeA = false, transposeB = false, bias = false, accumulate = false, activation } = request
  const count = batches.reduce((total, part) => total + part.count, 0)
  const isPlain = !(bias || accumulate || activation) && count === 1
  const orders = { a: transposeA ? 'columns' : 'rows', b: transposeB ? 'columns' : 'rows' } as const
  // Shares of a long sum are programs, too.
  const isLong = isPlain && k >= stepsPerShare * 8 && m * n >= elementsWorthTile
  const shape = unitShape(target, scalar, m, n, isLong ? enoughUnitPrograms : count, orders)
  const [down, across] = [Math.ceil(m / shape.rows), Math.ceil(n / shape.columns)]
  const numShares = isPlain ? sharesOf(k, down * across, m, n) : 1
  const stepsPerProgram = Math.max(1, Math.ceil(k / numShares / shape.depth))
  const shares = Math.max(1, Math.ceil(k / (stepsPerProgram * shape.depth)))
  const vectors = { a: vectorOf(scalar, transposeA ? m : k), b: vectorOf(scalar, transposeB ? k : n), c: vectorOf(scalar, n) }
  const whole = {
    m: transposeA ? vectors.a : 1,
    n: transposeB ? vectors.c : Math.max(vectors.b, vectors.c),
    k: Math.max(transposeA ? 1 : vectors.a, transposeB ? vectors.b : 1),
  }
  const options: UnitMatmulOptions = {
    shape, vectors, split: shares > 1, bias, accumulate, scaled: scale !== 1, activation: activation ?? null,
  }
  const kernel = cachedKernel('unitMatmul', options, unitMatmulKernel)
  const plan: PlanParts = { temporaries: [], launches: [] }
  const output = { slot: { kind: 'output', index: 0 }, scalar, size: m * n } as const
  const sums = shares > 1 ? placeForSums(plan, shares, output, scalar) : output.slot
  const [aSize, bSize] = [(m * k) / vectors.a, (k * n) / vectors.b]
  const buffers: Slot[] = [{ kind: 'input', index: 0 }, { kind: 'input', index: 1 }, sums, ...(bias ? [{ kind: 'input', index: 2 } as const] : [])]
  for (const { count: ofPart, inner, a, b, cStart } of batches)
    plan.launches.push({
      kernel,
      grid: [down, across, shares > 1 ? shares : ofPart],
      parameters: [
        ...[m / whole.m, n / whole.n, k / whole.k, inner, a.outer * aSize, a.inner * aSize, a.start * aSize],
        ...[b.outer * bSize, b.inner * bSize, b.start * bSize, (cStart * m * n) / vectors.c, stepsPerProgram, ...(scale === 1 ? [] : [scale])],
      ],
      buffers,
      flops: 2 * ofPart * m * n * k,
      bytes: bytesOf(scalar) * ofPart * (m * k + k * n + m * n * shares),
    })
  if (shares > 1) addTotal(plan, { slot: sums, numParts: shares, before: 0 }, output, scalar, target)
  return plan
}

/** Shares of the steps of a product: few where its blocks fill a device. */
function sharesOf(k: number, blocks: number, m: number, n: number): number {
  if (blocks >= enoughUnitPrograms || k < 2 * stepsPerShare) return 1
  return partsOfSum({ programs: unitTuning.programs / 2, entries: stepsPerShare }, k, blocks, k * (m + n), m * n)
}
