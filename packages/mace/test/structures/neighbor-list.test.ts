import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { extendedCell, neighborList, neighborListAsync, Structure } from '../../src/structures/index.ts'
import { bruteForceEdges, edgeNames, edgeSet } from './brute-force.ts'
import { exactScene, make, scene } from './scenes.ts'
import { at } from './support.ts'

interface Golden {
  readonly cutoff: number
  readonly structures: readonly {
    readonly numbers: number[]
    readonly positions: number[][]
    readonly cell: number[][]
    readonly pbc: boolean[]
    readonly extended_cell: number[][]
    readonly edge_index: number[][]
    readonly unit_shifts: number[][]
  }[]
}

const golden = JSON.parse(readFileSync(new URL('../fixtures/structures/neighbor-lists.json', import.meta.url), 'utf8')) as Golden

describe('against mace-torch', () => {
  golden.structures.forEach((s, index) => {
    const structure = new Structure({ atomicNumbers: s.numbers, positions: s.positions, cell: s.cell, pbc: s.pbc })

    it(`structure ${index}: the same edges`, () => {
      const expected = s.unit_shifts.map((shift, e) => `${at(at(s.edge_index, 0), e)}>${at(at(s.edge_index, 1), e)} ${shift.join(' ')}`)
      const actual = edgeNames(neighborList(structure, golden.cutoff))
      expect(actual.toSorted()).toEqual(expected.toSorted())
    })

    it(`structure ${index}: the same extended cell`, () => {
      expect([...extendedCell(structure, golden.cutoff)]).toEqual(s.extended_cell.flat())
    })
  })
})

describe('laws', () => {
  it('equals the brute-force list, sorted by receiver, sender, shift', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const structure = make(s)
        const list = neighborList(structure, s.cutoff)
        expect(edgeSet(list)).toEqual(bruteForceEdges(structure, s.cutoff))
        expect(edgeSet(list).size).toBe(list.numEdges)
        const keys = Array.from({ length: list.numEdges }, (_, e) => {
          return [at(list.receivers, e), at(list.senders, e), ...list.unitShifts.subarray(3 * e, 3 * e + 3)]
        })
        expect(keys).toEqual(keys.toSorted((a, b) => a.map((x, k) => x - at(b, k)).find((d) => d !== 0) ?? 0))
      }),
      { seed: 20, numRuns: 150 },
    )
  })

  it('decides distances equal to the cutoff strictly', () => {
    let boundary = 0
    fc.assert(
      fc.property(exactScene, (s) => {
        const structure = make(s)
        let list: Set<string>
        try {
          list = edgeSet(neighborList(structure, s.cutoff))
        } catch (error) {
          expect(String(error)).toMatch(/same point/)
          return
        }
        expect(list).toEqual(bruteForceEdges(structure, s.cutoff))
        if (bruteForceEdges(structure, s.cutoff * (1 + 1e-12)).size > list.size) boundary++
      }),
      { seed: 21, numRuns: 300 },
    )
    expect(boundary).toBeGreaterThan(20)
  })

  it('keeps its edges when atoms move by lattice vectors, and only the shifts change', () => {
    fc.assert(
      fc.property(exactScene, fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)), { minLength: 5, maxLength: 5 }), (s, moves) => {
        const moved = s.positions.map((p, i) =>
          p.map((x, k) => x + [0, 1, 2].reduce((sum, axis) => sum + (s.pbc[axis] ? at(at(moves, i), axis) * at(s.cell, 3 * axis + k) : 0), 0)),
        )
        let before
        try {
          before = neighborList(make(s), s.cutoff)
        } catch {
          return
        }
        const after = neighborList(make({ ...s, positions: moved }), s.cutoff)
        const expected = edgeNames(before).map((_, e) => {
          const [i, j] = [at(before.senders, e), at(before.receivers, e)]
          const shift = [0, 1, 2].map((axis) => at(before.unitShifts, 3 * e + axis) + (s.pbc[axis] ? at(at(moves, i), axis) - at(at(moves, j), axis) : 0))
          return `${i}>${j} ${shift.join(' ')}`
        })
        expect(edgeSet(after)).toEqual(new Set(expected))
      }),
      { seed: 22, numRuns: 150 },
    )
  })

  it('is symmetric, and follows a permutation of the atoms', () => {
    fc.assert(
      fc.property(scene, (s) => {
        const list = neighborList(make(s), s.cutoff)
        const names = edgeSet(list)
        for (let e = 0; e < list.numEdges; e++) {
          const [a, b, c] = [...list.unitShifts.subarray(3 * e, 3 * e + 3)].map((x) => (x === 0 ? 0 : -x))
          expect(names.has(`${list.receivers[e]}>${list.senders[e]} ${a} ${b} ${c}`)).toBe(true)
        }
        const last = s.positions.length - 1
        const reversed = neighborList(make({ ...s, positions: s.positions.toReversed() }), s.cutoff)
        const renamed = edgeNames(reversed).map((name) => name.replace(/(\d+)>(\d+)/, (_, i: string, j: string) => `${last - Number(i)}>${last - Number(j)}`))
        expect(new Set(renamed)).toEqual(names)
      }),
      { seed: 23, numRuns: 100 },
    )
  })
})

describe('special cases', () => {
  it('gives a simple cubic crystal six neighbours and excludes the cutoff itself', () => {
    const crystal = new Structure({ symbols: ['Po'], positions: [[100, -50, 7]], cell: [3, 0, 0, 0, 3, 0, 0, 0, 3] })
    expect(neighborList(crystal, 3).numEdges).toBe(0)
    expect(neighborList(crystal, 3.0001).numEdges).toBe(6)
    expect(neighborList(crystal, 4.3).numEdges).toBe(18)
  })

  it('finds 1,000 self images in a chain, however many', () => {
    const chain = new Structure({ symbols: ['H'], positions: [[0, 0, 0]], cell: [0, 0, 0.01, 0, 0, 0, 0, 0, 0], pbc: [true, false, false] })
    const list = neighborList(chain, 5.005)
    expect(list.numEdges).toBe(1000)
    expect(list.unitShifts[0]).toBe(-500)
  })

  it('copes with an outlier far away in a large cluster, in linear memory', () => {
    const positions = Array.from({ length: 1000 }, (_, i) => [i % 10, Math.floor(i / 10) % 10, Math.floor(i / 100)])
    positions.push([1e6, -1e6, 1e6])
    const list = neighborList(new Structure({ atomicNumbers: positions.map(() => 18), positions }), 1.01)
    expect(list.numEdges).toBe(3 * 2 * 900)
  })

  it('handles 20,000 atoms in linear time', () => {
    const positions = Array.from({ length: 20_000 }, (_, i) => [i % 20, Math.floor(i / 20) % 20, Math.floor(i / 400)])
    const structure = new Structure({ atomicNumbers: positions.map(() => 18), positions, cell: [20, 0, 0, 0, 20, 0, 0, 0, 50] })
    const start = performance.now()
    expect(neighborList(structure, 2.3).numEdges).toBe(56 * 20_000)
    expect(performance.now() - start).toBeLessThan(10_000)
  })

  it('the asynchronous form gives the same list', async () => {
    const structure = new Structure({ symbols: ['Po'], positions: [[0, 0, 0]], cell: [3, 0, 0, 0, 3, 0, 0, 0, 3] })
    expect(await neighborListAsync(structure, 7)).toEqual(neighborList(structure, 7))
  })
})

describe('errors', () => {
  const pair = (positions: number[][], more: { cell?: number[]; pbc?: boolean[] } = {}) => new Structure({ symbols: ['H', 'H'], positions, ...more })

  it('names two atoms at the same point, also through an image', () => {
    expect(() => neighborList(pair([[1, 2, 3], [1, 2, 3]]), 3)).toThrow(/atoms 0 and 1 are at the same point; /)
    expect(() => neighborList(pair([[0, 0, 0], [3, 0, 0]], { cell: [3, 0, 0, 0, 3, 0, 0, 0, 3] }), 2)).toThrow(
      /atoms 0 and 1 are at the same point \(through the periodic image \[/,
    )
  })

  it('refuses a cutoff that is not positive and finite', () => {
    for (const cutoff of [0, -1, NaN, Infinity]) expect(() => neighborList(pair([[0, 0, 0], [1, 0, 0]]), cutoff)).toThrow(/cutoff is .*expected a positive number/)
  })

  it('refuses absurdly many images before any work', () => {
    const start = performance.now()
    const tiny = pair([[0, 0, 0], [1e-4, 0, 0]], { cell: [1e-3, 0, 0, 0, 1e-3, 0, 0, 0, 1e-3] })
    expect(() => neighborList(tiny, 5)).toThrow(/too small or too thin/)
    const needle = pair([[0, 0, 0], [1, 0, 0]], { cell: [5, 0, 0, 5, 1e-5, 0, 0, 0, 5] })
    expect(() => neighborList(needle, 5)).toThrow(/too small or too thin/)
    const line = pair([[0, 0, 0], [1, 0, 0]], { cell: [1e-30, 0, 0, 0, 0, 0, 0, 0, 0], pbc: [true, false, false] })
    expect(() => neighborList(line, 5)).toThrow(/cells away from the origin/)
    expect(() => neighborList(pair([[0, 0, 0], [1, 0, 0]]), 1e-300)).toThrow(/lose too many digits/)
    expect(() => neighborList(tiny, 1e300)).toThrow(/lose too many digits|too small/)
    expect(performance.now() - start).toBeLessThan(5000)
  })

  it('refuses more edges than the limit before they are made', () => {
    const n = 30_000
    const positions = Array.from({ length: n }, (_, i) => [(i % 31) / 31, (Math.floor(i / 31) % 31) / 31, Math.floor(i / 961) / 31])
    const dense = new Structure({ atomicNumbers: positions.map(() => 1), positions })
    const start = performance.now()
    expect(() => neighborList(dense, 5)).toThrow(/9\.0e\+8 edges, more than the limit of 16777216/)
    expect(performance.now() - start).toBeLessThan(10_000)
    expect(() => neighborList(pair([[0, 0, 0], [1, 0, 0]]), 5, { maxEdges: 1 })).toThrow(/limit of 1/)
  })

  it('refuses positions so far away that distances would lose their digits', () => {
    expect(() => neighborList(pair([[1e12, 0, 0], [1e12 + 1, 0, 0]]), 5)).toThrow(/lose too many digits/)
  })

  it('stops when the signal is aborted, at once or on the way', async () => {
    const positions = Array.from({ length: 200_000 }, (_, i) => [i % 50, Math.floor(i / 50) % 50, Math.floor(i / 2500)])
    const large = new Structure({ atomicNumbers: positions.map(() => 18), positions })
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 1)
    await expect(neighborListAsync(large, 2.9, { signal: controller.signal })).rejects.toThrow('enough')
    expect(() => neighborList(large, 2.9, { signal: controller.signal })).toThrow('enough')
  })
})
