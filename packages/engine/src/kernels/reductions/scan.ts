import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { elementCount } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { PlanBuilder } from '../plan-builder.ts'
import { lanesOf } from './accumulate.ts'
import { scanningLanes, sumsBeforeLanes } from './across-lanes.ts'
import { reduceAcross } from './kernels.ts'
import { runningSum } from './running-sum.ts'

/** Whether the sum at a place has the element there in it, and from which end it starts. */
interface ScanKind {
  readonly isExclusive: boolean
  readonly isReverse: boolean
}

/** A program's chunk of a row: its ends, where its k-th element is, and what comes before. */
function declareChunks(b: kernels.KernelBuilder, scalar: kernels.StorageType, isReverse: boolean, hasBefore: boolean) {
  const [length, chunk] = [b.parameter('length', 'index'), b.parameter('chunk', 'index')]
  const x = b.buffer('x', scalar, 'read')
  const sums = hasBefore ? b.buffer('before', scalar, 'read') : undefined
  const y = b.buffer('y', scalar, 'write')
  const row = b.programId(1).mul(length)
  const start = b.programId(0).mul(chunk)
  const end = start.add(chunk).min(length)
  const at = (k: kernels.Expression) => row.add(isReverse ? start.add(end).sub(1).sub(k) : k)
  const before = sums && (() => sums.load(b.programId(1).mul(length.add(chunk).sub(1).div(chunk)).add(b.programId(0))))
  return { x, y, before, chunk, start, end, at }
}

/**
 * `y[row, k] = before[row, chunk] + Σ x[row, 0 … k]` for k within the chunk, one program a row and chunk. Parameters: length, chunk;
 * grid: chunks, rows.
 */
function scanChunks(scalar: kernels.StorageType, { isExclusive, isReverse }: ScanKind, hasBefore: boolean, target: lowering.Target): kernels.Kernel {
  return kernelOnce(`scan ${scalar} ${isExclusive} ${isReverse} ${hasBefore} ${target.lanes}`, () => {
    const b = new kernels.KernelBuilder('scan', { lanes: 1, gridRank: 2 })
    const { x, y, before, start, end, at } = declareChunks(b, scalar, isReverse, hasBefore)
    const sum = runningSum(b, scalar, target)
    const first = before ? sum.add(sum.initial, before()) : sum.initial
    b.loop(start, end, { carry: first }, (k, state) => {
      const next = sum.add(state, x.load(at(k)))
      y.store(at(k), sum.value(isExclusive ? state : next))
      return next
    })
    return b.build()
  })
}

/** The same for lanes that are threads: each sums up a stretch of the chunk, and goes through it again when it knows what comes before. */
function scanChunksByLanes(scalar: kernels.StorageType, { isExclusive, isReverse }: ScanKind, hasBefore: boolean, target: lowering.Target): kernels.Kernel {
  const lanes = scanningLanes(target)
  return kernelOnce(`scan by lanes ${scalar} ${isExclusive} ${isReverse} ${hasBefore} ${lanes}`, () => {
    const b = new kernels.KernelBuilder('scan', { lanes, gridRank: 2 })
    const { x, y, before, chunk, start, end, at } = declareChunks(b, scalar, isReverse, hasBefore)
    const perLane = chunk.add(lanes - 1).div(lanes)
    const own = start.add(b.lane().mul(perLane))
    const sum = runningSum(b, scalar, target)
    const zero = sum.initial.map((value) => kernels.varying(value))
    const place = (k: kernels.Expression) => {
      const position = own.add(k)
      return { element: at(position), mask: position.less(end) }
    }
    const total = b.loop(0, perLane, { carry: zero }, (k, state) => {
      const { element, mask } = place(k)
      return sum.add(state, x.load(element, { mask }))
    })
    let first = sumsBeforeLanes(b, total, sum, lanes)
    if (before) first = sum.join(sum.add(sum.initial, before()), first)
    b.loop(0, perLane, { carry: first }, (k, state) => {
      const { element, mask } = place(k)
      const next = sum.add(state, x.load(element, { mask }))
      y.store(element, sum.value(isExclusive ? state : next), { mask })
      return next
    })
    return b.build()
  })
}

/** `y[row, k, lane] = Σ x[row, 0 … k, lane]`, lanes along an axis. Parameters: lanes' extent, length, row stride, step, lane stride. */
function scanLanes(scalar: kernels.StorageType, { isExclusive, isReverse }: ScanKind, isContiguous: boolean, target: lowering.Target): kernels.Kernel {
  const lanes = lanesOf('f64', target)
  return kernelOnce(`scan lanes ${scalar} ${isExclusive} ${isReverse} ${isContiguous} ${lanes} ${target.lanes}`, () => {
    const b = new kernels.KernelBuilder('scan_lanes', { lanes, gridRank: 2 })
    const [width, length] = [b.parameter('width', 'index'), b.parameter('length', 'index')]
    const [rowStride, step] = [b.parameter('rowStride', 'index'), b.parameter('step', 'index')]
    const laneStride = isContiguous ? undefined : b.parameter('laneStride', 'index')
    const [x, y] = [b.buffer('x', scalar, 'read'), b.buffer('y', scalar, 'write')]
    const [lane0, row] = [b.programId(0).mul(lanes), b.programId(1).mul(rowStride)]
    const active = width.sub(lane0)
    const mask = b.lane().less(active)
    const sum = runningSum(b, scalar, target)
    b.loop(0, length, { carry: sum.initial.map((value) => kernels.varying(value)) }, (k, state) => {
      const base = row.add((isReverse ? length.sub(1).sub(k) : k).mul(step))
      const place = laneStride ? base.add(lane0.add(b.lane()).mul(laneStride)) : base.add(lane0)
      const value = laneStride ? x.load(place, { mask }) : x.loadLanes(place, { active })
      const next = sum.add(state, value)
      const result = sum.value(isExclusive ? state : next)
      if (laneStride) y.store(place, result, { mask })
      else y.storeLanes(place, result, { active })
      return next
    })
    return b.build()
  })
}

/** Elements that one program sums up; a function of sizes and target alone, so sums are the same on any number of threads. */
function chunkSizeOf(target: lowering.Target): number {
  return target.lanes === 'gpu' ? 16 * scanningLanes(target) : 2048
}

const bytesPerElement = { f32: 4, f64: 8, i32: 4, u32: 4 } as const

interface ScanRequest extends ScanKind {
  readonly scalar: kernels.StorageType
  /** Elements [outer, length, inner], summed along the middle axis. */
  readonly extents: readonly [outer: number, length: number, inner: number]
  readonly x: lowering.Slot
  readonly y: lowering.Slot
}

/** Adds the launches that sum up along an axis. */
export function scan(plan: PlanBuilder, request: ScanRequest, target: lowering.Target): void {
  const { scalar, x, y, extents } = request
  const [outer, length, inner] = extents
  const count = outer * length * inner
  if (count === 0) return
  const cost = { flops: 4 * count, bytes: 2 * count * bytesPerElement[scalar] }
  const chunkSize = chunkSizeOf(target)
  const kernelOf = target.lanes === 'gpu' ? scanChunksByLanes : scanChunks
  if (inner > 1 || (outer >= 64 && length < chunkSize)) {
    const isContiguous = inner > 1
    const [width, rows] = isContiguous ? [inner, outer] : [outer, 1]
    const kernel = scanLanes(scalar, request, isContiguous, target)
    const strides = isContiguous ? [length * inner, inner] : [0, 1, length]
    plan.launch({ kernel, grid: [Math.ceil(width / kernel.lanes), rows], parameters: [width, length, ...strides], buffers: [x, y], ...cost })
    return
  }
  const chunks = Math.ceil(length / chunkSize)
  const chunk = Math.ceil(length / chunks)
  if (chunks === 1) {
    plan.launch({ kernel: kernelOf(scalar, request, false, target), grid: [1, outer], parameters: [length, chunk], buffers: [x, y], ...cost })
    return
  }
  const [totals, before] = [plan.temporary(scalar, outer * chunks), plan.temporary(scalar, outer * chunks)]
  const sums = reduceAcross('sum', scalar, true, target)
  plan.launch({ kernel: sums, grid: [outer, chunks], parameters: [outer, 1, 1, length, chunk], buffers: [x, totals], ...cost })
  scan(plan, { scalar, extents: [outer, chunks, 1], x: totals, y: before, isExclusive: true, isReverse: request.isReverse }, target)
  plan.launch({ kernel: kernelOf(scalar, request, true, target), grid: [chunks, outer], parameters: [length, chunk], buffers: [x, before, y], ...cost })
}

/** Sums along an axis, of shape and dtype as the elements. */
export const scanPlanners: { readonly cumulativeSum: Planner<'cumulativeSum'> } = {
  cumulativeSum: {
    plan([x], { axis, reverse }, _, target) {
      const plan = new PlanBuilder()
      const extents = [elementCount(x.shape.slice(0, axis)), x.shape[axis] ?? 0, elementCount(x.shape.slice(axis + 1))] as const
      const [from, to] = [{ kind: 'input', index: 0 } as const, { kind: 'output', index: 0 } as const]
      scan(plan, { scalar: storageTypes[x.dtype], extents, x: from, y: to, isExclusive: false, isReverse: reverse }, target)
      return plan.build()
    },
  },
}
