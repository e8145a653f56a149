import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { kernelOnce } from '../kernel-cache.ts'
import { appending } from '../neighbor-list/append.ts'
import { aroundBin } from '../neighbor-list/around.ts'
import { blockOf, lanesOf } from '../neighbor-list/candidates.ts'
import { noKey, spareKeys } from '../neighbor-list/search.ts'
import { padding } from '../neighbor-list/wrap.ts'

type Expression = kernels.Expression

/** Rows of what is counted of every atom, and behind the last atom 0, so that sums before it are sums of all. */
export const countRows = { edges: 0, forward: 1, excess: 2, coincident: 3 } as const
export const numCountRows = 4

/** Numbers of the grid: bins, reach and images along the axes, and the bits of the square of the cutoff. */
export const gridLength = 10

/**
 * Looks through the bins around every atom once, and writes a key for every edge, `sender · numImages + image`: those of atom i from
 * `slots · i` on, `slots` at most. Counts the edges to every atom, those of them that are the first of a pair (keys below that of the atom
 * itself), those for which there was no slot, and atoms at the same point.
 */
function walkKernel(target: lowering.Target): kernels.Kernel {
  const [lanes, block] = [lanesOf(target), blockOf(target)]
  return kernelOnce(`neighbor graph walk ${lanes} ${block} ${target.lanes}`, () => {
    const b = new kernels.KernelBuilder('neighbor_graph_walk', { lanes })
    const [numAtoms, slots, numImages] = [b.parameter('numAtoms', 'index'), b.parameter('slots', 'index'), b.parameter('numImages', 'index')]
    const atoms = b.extentOf(numAtoms)
    const points = b.buffer('points', 'i32', 'read', { extent: atoms.plus(padding).times(3) })
    const places = b.buffer('places', 'i32', 'read', { extent: atoms.plus(padding).times(2) })
    const binStarts = b.buffer('binStarts', 'i32', 'read', { below: atoms.plus(1) })
    const numbers = b.buffer('grid', 'i32', 'read', { extent: gridLength })
    const shifts = b.buffer('shifts', 'i32', 'read', { extent: b.extentOf(numImages).times(3) })
    const keys = b.buffer('keys', 'i32', 'write')
    const counts = b.buffer('counts', 'i32', 'write', { extent: atoms.plus(1).times(numCountRows) })
    const append = appending(b, keys, target)
    const three = (first: number) => [0, 1, 2].map((k) => numbers.load(first + k).convert('index')) as [Expression, Expression, Expression]
    const grid = { bins: three(0), reach: three(3), images: three(6) }
    const limit = numbers.load(9).bitcast('f32')
    const rowLength = numAtoms.add(padding)
    const image = ([t0, t1, t2]: readonly [Expression, Expression, Expression]) => {
      const [images0, images1, images2] = grid.images
      // Descending translations are ascending shifts.
      return images0.sub(t0).mul(images1.mul(2).add(1)).add(images1.sub(t1)).mul(images2.mul(2).add(1)).add(images2.sub(t2))
    }
    const [zero, one] = [b.constant('i32', 0), b.constant('i32', 1)]
    const countAt = (row: number, atom: Expression) => numAtoms.add(1).mul(row).add(atom)
    b.branch(b.programId().equal(0), () => {
      for (let row = 0; row < numCountRows; row++) counts.store(countAt(row, numAtoms), zero)
    })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(numAtoms), {}, (own) => {
      const receiver = places.load(own)
      const first = receiver.convert('index').mul(slots)
      const end = first.add(slots)
      const ownKey = receiver.mul(numImages.convert('i32')).add(numImages.div(2).convert('i32'))
      const home = [0, 1, 2].map((axis) => points.load(rowLength.mul(axis).add(own)))
      const none = kernels.varying(zero)
      const [place = first, forward = zero, coincident = zero] = aroundBin(b, grid, binStarts, places.load(rowLength.add(own)).convert('index'), [first, none, none], (run, before) => {
        const number = image(run.translation)
        const code = number.convert('i32')
        const origin = home.map((x, axis) => x.add(shifts.load(number.mul(3).add(axis))))
        return b.loop(run.first, run.end, { step: lanes, carry: before }, (at, [next = first, sum = zero, same = zero]) => {
          const [dx = zero, dy = zero, dz = zero] = origin.map((x, axis) => x.sub(points.loadLanes(rowLength.mul(axis).add(at))))
          const [x, y, z] = [dx.convert('f32'), dy.convert('f32'), dz.convert('f32')]
          const squared = z.fma(z, y.fma(y, x.mul(x)))
          const key = places.loadLanes(at).mul(numImages.convert('i32')).add(code)
          const isNear = squared.less(limit).and(b.lane().less(run.end.sub(at))).and(key.notEqual(ownKey))
          const near = isNear.select(one, zero)
          const isSame = isNear.and(squared.equal(0))
          return [append(next, near, key, end), sum.add(isNear.and(key.less(ownKey)).select(one, zero)), same.add(isSame.select(one, zero))]
        })
      })
      for (let k = 0; k < spareKeys; k++) keys.store(place.add(k), noKey, { mask: place.add(k).less(end) })
      const atom = receiver.convert('index')
      const found = place.sub(first)
      counts.store(countAt(countRows.edges, atom), found.min(slots).convert('i32'))
      counts.store(countAt(countRows.forward, atom), forward.sum())
      counts.store(countAt(countRows.excess, atom), found.sub(found.min(slots)).convert('i32'))
      counts.store(countAt(countRows.coincident, atom), coincident.sum())
    })
    return b.build()
  })
}

export interface WalkSizes {
  readonly numAtoms: number
  readonly slots: number
  readonly numImages: number
}

/** Buffers: points, places, starts of bins, grid, shifts of images, keys, counts. */
export function launchWalk({ numAtoms, slots, numImages }: WalkSizes, buffers: readonly lowering.Slot[], target: lowering.Target): lowering.PlannedLaunch {
  const parameters = [numAtoms, slots, numImages]
  return { kernel: walkKernel(target), grid: [Math.ceil(numAtoms / blockOf(target))], parameters, buffers, flops: 2000 * numAtoms, bytes: 4000 * numAtoms }
}
