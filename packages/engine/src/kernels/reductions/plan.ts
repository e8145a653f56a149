import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import { elementCount, rowMajorStrides } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { launchFill } from '../structure/moves.ts'
import { accumulatorLanes, lanesOf } from './accumulate.ts'
import type { Reduction } from './fold.ts'
import { laneBlock, reduceAcross, reduceAlong } from './kernels.ts'

/** Elements [outer, reduced, inner] that become [outer, inner]. */
interface Extents {
  readonly outer: number
  readonly reduced: number
  readonly inner: number
}

interface ReduceRequest {
  readonly reduction: Reduction
  readonly scalar: kernels.StorageType
  readonly extents: Extents
  readonly x: lowering.Slot
  readonly y: lowering.Slot
}

/** Kept axes shorter than this have no lanes of their own. */
const shortAxis = 8
const programSize = 1024
/** With so many programs all threads have enough to do. */
const enoughPrograms = 32
/** Elements of a chunk at least, and most chunks: a function of sizes alone, so sums are the same on any number of threads. */
const chunkSize = 8192
const maxChunks = 64

/** How many parts the reduced axis is cut into, for `programs` programs that have `work` elements each. */
function chunksFor(programs: number, work: number, reduced: number): number {
  if (programs >= enoughPrograms) return 1
  return Math.max(1, Math.min(maxChunks, Math.ceil(work / chunkSize), reduced))
}

const bytesPerElement = { f32: 4, f64: 8, i32: 4, u32: 4 } as const

/** `y = reduction of x over the middle axis`, in one or two launches. */
function reduceOnce(plan: PlanBuilder, { reduction, scalar, extents, x, y }: ReduceRequest, target: lowering.Target): void {
  const { outer, reduced, inner } = extents
  const [flops, bytes] = [outer * reduced * inner, outer * (reduced + 1) * inner * bytesPerElement[scalar]]
  if (inner < shortAxis && (reduced >= 2 * shortAxis || outer < shortAxis)) {
    const rows = outer * inner
    const perProgram = Math.max(1, Math.min(rows, Math.floor(programSize / reduced)))
    const groups = Math.ceil(rows / perProgram)
    const { chunk, count } = cut(reduced, chunksFor(groups, reduced * perProgram, reduced))
    const partial = count > 1 ? plan.temporary(scalar, rows * count) : y
    const kernel = reduceAcross(reduction, scalar, inner === 1, target)
    plan.launch({ kernel, grid: [groups, count], parameters: [rows, perProgram, inner, reduced, chunk], buffers: [x, partial], flops, bytes })
    if (count > 1) reduceOnce(plan, { reduction, scalar, extents: { outer: rows, reduced: count, inner: 1 }, x: partial, y }, target)
    return
  }
  const isAlongInner = inner >= shortAxis
  const [rows, length] = isAlongInner ? [outer, inner] : [inner, outer]
  const laneBlocks = Math.ceil(length / laneBlock)
  const perRow = reduced * Math.min(length, laneBlock)
  const perProgram = Math.max(1, Math.min(rows, Math.floor(programSize / perRow)))
  const groups = Math.ceil(rows / perProgram)
  const { chunk, count } = cut(reduced, chunksFor(groups * laneBlocks, perRow * perProgram, reduced))
  const partial = count > 1 ? plan.temporary(scalar, outer * count * inner) : y
  // Partial results are [outer, chunk, inner].
  const strides = isAlongInner ? [reduced * inner, inner, count * inner, inner] : [1, inner, 1, inner]
  const laneStrides = isAlongInner ? [] : [reduced * inner, count * inner]
  const lanes = isAlongInner ? accumulatorLanes(scalar, length, target) : lanesOf(scalar, target)
  const kernel = reduceAlong(reduction, scalar, lanes, isAlongInner)
  const parameters = [rows, perProgram, length, reduced, chunk, ...strides, ...laneStrides]
  plan.launch({ kernel, grid: [groups, laneBlocks, count], parameters, buffers: [x, partial], flops, bytes })
  if (count > 1) reduceOnce(plan, { reduction, scalar, extents: { outer, reduced: count, inner }, x: partial, y }, target)
}

/** Chunks of equal length but the last, none of them empty. */
function cut(length: number, wanted: number): { readonly chunk: number; readonly count: number } {
  const chunk = Math.max(1, Math.ceil(length / wanted))
  return { chunk, count: Math.ceil(length / chunk) }
}

function planReduction(reduction: Reduction): Planner<Reduction> {
  return {
    plan([x], { axes }, [{ dtype, shape }], target) {
      const scalar = storageTypes[dtype]
      if (elementCount(shape) === 0) return { temporaries: [], launches: [] }
      if (elementCount(x.shape) === 0) return { temporaries: [], launches: [...launchFill(dtype, shape, { strides: rowMajorStrides(shape) }, target)] }
      let groups = groupsOf(x.shape, axes)
      if (!groups.some(({ isReduced }) => isReduced)) return { alias: 0 }
      const plan = new PlanBuilder()
      let from: lowering.Slot = { kind: 'input', index: 0 }
      for (;;) {
        const at = groups.findLastIndex(({ isReduced }) => isReduced)
        const extents = { outer: product(groups.slice(0, at)), reduced: groups[at]?.extent ?? 1, inner: product(groups.slice(at + 1)) }
        groups = groups.filter((_, k) => k !== at)
        const isLast = !groups.some(({ isReduced }) => isReduced)
        const to: lowering.Slot = isLast ? { kind: 'output', index: 0 } : plan.temporary(scalar, product(groups))
        reduceOnce(plan, { reduction, scalar, extents, x: from, y: to }, target)
        if (isLast) return plan.build()
        from = to
      }
    },
  }
}

interface Group {
  readonly extent: number
  readonly isReduced: boolean
}

/** Neighbouring axes that are both reduced, or both kept, as one; axes of one element are neither. */
function groupsOf(shape: readonly number[], axes: readonly number[]): readonly Group[] {
  const groups: Group[] = []
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue
    const isReduced = axes.includes(axis)
    const last = groups.at(-1)
    if (last?.isReduced === isReduced) groups[groups.length - 1] = { extent: last.extent * extent, isReduced }
    else groups.push({ extent, isReduced })
  }
  return groups
}

function product(groups: readonly { readonly extent: number }[]): number {
  return groups.reduce((count, { extent }) => count * extent, 1)
}

export const reductionPlanners: { readonly [P in Reduction]: Planner<P> } = { sum: planReduction('sum'), max: planReduction('max') }
