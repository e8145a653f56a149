import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'

type Expression = kernels.Expression

/** Lanes of programs whose lanes scan together: a power of two. */
export function scanningLanes({ maxLanes }: lowering.Target, most = 256): number {
  return 2 ** Math.floor(Math.log2(Math.min(maxLanes, most)))
}

/** What is summed up: numbers that belong together, and how two such sums are joined, the earlier one first. */
export interface Sums {
  readonly scalars: readonly kernels.StorageType[]
  join(before: readonly Expression[], own: readonly Expression[]): readonly Expression[]
}

/**
 * `before[lane] = Σ own[0 … lane − 1]` over the lanes of a program, or from the first of every `group` lanes on (a power of two), by doubling
 * distances in memory that they share. Nothing of that memory is needed afterwards. The order of sums is fixed.
 */
export function sumsBeforeLanes(b: kernels.KernelBuilder, own: readonly Expression[], kind: Sums, lanes: number, group = lanes): readonly Expression[] {
  const memory = kind.scalars.map((scalar, k) => b.shared(`sums${k}`, scalar, lanes))
  const lane = b.lane()
  const inGroup = group === lanes ? lane : lane.rem(group)
  const read = (distance: number) => memory.map((array) => array.load(lane.sub(distance), { mask: inGroup.greaterEqual(distance) }))
  const write = (values: readonly Expression[]) => {
    for (const [k, value] of values.entries()) memory[k]?.storeLanes(0, value)
    b.barrier()
  }
  let sums = own
  write(sums)
  for (let distance = 1; distance < group; distance *= 2) {
    const joined = kind.join(read(distance), sums)
    b.barrier()
    const isInside = inGroup.greaterEqual(distance)
    sums = joined.map((value, k) => isInside.select(value, sums[k] ?? value))
    write(sums)
  }
  const before = read(1)
  b.barrier()
  return before
}
