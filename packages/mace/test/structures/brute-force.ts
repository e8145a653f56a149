import type { NeighborList, Structure } from '../../src/structures/index.ts'
import { at } from './support.ts'

/**
 * Every pair and every image in a box that surely holds all of them, one by one. Shares no code with the cell list:
 * plane distances come from orthogonalisation.
 */
export function bruteForceEdges(structure: Structure, cutoff: number): Set<string> {
  const r = structure.positions
  const n = structure.numAtoms
  const cell = structure.cell ?? new Float64Array(9)
  const axes = [0, 1, 2].filter((k) => structure.pbc[k])
  const heights = planeDistances(axes.map((k) => [...cell.subarray(3 * k, 3 * k + 3)]))
  let reach = cutoff
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) reach = Math.max(reach, cutoff + distance(r, i, j))
  }
  const range = [0, 0, 0]
  axes.forEach((k, index) => (range[k] = Math.ceil(reach / at(heights, index)) + 1))
  const edges = new Set<string>()
  for (let a = -at(range, 0); a <= at(range, 0); a++) {
    for (let b = -at(range, 1); b <= at(range, 1); b++) {
      for (let c = -at(range, 2); c <= at(range, 2); c++) {
        const shift = [0, 1, 2].map((x) => a * at(cell, x) + b * at(cell, 3 + x) + c * at(cell, 6 + x))
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            if (i === j && a === 0 && b === 0 && c === 0) continue
            const v = [0, 1, 2].map((x) => at(r, 3 * j + x) - at(r, 3 * i + x) + at(shift, x))
            if (Math.sqrt(at(v, 0) * at(v, 0) + at(v, 1) * at(v, 1) + at(v, 2) * at(v, 2)) < cutoff) edges.add(`${i}>${j} ${a} ${b} ${c}`)
          }
        }
      }
    }
  }
  return edges
}

export function edgeSet(list: NeighborList): Set<string> {
  return new Set(edgeNames(list))
}

export function edgeNames(list: NeighborList): string[] {
  const names: string[] = []
  for (let e = 0; e < list.numEdges; e++) {
    names.push(`${at(list.senders, e)}>${at(list.receivers, e)} ${list.unitShifts.subarray(3 * e, 3 * e + 3).join(' ')}`)
  }
  return names
}

function distance(r: Float64Array, i: number, j: number): number {
  return Math.hypot(at(r, 3 * i) - at(r, 3 * j), at(r, 3 * i + 1) - at(r, 3 * j + 1), at(r, 3 * i + 2) - at(r, 3 * j + 2))
}

/** Distance of each vector from the span of the others, by orthogonalisation. */
function planeDistances(vectors: readonly (readonly number[])[]): number[] {
  return vectors.map((vector, k) => {
    const others: (readonly number[])[] = []
    for (const other of vectors.filter((_, index) => index !== k)) others.push(normalised(remove(other, others)))
    return Math.hypot(...remove(vector, others))
  })
}

function remove(vector: readonly number[], directions: readonly (readonly number[])[]): readonly number[] {
  return directions.reduce((rest, u) => {
    const part = rest.reduce((sum, x, k) => sum + x * at(u, k), 0)
    return rest.map((x, k) => x - part * at(u, k))
  }, vector)
}

function normalised(vector: readonly number[]): readonly number[] {
  return vector.map((x) => x / Math.hypot(...vector))
}
