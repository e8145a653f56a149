import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { lanesOf } from './accumulate.ts'
import { fold, foldLanes, larger, type Reduction } from './fold.ts'

/** Lanes along a kept axis that one program takes at most. */
export const laneBlock = 256

/**
 * `y[row, chunk] = Σ_r x[row, r]` with lanes along the reduced axis, r within the chunk. Rows are those of [outer, inner], between
 * which the reduced axis lies. Parameters: rows, perProgram, inner, reduced, chunk; grid: groups of rows, chunks.
 */
export function reduceAcross(reduction: Reduction, scalar: kernels.StorageType, isContiguous: boolean, target: lowering.Target): kernels.Kernel {
  const lanes = lanesOf(scalar, target)
  return kernelOnce(`${reduction} across ${scalar} ${isContiguous} ${lanes}`, () => {
    const b = new kernels.KernelBuilder(`${reduction}_across`, { lanes, gridRank: 2 })
    const [rows, perProgram] = [b.parameter('rows', 'index'), b.parameter('perProgram', 'index')]
    const [inner, reduced, chunk] = [b.parameter('inner', 'index'), b.parameter('reduced', 'index'), b.parameter('chunk', 'index')]
    const [x, y] = [b.buffer('x', scalar, 'read'), b.buffer('y', scalar, 'write')]
    const start = b.programId(1).mul(chunk)
    const end = start.add(chunk).min(reduced)
    const whole = start.add(end.sub(start).div(lanes).mul(lanes))
    const first = b.programId(0).mul(perProgram)
    b.loop(first, first.add(perProgram).min(rows), {}, (row) => {
      const base = isContiguous ? row.mul(reduced) : row.div(inner).mul(reduced).mul(inner).add(row.rem(inner))
      const read = (r: kernels.Expression, active: kernels.Expression | undefined) => {
        const mask = active ? b.lane().less(active) : undefined
        if (isContiguous) return { value: x.loadLanes(base.add(r), active ? { active } : {}), ...(mask ? { mask } : {}) }
        return { value: x.load(base.add(r.add(b.lane()).mul(inner)), mask ? { mask } : {}), ...(mask ? { mask } : {}) }
      }
      const most = fold(b, reduction, scalar, [start, whole, lanes], (r) => read(r, undefined))
      const rest = fold(b, reduction, scalar, [whole, end, lanes], (r) => read(r, end.sub(r)))
      const both = reduction === 'sum' ? foldLanes(b, reduction, most).add(foldLanes(b, reduction, rest)) : foldLanes(b, reduction, larger(most, rest))
      y.store(row.mul(reduced.add(chunk).sub(1).div(chunk)).add(b.programId(1)), both)
    })
    return b.build()
  })
}

/**
 * `y[row, chunk, lane] = Σ_r x[row, r, lane]` with lanes along a kept axis, r within the chunk. Parameters: rows, perProgram, length
 * of the lanes' axis, reduced, chunk, then strides: of x along rows and r, of y along rows and chunks, and those of x and y along the
 * lanes where they are not contiguous. Grid: groups of rows, blocks of the lanes' axis, chunks.
 */
export function reduceAlong(reduction: Reduction, scalar: kernels.StorageType, lanes: number, isContiguous: boolean): kernels.Kernel {
  return kernelOnce(`${reduction} along ${scalar} ${isContiguous} ${lanes}`, () => {
    const b = new kernels.KernelBuilder(`${reduction}_along`, { lanes, gridRank: 3 })
    const [rows, perProgram] = [b.parameter('rows', 'index'), b.parameter('perProgram', 'index')]
    const [length, reduced, chunk] = [b.parameter('length', 'index'), b.parameter('reduced', 'index'), b.parameter('chunk', 'index')]
    const [xRow, xStep] = [b.parameter('xRow', 'index'), b.parameter('xStep', 'index')]
    const [yRow, yChunk] = [b.parameter('yRow', 'index'), b.parameter('yChunk', 'index')]
    const strides = isContiguous ? undefined : ([b.parameter('xLane', 'index'), b.parameter('yLane', 'index')] as const)
    const [x, y] = [b.buffer('x', scalar, 'read'), b.buffer('y', scalar, 'write')]
    const start = b.programId(2).mul(chunk)
    const end = start.add(chunk).min(reduced)
    const first = b.programId(0).mul(perProgram)
    const lane0 = b.programId(1).mul(laneBlock)
    const laneEnd = lane0.add(laneBlock).min(length)
    b.loop(first, first.add(perProgram).min(rows), {}, (row) => {
      const [from, to] = [row.mul(xRow), row.mul(yRow).add(b.programId(2).mul(yChunk))]
      b.loop(lane0, laneEnd, { step: lanes }, (i) => {
        const active = laneEnd.sub(i)
        const mask = b.lane().less(active)
        const value = fold(b, reduction, scalar, [start, end, 1], (r) => {
          const base = from.add(r.mul(xStep))
          return { value: strides ? x.load(base.add(i.add(b.lane()).mul(strides[0])), { mask }) : x.loadLanes(base.add(i), { active }) }
        })
        if (strides) y.store(to.add(i.add(b.lane()).mul(strides[1])), value, { mask })
        else y.storeLanes(to.add(i), value, { active })
      })
    })
    return b.build()
  })
}
