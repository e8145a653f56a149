import fc from 'fast-check'
import { cellVolume, Structure } from '../../src/structures/index.ts'

const coordinate = fc.double({ min: -9, max: 9, noNaN: true })
const position = fc.tuple(coordinate, coordinate, coordinate)
const pbc = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean())
/** Compact to strongly skewed, both hands, smaller and larger than the cutoff. */
const cell = fc
  .array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 9, maxLength: 9 })
  .filter((m) => cellVolume(m) > 3)
/** A few atoms that keep a distance, in any cell. */
export const scene = fc
  .record({ positions: fc.array(position, { minLength: 1, maxLength: 6 }), cell, pbc, cutoff: fc.double({ min: 0.5, max: 4, noNaN: true }) })
  .filter(({ positions }) => positions.every((p, i) => positions.every((q, j) => i === j || Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]) > 1e-3)))

export function make(s: { positions: readonly (readonly number[])[]; cell: readonly number[]; pbc: readonly boolean[] }): Structure {
  return new Structure({ atomicNumbers: s.positions.map(() => 6), positions: s.positions, cell: [...s.cell], pbc: s.pbc })
}

/** Vectors on a lattice of halves: sums are exact, so that distances equal to the cutoff really occur. */
const halves = fc.integer({ min: -8, max: 8 }).map((n) => n / 2)
export const exactScene = fc
  .record({
    positions: fc.uniqueArray(fc.tuple(halves, halves, halves), { minLength: 1, maxLength: 5, selector: String }),
    cell: fc
      .array(fc.integer({ min: -6, max: 6 }).map((n) => n / 2), { minLength: 9, maxLength: 9 })
      .filter((m) => cellVolume(m) > 2),
    pbc,
    cutoff: fc.constantFrom(1, 1.5, 2, 2.5),
  })
