import type { NeighborList, Structure } from '../../src/structures/index.ts'

/**
 * Every pair and every image in a box that surely holds all of them, one by one. Shares no code with the cell list:
 * plane distances come from the inverse Gram matrix of the periodic vectors.
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
  axes.forEach((k, index) => (range[k] = Math.ceil(reach / heights[index]!) + 1))
  const edges = new Set<string>()
  for (let a = -range[0]!; a <= range[0]!; a++) {
    for (let b = -range[1]!; b <= range[1]!; b++) {
      for (let c = -range[2]!; c <= range[2]!; c++) {
        const shift = [0, 1, 2].map((x) => a * cell[x]! + b * cell[3 + x]! + c * cell[6 + x]!)
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < n; j++) {
            if (i === j && a === 0 && b === 0 && c === 0) continue
            const v = [0, 1, 2].map((x) => r[3 * j + x]! - r[3 * i + x]! + shift[x]!)
            if (Math.sqrt(v[0]! * v[0]! + v[1]! * v[1]! + v[2]! * v[2]!) < cutoff) edges.add(`${i}>${j} ${a} ${b} ${c}`)
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
    names.push(`${list.senders[e]}>${list.receivers[e]} ${list.unitShifts[3 * e]} ${list.unitShifts[3 * e + 1]} ${list.unitShifts[3 * e + 2]}`)
  }
  return names
}

function distance(r: Float64Array, i: number, j: number): number {
  return Math.hypot(r[3 * i]! - r[3 * j]!, r[3 * i + 1]! - r[3 * j + 1]!, r[3 * i + 2]! - r[3 * j + 2]!)
}

/** 1/√((A Aᵀ)⁻¹)_kk for the rows of A. */
function planeDistances(a: readonly number[][]): number[] {
  const gram = a.map((u) => a.map((v) => u.reduce((sum, x, k) => sum + x * v[k]!, 0)))
  if (a.length === 0) return []
  if (a.length === 1) return [Math.sqrt(gram[0]![0]!)]
  const minor = (row: number) => {
    const keep = a.map((_, k) => k).filter((k) => k !== row)
    const [p, q] = keep
    if (q === undefined) return gram[p!]![p!]!
    return gram[p!]![p!]! * gram[q]![q]! - gram[p!]![q]! * gram[q]![p!]!
  }
  const det =
    a.length === 2
      ? gram[0]![0]! * gram[1]![1]! - gram[0]![1]! ** 2
      : gram[0]![0]! * (gram[1]![1]! * gram[2]![2]! - gram[1]![2]! ** 2) -
        gram[0]![1]! * (gram[1]![0]! * gram[2]![2]! - gram[1]![2]! * gram[2]![0]!) +
        gram[0]![2]! * (gram[1]![0]! * gram[2]![1]! - gram[1]![1]! * gram[2]![0]!)
  return a.map((_, k) => Math.sqrt(det / minor(k)))
}
