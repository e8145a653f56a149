import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { elementCount } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import { rowsPerProgram } from '../algorithms/lanes.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { accumulator, accumulatorLanes, lanesOf } from '../reductions/accumulate.ts'

/** Rows shorter than this are not worth lanes of their own: lanes run over rows then. */
const shortRow = 8
/** Elements that a program moves at least, if there are so many. */
const programSize = 1024

/** `y[i, :] = x[indices[i], :]`, lanes along the row. */
function takeWide(scalar: kernels.StorageType, target: lowering.Target): kernels.Kernel {
  const lanes = lanesOf(scalar, target)
  return kernelOnce(`take wide ${scalar} ${lanes}`, () => {
    const b = new kernels.KernelBuilder('take', { lanes })
    const [count, rows] = [b.parameter('count', 'index'), b.parameter('rows', 'index')]
    const [width, perProgram] = [b.parameter('width', 'index'), b.parameter('perProgram', 'index')]
    const x = b.buffer('x', scalar, 'read')
    const indices = b.buffer('indices', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(rows) })
    const y = b.buffer('y', scalar, 'write')
    const first = b.programId().mul(perProgram)
    b.loop(first, first.add(perProgram).min(count), {}, (i) => {
      const [from, to] = [indices.load(i).convert('index').mul(width), i.mul(width)]
      b.loop(0, width, { step: lanes }, (j) => {
        const active = width.sub(j)
        y.storeLanes(to.add(j), x.loadLanes(from.add(j), { active }), { active })
      })
    })
    return b.build()
  })
}

/** The same with lanes over rows, for short rows. */
function takeNarrow(scalar: kernels.StorageType, target: lowering.Target): kernels.Kernel {
  const lanes = lanesOf(scalar, target)
  return kernelOnce(`take narrow ${scalar} ${lanes}`, () => {
    const b = new kernels.KernelBuilder('take', { lanes })
    const [count, rows, width] = [b.parameter('count', 'index'), b.parameter('rows', 'index'), b.parameter('width', 'index')]
    const x = b.buffer('x', scalar, 'read')
    const indices = b.buffer('indices', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(rows) })
    const y = b.buffer('y', scalar, 'write')
    const first = b.programId().mul(programSize)
    b.loop(first, first.add(programSize).min(count), { step: lanes }, (i) => {
      const active = count.sub(i)
      const mask = b.lane().less(active)
      const [from, to] = [indices.loadLanes(i, { active }).convert('index').mul(width), i.add(b.lane()).mul(width)]
      b.loop(0, width, {}, (j) => y.store(to.add(j), x.load(from.add(j), { mask }), { mask }))
    })
    return b.build()
  })
}

/** `y[s, :] = Σ x[e, :]` over the entries e of segment s, lanes along the row. */
function segmentSumWide(scalar: kernels.StorageType, lanes: number): kernels.Kernel {
  return kernelOnce(`segmentSum wide ${scalar} ${lanes}`, () => {
    const { b, segments, width, perProgram, starts, entries, x, y } = segmentMemory(scalar, lanes)
    const first = b.programId().mul(perProgram)
    b.loop(first, first.add(perProgram).min(segments), {}, (segment) => {
      const [from, to] = [starts.load(segment).convert('index'), starts.load(segment.add(1)).convert('index')]
      b.loop(0, width, { step: lanes }, (j) => {
        const active = width.sub(j)
        const total = accumulator(b, scalar, 'varying').sum(from, to, (e) => x.loadLanes(entries.load(e).convert('index').mul(width).add(j), { active }))
        y.storeLanes(segment.mul(width).add(j), total, { active })
      })
    })
    return b.build()
  })
}

/** The same with lanes over entries, for short rows. */
function segmentSumNarrow(scalar: kernels.StorageType, target: lowering.Target): kernels.Kernel {
  const lanes = lanesOf(scalar, target) / 2
  return kernelOnce(`segmentSum narrow ${scalar} ${lanes}`, () => {
    const { b, segments, width, perProgram, starts, entries, x, y } = segmentMemory(scalar, lanes)
    const first = b.programId().mul(perProgram)
    b.loop(first, first.add(perProgram).min(segments), {}, (segment) => {
      const [from, to] = [starts.load(segment).convert('index'), starts.load(segment.add(1)).convert('index')]
      b.loop(0, width, {}, (j) => {
        const totals = accumulator(b, scalar, 'varying').sum(from, to, (e) => {
          const active = to.sub(e)
          const entry = entries.loadLanes(e, { active }).convert('index')
          return x.load(entry.mul(width).add(j), { mask: b.lane().less(active) })
        }, lanes)
        y.store(segment.mul(width).add(j), totals.sum())
      })
    })
    return b.build()
  })
}

function segmentMemory(scalar: kernels.StorageType, lanes: number) {
  const b = new kernels.KernelBuilder('segmentSum', { lanes })
  const [segments, count] = [b.parameter('segments', 'index'), b.parameter('count', 'index')]
  const [width, perProgram] = [b.parameter('width', 'index'), b.parameter('perProgram', 'index')]
  const starts = b.buffer('starts', 'i32', 'read', { extent: b.extentOf(segments).plus(1), below: b.extentOf(count).plus(1) })
  const entries = b.buffer('entries', 'i32', 'read', { extent: b.extentOf(count), below: b.extentOf(count) })
  return { b, segments, width, perProgram, starts, entries, x: b.buffer('x', scalar, 'read'), y: b.buffer('y', scalar, 'write') }
}

/** Primitives whose rows are chosen by an index array. Indices have been checked. */
export const rowPlanners: { readonly [P in 'take' | 'segmentSum']: Planner<P> } = {
  take: {
    plan([x, indices], _, __, target) {
      const [rows, count, width] = [x.shape[0] ?? 0, elementCount(indices.shape), elementCount(x.shape.slice(1))]
      if (count * width === 0) return { temporaries: [], launches: [] }
      const scalar = storageTypes[x.dtype]
      const isWide = width >= shortRow
      const perProgram = isWide ? rowsPerProgram(count, Math.max(1, Math.ceil(programSize / width)), target) : programSize
      const launch: lowering.PlannedLaunch = {
        kernel: isWide ? takeWide(scalar, target) : takeNarrow(scalar, target),
        grid: [Math.ceil(count / perProgram)],
        parameters: isWide ? [count, rows, width, perProgram] : [count, rows, width],
        buffers: [{ kind: 'input', index: 0 }, { kind: 'input', index: 1 }, { kind: 'output', index: 0 }],
        flops: 0,
        bytes: count * (4 + 2 * width * bytesPerElement[scalar]),
      }
      return { temporaries: [], launches: [launch] }
    },
  },
  segmentSum: {
    plan([x], { numSegments }, _, target) {
      const [count, width] = [x.shape[0] ?? 0, elementCount(x.shape.slice(1))]
      if (numSegments * width === 0) return { temporaries: [], launches: [] }
      const scalar = storageTypes[x.dtype]
      const average = Math.max(1, (count * width) / numSegments)
      const perProgram = rowsPerProgram(numSegments, Math.max(1, Math.ceil(programSize / average)), target)
      const launch: lowering.PlannedLaunch = {
        kernel: width >= shortRow ? segmentSumWide(scalar, accumulatorLanes(scalar, width, target)) : segmentSumNarrow(scalar, target),
        grid: [Math.ceil(numSegments / perProgram)],
        parameters: [numSegments, count, width, perProgram],
        buffers: [{ kind: 'order', index: 0, part: 'starts' }, { kind: 'order', index: 0, part: 'entries' }, { kind: 'input', index: 0 }, { kind: 'output', index: 0 }],
        flops: count * width,
        bytes: (count + numSegments) * (4 + width * bytesPerElement[scalar]),
      }
      return { temporaries: [], launches: [launch] }
    },
  },
}

const bytesPerElement = { f32: 4, f64: 8, i32: 4, u32: 4 } as const
