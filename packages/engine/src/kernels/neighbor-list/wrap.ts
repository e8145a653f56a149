import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import type { NeighborGrid } from './grid.ts'
import { declareGrid, gridParameters, latticeVector } from './parameters.ts'

const block = 1024

/** Parameters behind those of the grid: inverse basis, corner, and begin, scale and periodicity along the axes. */
function wrapParameters({ inverse, corner, low, scale, pbc }: NeighborGrid): readonly number[] {
  return [...inverse, ...corner, ...low, ...scale, ...pbc.map((isPeriodic) => (isPeriodic ? 1 : 0))]
}

/** Of every atom: the cell that it is in (`i32` [3, N]), where it is within that from the corner (`f32` [3, N]), and its bin (`i32` [N]). */
function wrapKernel(target: lowering.Target): kernels.Kernel {
  const lanes = target.lanes === 'gpu' ? Math.min(target.maxLanes, 64) : 4
  return kernelOnce(`neighbors wrap ${lanes}`, () => {
    const b = new kernels.KernelBuilder('neighbors_wrap', { lanes })
    const grid = declareGrid(b)
    const inverse = Array.from({ length: 9 }, (_, k) => b.parameter(`inverse${k}`, 'f64'))
    const three = (name: string) => [0, 1, 2].map((k) => b.parameter(`${name}_${k}`, 'f64'))
    const [corner, low, scale, periodic] = [three('corner'), three('low'), three('scale'), three('periodic')]
    const atoms = b.extentOf(grid.numAtoms)
    const positions = b.buffer('positions', 'f64', 'read', { extent: atoms.times(3) })
    const cells = b.buffer('cells', 'i32', 'write', { extent: atoms.times(3) })
    const homes = b.buffer('homes', 'f32', 'write', { extent: atoms.times(3) })
    const binOf = b.buffer('binOf', 'i32', 'write', { extent: atoms })
    const zero = b.constant('f64', 0)
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(grid.numAtoms), { step: lanes }, (first) => {
      const active = grid.numAtoms.sub(first)
      const mask = b.lane().less(active)
      const r = [0, 1, 2].map((k) => positions.load(first.add(b.lane()).mul(3).add(k), { mask }))
      const fractional = [0, 1, 2].map((axis) => r.reduce((sum: kernels.Expression | undefined, x, k) => {
        const term = x.mul(inverse[3 * axis + k] ?? zero)
        return sum ? sum.add(term) : term
      }, undefined) ?? zero)
      const cell = fractional.map((f, axis) => f.floor().mul(periodic[axis] ?? zero))
      const shift = latticeVector(grid, cell)
      let bin: kernels.Expression | undefined
      for (const [axis, f] of fractional.entries()) {
        const count = grid.bins[axis] ?? b.constant('index', 1)
        const inside = f.sub(cell[axis] ?? zero).sub(low[axis] ?? zero).mul(scale[axis] ?? zero)
        const own = inside.floor().convert('i32').max(0).min(count.convert('i32').sub(1))
        bin = bin ? bin.mul(count.convert('i32')).add(own) : own
        const at = grid.numAtoms.mul(axis).add(first)
        cells.storeLanes(at, (cell[axis] ?? zero).convert('i32'), { active })
        homes.storeLanes(at, (r[axis] ?? zero).sub(shift[axis] ?? zero).sub(corner[axis] ?? zero).convert('f32'), { active })
      }
      if (bin) binOf.storeLanes(first, bin, { active })
    })
    return b.build()
  })
}

/** The launch that wraps atoms. Buffers: positions, cells, homes, bins. */
export function launchWrap(grid: NeighborGrid, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  const parameters = [...gridParameters(grid), ...wrapParameters(grid)]
  return { kernel: wrapKernel(target), grid: [Math.ceil(grid.numAtoms / block)], parameters, buffers, flops: 40 * grid.numAtoms, bytes: 64 * grid.numAtoms }
}

/** Elements behind the last atom that may be read, though nothing is done with them. */
export const padding = 64

/** `sorted[k, q] = homes[k, entries[q]]`, `names[q] = entries[q] · 2^imageBits`; rows of `sorted` are longer than N by the padding. */
function gatherKernel(): kernels.Kernel {
  return kernelOnce('neighbors gather', () => {
    const b = new kernels.KernelBuilder('neighbors_gather', { lanes: 1 })
    const [numAtoms, imageBits] = [b.parameter('numAtoms', 'index'), b.parameter('imageBits', 'i32')]
    const atoms = b.extentOf(numAtoms)
    const homes = b.buffer('homes', 'f32', 'read', { extent: atoms.times(3) })
    const entries = b.buffer('entries', 'i32', 'read', { extent: atoms, below: atoms })
    const sorted = b.buffer('sorted', 'f32', 'write', { extent: atoms.plus(padding).times(3) })
    const names = b.buffer('names', 'i32', 'write', { extent: atoms.plus(padding) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(numAtoms), {}, (q) => {
      const entry = entries.load(q)
      const from = entry.convert('index')
      for (const axis of [0, 1, 2]) sorted.store(numAtoms.add(padding).mul(axis).add(q), homes.load(numAtoms.mul(axis).add(from)))
      names.store(q, entry.shiftLeft(imageBits))
    })
    return b.build()
  })
}

/** The launch that puts wrapped positions in the order of bins. Buffers: homes, entries, sorted, names. */
export function launchGather({ numAtoms, imageBits }: NeighborGrid, buffers: readonly lowering.Slot[]): lowering.PlannedLaunch {
  const cost = { flops: numAtoms, bytes: 40 * numAtoms }
  return { kernel: gatherKernel(), grid: [Math.ceil(numAtoms / block)], parameters: [numAtoms, imageBits], buffers, ...cost }
}
