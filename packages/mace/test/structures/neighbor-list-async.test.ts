import { readFileSync } from 'node:fs'
import { device, InputError, interpreterBackend, registeredDevice, use, type Backend, type BackendDevice } from '@equivar/core'
import { findNeighbors } from '@equivar/engine'
import { CpuDevice, createCpu } from '@equivar/kernels-cpu'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { latticeBasis } from '../../src/structures/cell.ts'
import { collate, neighborList, neighborListAsync, parseXyz, Structure, type NeighborList } from '../../src/structures/index.ts'
import { exactScene, make, scene } from './scenes.ts'
import { at } from './support.ts'

const threads = [1, 2].map((count) => createCpu({ threads: count }).openSync())
afterAll(() => {
  for (const each of threads) each.close()
})

function onDevice(structure: Structure, cutoff: number, which: BackendDevice = at(threads, 0)) {
  return findNeighbors(which, { positions: structure.positions, basis: latticeBasis(structure.cell, structure.pbc).flat(), pbc: structure.pbc, cutoff })
}

/** Compares a million edges in no time. */
function expectSame(actual: NeighborList, expected: NeighborList): void {
  expect(actual.numEdges).toBe(expected.numEdges)
  for (const name of ['senders', 'receivers', 'unitShifts'] as const) expect(actual[name].join() === expected[name].join(), name).toBe(true)
}

/** Numbers between 0 and 1, the same every time. */
function* uniform(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d)
    yield ((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32
  }
}

/** Atoms at random, also outside of the cell. */
function randomStructure(numAtoms: number, cell: readonly number[], pbc: readonly boolean[], seed = 1): Structure {
  const numbers = uniform(seed)
  const positions = Array.from({ length: numAtoms }, () => {
    const f = [0, 1, 2].map(() => 2 * numbers.next().value - 0.5)
    return [0, 1, 2].map((k) => f.reduce((sum, x, axis) => sum + x * at(cell, 3 * axis + k), 0))
  })
  return new Structure({ atomicNumbers: new Int32Array(numAtoms).fill(6), positions, cell, pbc })
}

/** Copies of a structure beside each other. */
function repeated(structure: Structure, [a, b, c]: readonly [number, number, number], cell: readonly number[]): Structure {
  const positions: number[] = []
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (const [n, x] of structure.positions.entries()) positions.push(x + i * at(cell, n % 3) + j * at(cell, 3 + (n % 3)) + k * at(cell, 6 + (n % 3)))
  const larger = [a, b, c].flatMap((count, axis) => cell.slice(3 * axis, 3 * axis + 3).map((x) => count * x))
  return new Structure({ atomicNumbers: positions.slice(0, positions.length / 3).map(() => 6), positions, cell: larger, pbc: structure.pbc })
}

describe('kernels find what the search in TypeScript finds', () => {
  it('in any cell', async () => {
    await fc.assert(
      fc.asyncProperty(scene, async (s) => {
        expect(await onDevice(make(s), s.cutoff)).toEqual(neighborList(make(s), s.cutoff))
      }),
      { seed: 31, numRuns: 200 },
    )
  })

  it('at distances equal to the cutoff, and at the same point', async () => {
    let coincident = 0
    await fc.assert(
      fc.asyncProperty(exactScene, async (s) => {
        let expected
        try {
          expected = neighborList(make(s), s.cutoff)
        } catch (error) {
          coincident++
          await expect(onDevice(make(s), s.cutoff)).rejects.toThrow((error as Error).message)
          return
        }
        expect(await onDevice(make(s), s.cutoff)).toEqual(expected)
      }),
      { seed: 32, numRuns: 300 },
    )
    expect(coincident).toBeGreaterThan(0)
  })

  const cells = {
    cubic: [22, 0, 0, 0, 22, 0, 0, 0, 22],
    triclinic: [21, 1, -2, 7, 19, 2, -9, 5, 24],
    'left-handed': [0, 23, 0, 20, 2, 1, 3, 0, 25],
    needle: [60, 0, 0, 3, 2.1, 0, 0, 1, 95],
    plate: [55, 4, 0, -20, 70, 3, 0.3, 0.2, 2.4],
  }
  const periodicities = [[true, true, true], [true, true, false], [false, true, false], [false, false, false]]
  it.each(Object.entries(cells))('with a thousand atoms in a %s cell', async (_, cell) => {
    for (const [k, pbc] of periodicities.entries()) {
      const structure = randomStructure(1000, cell, pbc, 40 + k)
      const expected = neighborList(structure, 3.7)
      expect(expected.numEdges).toBeGreaterThan(100)
      expectSame(await neighborListAsync(structure, 3.7), expected)
    }
  })

  it('in more parts than one, on any number of threads', async () => {
    const positions = Array.from({ length: 70_000 }, (_, i) => [i % 50, Math.floor(i / 50) % 40, Math.floor(i / 2000)])
    const crystal = new Structure({ atomicNumbers: positions.map(() => 18), positions, cell: [50, 0, 0, 0, 40, 0, 0, 0, 35] })
    const expected = neighborList(crystal, 1.5)
    expect(expected.numEdges).toBe(18 * 70_000)
    for (const each of threads) expectSame(await onDevice(crystal, 1.5, each), expected)
    // Distances equal to the cutoff, all over.
    expect((await onDevice(crystal, 1, at(threads, 1))).numEdges).toBe(0)
  })

  it('for repeated structures of real files', async () => {
    const xyz = readFileSync(new URL('../fixtures/structures/aspirin.xyz', import.meta.url), 'utf8')
    const [aspirin] = parseXyz(xyz)
    if (!aspirin) throw new Error('the file holds aspirin')
    const cell = [11, 0, 0, 2, 12, 0, -1, 3, 10]
    const packed = repeated(new Structure({ symbols: aspirin.symbols, positions: aspirin.positions, cell, pbc: true }), [3, 3, 4], cell)
    expect(packed.numAtoms).toBe(756)
    expectSame(await neighborListAsync(packed, 5), neighborList(packed, 5))
  })
})

describe('who searches', () => {
  const cell = [20, 0, 0, 0, 20, 0, 0, 0, 20]

  it('TypeScript for few atoms, or when told to', async () => {
    use(createCpu({ threads: 1 }))
    const [small, large] = [randomStructure(499, cell, [true, true, true]), randomStructure(500, cell, [true, true, true])]
    expect(await neighborListAsync(small, 3)).toEqual(neighborList(small, 3))
    expect(await neighborListAsync(large, 3, { method: 'naive' })).toEqual(neighborList(large, 3))
    expect(registeredDevice('cpu')?.statistics().compiledKernels).toBe(0)
    await collate([large], 3)
    expect(registeredDevice('cpu')?.statistics().compiledKernels).toBeGreaterThan(0)
  })

  it('the processor for a device without float64', async () => {
    const single: Backend = { ...interpreterBackend({ capabilities: { floats: ['f32'] } }), kind: 'webgpu' }
    use(single)
    const { backend: own } = await device('webgpu')
    if (!own) throw new Error('the backend is registered')
    const structure = randomStructure(600, cell, [true, false, true])
    expect(await neighborListAsync(structure, 3, { device: 'webgpu' })).toEqual(neighborList(structure, 3))
    expect(own.statistics().compiledKernels).toBe(0)
    await expect(onDevice(structure, 3, own)).rejects.toThrow(/has no float64/)
  })

  it('TypeScript where bins would be too large, or lengths too small', async () => {
    const thin = randomStructure(5000, [4e3, 0, 0, 0, 4e3, 0, 0, 0, 4e3], [false, false, false])
    await expect(onDevice(thin, 5)).rejects.toThrow(/spread over .* too thin for bins/)
    expect(await neighborListAsync(thin, 90)).toEqual(neighborList(thin, 90))
    expect(await neighborListAsync(thin, 5)).toEqual(neighborList(thin, 5))
    const scaled = cell.map((x) => x * 1e-14)
    const tiny = randomStructure(600, scaled, [true, true, true])
    await expect(onDevice(tiny, 3e-14)).rejects.toThrow(/1e-12/)
    expect(await neighborListAsync(tiny, 3e-14)).toEqual(neighborList(tiny, 3e-14))
  })
})

describe('what is wrong is said as the search in TypeScript says it', () => {
  const cell = [18, 0, 0, 0, 18, 0, 0, 0, 18]
  const structure = randomStructure(800, cell, [true, true, true])
  const moved = (change: (positions: Float64Array) => void) => {
    const positions = structure.positions.slice()
    change(positions)
    return structure.with({ positions })
  }
  const messageOf = (search: () => unknown) => {
    try {
      search()
    } catch (error) {
      return (error as Error).message
    }
    throw new Error('nothing was refused')
  }

  it.each([
    ['atoms at the same point', moved((r) => r.copyWithin(3 * 700, 3 * 20, 3 * 21)), 3, {}],
    ['too many edges', structure, 6, { maxEdges: 5000 }],
    ['a cutoff that is none', structure, Number.NaN, {}],
    ['positions too far away', moved((r) => r.fill(1e12, 0, 1)), 3, {}],
    ['a cell too small', structure.with({ cell: cell.map((x) => x / 5000) }), 5, {}],
  ] as const)('%s', async (_, given, cutoff, options) => {
    const message = messageOf(() => neighborList(given, cutoff, options))
    await expect(neighborListAsync(given, cutoff, options)).rejects.toThrow(message)
    await expect(collate([structure, given], cutoff, options)).rejects.toThrow(/^structure [01]: /)
  })

  it('an abort ends it at once or on the way, whatever its reason', async () => {
    const aborted = AbortSignal.abort(new InputError('enough'))
    await expect(neighborListAsync(structure, 3, { signal: aborted })).rejects.toThrow('enough')
    const controller = new AbortController()
    const positions = Array.from({ length: 150_000 }, (_, i) => [i % 50, Math.floor(i / 50) % 50, Math.floor(i / 2500)])
    const large = new Structure({ atomicNumbers: positions.map(() => 18), positions })
    setTimeout(() => controller.abort(new InputError('enough')), 1)
    const { liveBuffers } = registeredDevice('cpu')?.statistics() ?? {}
    await expect(neighborListAsync(large, 2.9, { signal: controller.signal })).rejects.toThrow('enough')
    expect(registeredDevice('cpu')?.statistics().liveBuffers).toBe(liveBuffers)
  })

  it('a device without memory is an error, not a reason to search elsewhere', async () => {
    use(createCpu({ threads: 1 }))
    const own = registeredDevice('cpu')
    if (!(own instanceof CpuDevice)) throw new Error('the processor was registered')
    own.refuseNext()
    await expect(neighborListAsync(structure, 3)).rejects.toThrow(/no memory/)
  })
})
