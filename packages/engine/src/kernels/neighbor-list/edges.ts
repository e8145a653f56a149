import { kernels, type lowering } from '@equivar/core'
import { kernelOnce } from '../kernel-cache.ts'
import type { NeighborGrid } from './grid.ts'

/** Atoms of a program. */
const block = 32

/**
 * Sorts the keys of each receiver by counting those that are smaller, and writes the edges. Lanes are edges. Parameters: atoms, keys an
 * atom.
 */
function edgesKernel(target: lowering.Target): kernels.Kernel {
  const lanes = target.lanes === 'gpu' ? Math.min(target.maxLanes, 64) : 16
  return kernelOnce(`neighbors edges ${lanes}`, () => {
    const b = new kernels.KernelBuilder('neighbors_edges', { lanes })
    const [numAtoms, perAtom] = [b.parameter('numAtoms', 'index'), b.parameter('perAtom', 'f64')]
    const atoms = b.extentOf(numAtoms)
    const cells = b.buffer('cells', 'i32', 'read', { extent: atoms.times(3) })
    const starts = b.buffer('starts', 'i32', 'read', { extent: atoms.plus(1) })
    const keys = b.buffer('keys', 'u32', 'read')
    const translations = b.buffer('translations', 'i32', 'read')
    const [senders, receivers, shifts] = [b.buffer('senders', 'i32', 'write'), b.buffer('receivers', 'i32', 'write'), b.buffer('unitShifts', 'i32', 'write')]
    const inverse = b.constant('f64', 1).div(perAtom)
    const first = b.programId().mul(block)
    b.loop(first, first.add(block).min(numAtoms), {}, (receiver) => {
      const [from, to] = [starts.load(receiver).convert('index'), starts.load(receiver.add(1)).convert('index')]
      const own = [0, 1, 2].map((axis) => cells.load(numAtoms.mul(axis).add(receiver)))
      b.loop(from, to, { step: lanes }, (e) => {
        const active = to.sub(e)
        const mask = b.lane().less(active)
        const key = keys.loadLanes(e, { active })
        const [rank] = b.loop(from, to, { carry: [kernels.varying(b.constant('i32', 0))] }, (other, [before]) => [
          before.add(keys.load(other).less(key).select(b.constant('i32', 1), 0)),
        ])
        const place = from.add(rank.convert('index'))
        // Exact: the key is a whole number of 32 bits, and half of one keeps the quotient away from whole numbers.
        const quotient = key.convert('f64').add(0.5).mul(inverse).floor()
        const code = key.convert('f64').sub(quotient.mul(perAtom)).convert('index')
        const sender = quotient.convert('i32')
        senders.store(place, sender, { mask })
        receivers.store(place, receiver.convert('i32'), { mask })
        for (const [axis, cell] of own.entries()) {
          const offset = cells.load(numAtoms.mul(axis).add(sender.convert('index')), { mask })
          const translation = translations.load(code.mul(3).add(axis), { mask })
          shifts.store(place.mul(3).add(axis), offset.sub(translation).sub(cell), { mask })
        }
      })
    })
    return b.build()
  })
}

const tables = new Map<string, Int32Array>()

/** Translations by their number within a key: descending, which is ascending in unit shifts. */
export function translationTable([m0, m1, m2]: readonly [number, number, number]): Int32Array {
  const name = `${m0} ${m1} ${m2}`
  const known = tables.get(name)
  if (known) return known
  const all: number[] = []
  for (let i = m0; i >= -m0; i--) for (let j = m1; j >= -m1; j--) for (let k = m2; k >= -m2; k--) all.push(i, j, k)
  const table = Int32Array.from(all)
  // Cells have few shapes in one process; those of a long scan need not stay.
  if (tables.size > 64) tables.clear()
  tables.set(name, table)
  return table
}

/** Buffers read: cells, starts, keys; written: senders, receivers, unit shifts. */
export function launchEdges(
  grid: NeighborGrid,
  numEdges: number,
  read: readonly lowering.Slot[],
  results: readonly lowering.Slot[],
  target: lowering.Target,
): lowering.PlannedLaunch {
  const table = translationTable(grid.images)
  return {
    kernel: edgesKernel(target),
    grid: [Math.ceil(grid.numAtoms / block)],
    parameters: [grid.numAtoms, table.length / 3],
    buffers: [...read, { kind: 'constant', data: table }, ...results],
    flops: 60 * numEdges,
    bytes: 28 * numEdges,
  }
}
