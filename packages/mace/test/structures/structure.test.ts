import { describe, expect, it } from 'vitest'
import { atomicNumber, cellVolume, chemicalSymbol, collate, extendedCell, neighborList, realArray, Structure, type AtomArray } from '../../src/structures/index.ts'

const water = { symbols: ['O', 'H', 'H'], positions: [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]] }

describe('elements', () => {
  it('names all of them, both ways', () => {
    for (let z = 1; z <= 118; z++) expect(atomicNumber(chemicalSymbol(z))).toBe(z)
    expect([1, 6, 26, 57, 79, 92, 118].map(chemicalSymbol)).toEqual(['H', 'C', 'Fe', 'La', 'Au', 'U', 'Og'])
    expect(atomicNumber('CL')).toBe(17)
    expect(() => atomicNumber('Xx')).toThrow(/unknown element "Xx"/)
    expect(() => chemicalSymbol(0)).toThrow(/expected an integer from 1 to 118/)
  })
})

describe('Structure', () => {
  it('copies what it is given', () => {
    const positions = Float64Array.of(0, 0, 0)
    const data = Float64Array.of(1)
    const charges: AtomArray = { kind: 'real', components: 1, data }
    const s = new Structure({ atomicNumbers: [1], positions, arrays: { charges }, info: { list: [1, [2]] } })
    positions[0] = 5
    data[0] = 9
    expect(s.positions[0]).toBe(0)
    expect(s.arrays.get('charges')?.data[0]).toBe(1)
    expect(Object.isFrozen(s.info.get('list'))).toBe(true)
    const moved = s.with({ positions: [1, 2, 3], info: {} })
    expect([...moved.positions, moved.info.size, moved.arrays.size]).toEqual([1, 2, 3, 0, 1])
    expect(s.with({ symbols: ['He'] }).symbols).toEqual(['He'])
  })

  it('is periodic exactly if it has a cell, unless told otherwise', () => {
    expect(new Structure(water).pbc).toEqual([false, false, false])
    expect(new Structure({ ...water, cell: [[9, 0, 0], [0, 9, 0], [0, 0, 9]] }).pbc).toEqual([true, true, true])
    expect(new Structure({ ...water, cell: new Float64Array(9), pbc: false }).cell).toBeNull()
  })

  it('refuses what does not fit', () => {
    const bad = (init: object, message: RegExp) => expect(() => new Structure({ ...water, ...init })).toThrow(message)
    bad({ positions: [[0, 0, 0]] }, /3 atoms need positions of shape \(3, 3\), but 3 numbers/)
    bad({ positions: [0, 0, NaN, 0, 0, 1, 0, 0, 2] }, /coordinate z of atom 0 is NaN/)
    bad({ positions: [[0, 0], [0, 0], [0, 0]] }, /row 0 of positions needs three numbers/)
    bad({ symbols: [], positions: [] }, /at least one atom/)
    bad({ atomicNumbers: [8, 1, 1] }, /exactly one of the two/)
    bad({ symbols: undefined, atomicNumbers: [8, 1, 0] }, /atom 2 has atomic number 0/)
    bad({ symbols: undefined, atomicNumbers: [8, 1, 1.5] }, /atomic number 1.5/)
    bad({ cell: [1, 2, 3] }, /shape \(3, 3\), but 3 numbers/)
    bad({ cell: [1, 0, 0, 0, 1, 0, 0, 0, Infinity] }, /component z of cell vector c is Infinity/)
    bad({ cell: [1, 2, 3, 4, 5, 6, 7, 8, 9] }, /singular: its periodic vectors a, b, c are linearly dependent/)
    bad({ cell: [1, 2, 3, 2, 4, 6, 0, 0, 1], pbc: [true, true, false] }, /vectors a, b are linearly dependent/)
    bad({ cell: [1, 0, 0, 0, 0, 0, 0, 0, 1] }, /periodic along axis b, but its cell vector is \[0, 0, 0\]/)
    bad({ pbc: true }, /periodic along axis a/)
    bad({ pbc: [true] }, /pbc needs one boolean, or three/)
    bad({ arrays: { q: realArray(1, [1]) } }, /array q has 1 values, but 3 atoms of 1 components need 3/)
    bad({ arrays: { q: { kind: 'integer', components: 1, data: Float64Array.of(1, 2, 0.5) } } }, /expected an integer/)
    bad({ info: { f: () => 1 } }, /"f" is a function/)
  })

  it('accepts dependent vectors along axes that are not periodic', () => {
    expect(new Structure({ ...water, cell: [5, 0, 0, 0, 5, 0, 0, 0, 0], pbc: [true, true, false] }).numAtoms).toBe(3)
  })
})

describe('extended cell', () => {
  it('replaces rows of non-periodic axes and starts from the identity', () => {
    const s = new Structure({ symbols: ['H'], positions: [-2, 1, 0], cell: [1, 2, 3, 4, 5, 6, 7, 8, 10], pbc: [true, false, true] })
    expect([...extendedCell(s, 4)]).toEqual([1, 2, 3, 0, 60, 0, 7, 8, 10])
    expect(cellVolume(extendedCell(new Structure({ symbols: ['H'], positions: [0, 0, 0] }), 5))).toBe(25 ** 3)
  })
})

describe('collate', () => {
  it('lays graphs end to end', async () => {
    const molecule = new Structure(water)
    const crystal = new Structure({ symbols: ['Po'], positions: [1, 1, 1], cell: [3, 0, 0, 0, 3, 0, 0, 0, 3] })
    const alone = new Structure({ symbols: ['He'], positions: [0, 0, 0] })
    const batch = await collate([molecule, alone, crystal, molecule], 3.1)
    expect(batch).toMatchObject({ numGraphs: 4, numNodes: 8, numEdges: 6 + 0 + 6 + 6 })
    expect([...batch.batch]).toEqual([0, 0, 0, 1, 2, 3, 3, 3])
    expect([...batch.nodeOffsets]).toEqual([0, 3, 4, 5, 8])
    expect([...batch.edgeOffsets]).toEqual([0, 6, 6, 12, 18])
    expect([...batch.atomicNumbers]).toEqual([8, 1, 1, 2, 84, 8, 1, 1])
    const own = neighborList(molecule, 3.1)
    expect([...batch.senders.subarray(12)]).toEqual([...own.senders].map((i) => i + 5))
    expect([...batch.receivers.subarray(6, 12)]).toEqual([4, 4, 4, 4, 4, 4])
    expect([...batch.unitShifts.subarray(18, 36)]).toEqual([...neighborList(crystal, 3.1).unitShifts])
    expect([...batch.cells.subarray(18, 27)]).toEqual([3, 0, 0, 0, 3, 0, 0, 0, 3])
    expect([...batch.positions.subarray(15)]).toEqual([...molecule.positions])
  })

  it('names the structure in errors, and obeys the signal', async () => {
    const bad = new Structure({ symbols: ['H', 'H'], positions: [0, 0, 0, 0, 0, 0] })
    await expect(collate([new Structure(water), bad], 3)).rejects.toThrow(/structure 1: atoms 0 and 1 are at the same point/)
    await expect(collate([], 3)).rejects.toThrow(/at least one structure/)
    await expect(collate([bad], 3, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})
