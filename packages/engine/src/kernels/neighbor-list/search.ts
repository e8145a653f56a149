import { kernels, type lowering } from '@equivar/core'
import { kernelOnce } from '../kernel-cache.ts'
import type { NeighborGrid } from './grid.ts'
import { declareGrid, type GridValues, gridParameters, latticeVector } from './parameters.ts'

type Expression = kernels.Expression
type Builder = kernels.KernelBuilder

/** Atoms of a program, neighbours in the order of bins. */
const block = 64

/** Below this squared distance (Å²) it is looked at closely whether two atoms are at the same point. */
const suspicious = 1e-6

interface SearchMemory {
  readonly positions: kernels.Memory
  /** Wrapped positions in the order of bins, the atoms there, and where bins start. */
  readonly sorted: kernels.Memory
  readonly entries: kernels.Memory
  readonly binStarts: kernels.Memory
  readonly binOf: kernels.Memory
  readonly cells: kernels.Memory
}

function declareMemory(b: Builder, { numAtoms }: GridValues): SearchMemory {
  const atoms = b.extentOf(numAtoms)
  return {
    positions: b.buffer('positions', 'f64', 'read', { extent: atoms.times(3) }),
    sorted: b.buffer('sorted', 'f64', 'read', { extent: atoms.times(3) }),
    entries: b.buffer('entries', 'i32', 'read', { extent: atoms, below: atoms }),
    binStarts: b.buffer('binStarts', 'i32', 'read', { below: atoms.plus(1) }),
    binOf: b.buffer('binOf', 'i32', 'read', { extent: atoms }),
    cells: b.buffer('cells', 'i32', 'read', { extent: atoms.times(3) }),
  }
}

/** Quotient and remainder for an index that may be negative down to `−images · count`. */
function wrap(i: Expression, count: Expression, images: Expression): { readonly image: Expression; readonly bin: Expression } {
  const image = i.add(images.mul(count)).div(count).sub(images)
  return { image, bin: i.sub(image.mul(count)) }
}

interface Candidates {
  /** Positions in the order of bins. */
  readonly first: Expression
  readonly end: Expression
  /** The lattice translation of these atoms. */
  readonly translation: readonly [Expression, Expression, Expression]
}

/** Counts on with `visit` over every run of bins around an atom's. */
function aroundBin(
  b: Builder,
  grid: GridValues,
  memory: SearchMemory,
  bin: Expression,
  visit: (run: Candidates, counted: Expression) => Expression,
): Expression {
  const [bins0, bins1, bins2] = grid.bins
  const own = [bin.div(bins1.mul(bins2)), bin.div(bins2).rem(bins1), bin.rem(bins2)] as const
  const range = (axis: 0 | 1 | 2) => {
    const [count, reach, images] = [grid.bins[axis], grid.reach[axis], grid.images[axis]]
    const start = own[axis].sub(reach).max(images.mul(count).neg())
    return { start, end: own[axis].add(reach).add(1).min(images.add(1).mul(count)) }
  }
  const ranges = [range(0), range(1), range(2)] as const
  const [result] = b.loop(ranges[0].start, ranges[0].end, { carry: [b.constant('i32', 0)] }, (i, [before0]) => {
    const place0 = wrap(i, bins0, grid.images[0])
    return b.loop(ranges[1].start, ranges[1].end, { carry: [before0] }, (j, [before1]) => {
      const place1 = wrap(j, bins1, grid.images[1])
      const row = place0.bin.mul(bins1).add(place1.bin).mul(bins2)
      // Bins of a row are consecutive, up to where the next image begins.
      const image0 = wrap(ranges[2].start, bins2, grid.images[2]).image
      const image1 = wrap(ranges[2].end.sub(1), bins2, grid.images[2]).image
      return b.loop(image0, image1.add(1), { carry: [before1] }, (image, [before]) => {
        const origin = image.mul(bins2)
        const first = memory.binStarts.load(row.add(ranges[2].start.max(origin)).sub(origin)).convert('index')
        const end = memory.binStarts.load(row.add(ranges[2].end.min(origin.add(bins2))).sub(origin)).convert('index')
        const translation = [place0.image, place1.image, image] as const
        return [visit({ first, end, translation }, before)]
      })
    })
  })
  return result
}

/** The sender stands in the translated cell. */
interface Edge {
  readonly receiver: Expression
  readonly sender: Expression
  readonly translation: readonly Expression[]
}

/**
 * Whether an edge is shorter than the cutoff, from the vector that a model will see, and whether its ends are at the same point; and
 * its unit shift.
 */
function exactly(grid: GridValues, { positions, cells }: SearchMemory, { receiver, sender, translation }: Edge, cutoff: Expression) {
  const shifts = translation.map((image, axis) => {
    const offset = (atom: Expression) => cells.load(grid.numAtoms.mul(axis).add(atom))
    return offset(sender).sub(image.convert('i32')).sub(offset(receiver)).convert('f64')
  })
  const lattice = latticeVector(grid, shifts)
  const [dx, dy, dz] = [0, 1, 2].map((k) => positions.load(receiver.mul(3).add(k)).sub(positions.load(sender.mul(3).add(k))).add(lattice[k] ?? 0))
  if (!dx || !dy || !dz) throw new RangeError('an edge has three components')
  const squared = dx.mul(dx).add(dy.mul(dy)).add(dz.mul(dz))
  return { isNear: squared.sqrt().less(cutoff), isCoincident: squared.equal(0) }
}

/** What is done with edges. */
interface Visitor {
  readonly begin?: (receiver: Expression) => void
  /** An edge, and how many there were before it. */
  readonly found?: (edge: Edge, before: Expression) => void
  readonly coincident?: (receiver: Expression) => void
  readonly end?: (receiver: Expression, count: Expression) => void
}

/** Walks over all edges to the atoms of a program. */
function walk(b: Builder, grid: GridValues, memory: SearchMemory, visitor: Visitor): void {
  const [cutoff, inner, limit] = [b.parameter('cutoff', 'f64'), b.parameter('inner', 'f64'), b.parameter('limit', 'f64')]
  const { numAtoms } = grid
  const coordinate = (q: Expression, axis: number) => memory.sorted.load(numAtoms.mul(axis).add(q))
  const start = b.programId().mul(block)
  b.loop(start, start.add(block).min(numAtoms), {}, (own) => {
    const receiver = memory.entries.load(own).convert('index')
    visitor.begin?.(receiver)
    const home = [coordinate(own, 0), coordinate(own, 1), coordinate(own, 2)] as const
    const bin = memory.binOf.load(receiver).convert('index')
    const count = aroundBin(b, grid, memory, bin, ({ first, end, translation }, before) => {
      const [t0, t1, t2] = latticeVector(grid, translation.map((image) => image.convert('f64')))
      const origin = [t0.sub(home[0]), t1.sub(home[1]), t2.sub(home[2])] as const
      const isHome = translation.reduce((all: Expression, image) => all.and(image.equal(0)), b.constant('bool', true))
      const [after] = b.loop(first, end, { carry: [before] }, (q, [sofar]) => {
        const [dx, dy, dz] = [coordinate(q, 0).add(origin[0]), coordinate(q, 1).add(origin[1]), coordinate(q, 2).add(origin[2])]
        const squared = dx.mul(dx).add(dy.mul(dy)).add(dz.mul(dz))
        return b.branch(
          squared.lessEqual(limit).and(isHome.and(q.equal(own)).not()),
          () => {
            const sender = memory.entries.load(q).convert('index')
            const isClear = squared.less(inner).and(squared.greater(suspicious))
            const [isNear] = b.branch(
              isClear,
              () => [b.constant('bool', true)],
              () => {
                const checked = exactly(grid, memory, { receiver, sender, translation }, cutoff)
                if (visitor.coincident) b.branch(checked.isCoincident, () => visitor.coincident?.(receiver))
                return [checked.isNear]
              },
            )
            if (visitor.found) b.branch(isNear, () => visitor.found?.({ receiver, sender, translation }, sofar))
            return [sofar.add(isNear.select(b.constant('i32', 1), 0))]
          },
          () => [sofar],
        )
      })
      return after
    })
    visitor.end?.(receiver, count)
  })
}

/** `counts[i] = #{edges to atom i}`; `coincident[0]` becomes 1 + the largest atom that is at the same point as another. */
function countKernel(): kernels.Kernel {
  return kernelOnce('neighbors count', () => {
    const b = new kernels.KernelBuilder('neighbors_count', { lanes: 1 })
    const grid = declareGrid(b)
    const memory = declareMemory(b, grid)
    const counts = b.buffer('counts', 'i32', 'write', { extent: b.extentOf(grid.numAtoms) })
    const coincident = b.buffer('coincident', 'i32', 'readWrite', { extent: 1 })
    walk(b, grid, memory, {
      coincident: (receiver) => void coincident.atomic('max', 0, receiver.add(1).convert('i32')),
      end: (receiver, count) => counts.store(receiver, count),
    })
    return b.build()
  })
}

/** Writes a number for every edge that sorts edges of one receiver by sender and shift. */
function keysKernel(): kernels.Kernel {
  return kernelOnce('neighbors keys', () => {
    const b = new kernels.KernelBuilder('neighbors_keys', { lanes: 1 })
    const grid = declareGrid(b)
    const memory = declareMemory(b, grid)
    const starts = b.buffer('starts', 'i32', 'read', { extent: b.extentOf(grid.numAtoms).plus(1) })
    const keys = b.buffer('keys', 'u32', 'write')
    const [images0, images1, images2] = grid.images
    const widths = [images0.mul(2).add(1), images1.mul(2).add(1), images2.mul(2).add(1)] as const
    const perAtom = widths[0].mul(widths[1]).mul(widths[2]).convert('u32')
    let from: Expression | undefined
    walk(b, grid, memory, {
      begin: (receiver) => {
        from = starts.load(receiver).convert('index')
      },
      found: ({ sender, translation }, before) => {
        const [t0, t1, t2] = translation
        if (!t0 || !t1 || !t2 || !from) throw new RangeError('a translation has three components')
        // Descending translations are ascending shifts.
        const code = images0.sub(t0).mul(widths[1]).add(images1.sub(t1)).mul(widths[2]).add(images2.sub(t2))
        keys.store(from.add(before.convert('index')), sender.convert('u32').mul(perAtom).add(code.convert('u32')))
      },
    })
    return b.build()
  })
}

function launchWalk(kernel: kernels.Kernel, grid: NeighborGrid, buffers: readonly lowering.Slot[]): lowering.PlannedLaunch {
  const { numAtoms, cutoff, slack } = grid
  const parameters = [...gridParameters(grid), cutoff, (cutoff - slack) ** 2, (cutoff + slack) ** 2]
  return { kernel, grid: [Math.ceil(numAtoms / block)], parameters, buffers, flops: 2000 * numAtoms, bytes: 8000 * numAtoms }
}

/** Buffers: positions, sorted, entries, starts of bins, bin of atoms, cells, then counts and coincident. */
export function launchCount(grid: NeighborGrid, buffers: readonly lowering.Slot[]): lowering.PlannedLaunch {
  return launchWalk(countKernel(), grid, buffers)
}

/** Buffers: the same, but at the end starts and keys. */
export function launchKeys(grid: NeighborGrid, buffers: readonly lowering.Slot[]): lowering.PlannedLaunch {
  return launchWalk(keysKernel(), grid, buffers)
}
