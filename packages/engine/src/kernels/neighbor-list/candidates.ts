import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import { aroundBin } from './around.ts'
import type { NeighborGrid } from './grid.ts'
import { declareGrid, type GridValues, gridParameters, latticeVector } from './parameters.ts'
import { padding } from './wrap.ts'

type Expression = kernels.Expression
type Builder = kernels.KernelBuilder

/** Candidates that are looked at together. */
export function lanesOf({ lanes, maxLanes }: lowering.Target): number {
  return lanes === 'gpu' ? Math.min(maxLanes, 32) : 8
}

/** Receivers of a program, neighbours in the order of bins. */
export function blockOf({ lanes }: lowering.Target): number {
  return lanes === 'gpu' ? 4 : 64
}

export interface Search {
  readonly b: Builder
  readonly grid: GridValues
  readonly numAtoms: Expression
  /** Receivers `first … end − 1`, in the order of bins, are those of the launch. */
  readonly first: Expression
  readonly end: Expression
  readonly thresholds: { readonly cutoff: Expression; readonly core: Expression; readonly inner: Expression; readonly limit: Expression }
  readonly positions: kernels.Memory
  readonly sorted: kernels.Memory
  readonly names: kernels.Memory
  readonly entries: kernels.Memory
  readonly binStarts: kernels.Memory
  readonly binOf: kernels.Memory
  readonly cells: kernels.Memory
  readonly flags: kernels.Memory
  readonly verdicts: kernels.Memory
}

/** Parameters and buffers that all walks have: positions, sorted, names, entries, starts of bins, bin of atoms, cells. */
export function declareSearch(b: Builder): Search {
  const grid = declareGrid(b)
  const { numAtoms } = grid
  const atoms = b.extentOf(numAtoms)
  const [first, end] = [b.parameter('first', 'index'), b.parameter('end', 'index')]
  const single = (name: string) => b.parameter(name, 'f32')
  return {
    b,
    grid,
    numAtoms,
    first,
    end,
    thresholds: { cutoff: b.parameter('cutoff', 'f64'), core: single('core'), inner: single('inner'), limit: single('limit') },
    positions: b.buffer('positions', 'f64', 'read', { extent: atoms.times(3) }),
    sorted: b.buffer('sorted', 'f32', 'read', { extent: atoms.plus(padding).times(3) }),
    names: b.buffer('names', 'i32', 'read', { extent: atoms.plus(padding) }),
    entries: b.buffer('entries', 'i32', 'read', { extent: atoms, below: atoms }),
    binStarts: b.buffer('binStarts', 'i32', 'read', { below: atoms.plus(1) }),
    binOf: b.buffer('binOf', 'i32', 'read', { extent: atoms }),
    cells: b.buffer('cells', 'i32', 'read', { extent: atoms.times(3) }),
    flags: b.shared('flags', 'i32', b.lanes),
    verdicts: b.shared('verdicts', 'i32', b.lanes),
  }
}

export function searchParameters(grid: NeighborGrid, first: number, end: number): readonly number[] {
  const { cutoff, margin } = grid
  return [...gridParameters(grid), first, end, cutoff, (2 * margin) ** 2, Math.max(0, cutoff - margin) ** 2, (cutoff + margin) ** 2]
}

/** Candidates in the lanes: where the first of them stands in the order of bins, and the lanes that are near, 1 in each of them, else 0. */
interface Group {
  readonly at: Expression
  readonly near: Expression
  readonly translation: readonly Expression[]
}

interface Visitor {
  /** What is carried over all groups of candidates of a receiver. */
  begin(receiver: Expression): readonly kernels.Carried[]
  group(group: Group, carried: readonly Expression[]): readonly Expression[]
  coincident?(receiver: Expression): void
  end(receiver: Expression, carried: readonly Expression[]): void
}

/**
 * Walks over all neighbours of the receivers of a program. Distances are computed in single precision first; where that cannot decide,
 * an edge is looked at as a model will see it.
 */
export function walk(search: Search, block: number, visitor: Visitor): void {
  const { b, grid, numAtoms, sorted, entries, binStarts, binOf, thresholds } = search
  const start = search.first.add(b.programId().mul(block))
  const row = (axis: number) => numAtoms.add(padding).mul(axis)
  b.loop(start, start.add(block).min(search.end), {}, (own) => {
    const receiver = entries.load(own).convert('index')
    const home = [0, 1, 2].map((axis) => sorted.load(row(axis).add(own)).convert('f64'))
    const bin = binOf.load(receiver).convert('index')
    const carried = aroundBin(b, grid, binStarts, bin, visitor.begin(receiver), ({ first, end, translation }, before) => {
      const vector = latticeVector(grid, translation.map((image) => image.convert('f64')))
      const origin = vector.map((t, axis) => t.sub(home[axis] ?? 0).convert('f32'))
      return b.loop(first, end, { step: b.lanes, carry: before }, (at, sofar) => {
        const [dx, dy, dz] = origin.map((o, axis) => sorted.loadLanes(row(axis).add(at)).add(o))
        if (!dx || !dy || !dz) throw new RangeError('a position has three components')
        const squared = dz.fma(dz, dy.fma(dy, dx.mul(dx)))
        const isNear = squared.lessEqual(thresholds.limit).and(b.lane().less(end.sub(at)))
        const isDoubtful = isNear.and(squared.greaterEqual(thresholds.inner).or(squared.lessEqual(thresholds.core)))
        const [one, zero] = [b.constant('i32', 1), b.constant('i32', 0)]
        const [flagged, doubtful] = [isNear.select(one, zero), isDoubtful.select(one, zero)]
        const [near] = b.branch(
          doubtful.reduce('max').greater(0),
          () => [decide(search, { at, translation, own, receiver, flagged: flagged.add(doubtful) }, visitor)],
          () => [flagged],
        )
        return visitor.group({ at, near, translation }, sofar)
      })
    })
    visitor.end(receiver, carried)
  })
}

interface Doubt {
  readonly at: Expression
  readonly translation: readonly Expression[]
  readonly own: Expression
  readonly receiver: Expression
  /** 0 far, 1 near, 2 doubtful */
  readonly flagged: Expression
}

/** Decides what is doubtful; 1 in every lane that is near, 0 in others. */
function decide(search: Search, { at, translation, own, receiver, flagged }: Doubt, visitor: Visitor): Expression {
  const { b, flags, verdicts, entries } = search
  const isHome = translation.reduce((all: Expression, image) => all.and(image.equal(0)), b.constant('bool', true))
  flags.storeLanes(0, flagged)
  b.barrier()
  b.loop(0, b.lanes, {}, (lane) => {
    const flag = flags.load(lane)
    const [verdict] = b.branch(
      flag.greater(1),
      () =>
        b.branch(
          isHome.and(at.add(lane).equal(own)),
          () => [b.constant('i32', 0)],
          () => {
            const sender = entries.load(at.add(lane)).convert('index')
            const { isNear, isCoincident } = exactly(search, sender, receiver, translation)
            if (visitor.coincident) b.branch(isCoincident, () => visitor.coincident?.(receiver))
            return [isNear.select(b.constant('i32', 1), 0)]
          },
        ),
      () => [flag],
    )
    verdicts.store(lane, verdict)
  })
  b.barrier()
  return verdicts.loadLanes(0)
}

/** Whether an edge is shorter than the cutoff, from the vector that a model will see, and whether its ends are at the same point. */
function exactly({ grid, positions, cells, thresholds }: Search, sender: Expression, receiver: Expression, translation: readonly Expression[]) {
  const shifts = translation.map((image, axis) => {
    const offset = (atom: Expression) => cells.load(grid.numAtoms.mul(axis).add(atom))
    return offset(sender).sub(image.convert('i32')).sub(offset(receiver)).convert('f64')
  })
  const lattice = latticeVector(grid, shifts)
  const [dx, dy, dz] = lattice.map((t, k) => positions.load(receiver.mul(3).add(k)).sub(positions.load(sender.mul(3).add(k))).add(t))
  if (!dx || !dy || !dz) throw new RangeError('an edge has three components')
  const squared = dx.mul(dx).add(dy.mul(dy)).add(dz.mul(dz))
  return { isNear: squared.sqrt().less(thresholds.cutoff), isCoincident: squared.equal(0) }
}
