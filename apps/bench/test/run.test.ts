import { readFileSync } from 'node:fs'
import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { beforeAll, describe, expect, it } from 'vitest'
import { MemoryArrays } from '../src/cases/arrays.ts'
import { caseNamed, cases, casesOf } from '../src/cases/catalog.ts'
import { seededInput } from '../src/cases/seeded.ts'
import type { Opponent } from '../src/measure/opponent.ts'
import { openBackend, runCase, type BenchBackend } from '../src/measure/run-case.ts'
import { exampleModels, exampleStructures } from '../src/node/example.ts'
import { folderAssets } from '../src/node/assets.ts'
import { record, schemaErrors } from './support.ts'

const assets = folderAssets(exampleModels, exampleStructures)
const options = { samples: 2, ownOnly: false, warmUp: 0, threads: 1 }
let cpu: BenchBackend
let naive: BenchBackend

beforeAll(async () => {
  use(createCpu({ threads: 1, cacheFolder: null }))
  cpu = await openBackend('cpu', { budget: 0, bytesAtOnce: 1, maxBytes: 2 ** 14, multiplyAdds: 1e4 })
  naive = await openBackend('naive')
})

describe('smoke', () => {
  it.each(['A5', 'Tm5'])('%s runs on the processor and in plain TypeScript, which agree', async (name) => {
    const { rows, refused } = await runCase(await seededInput(name, 'f32', assets), [cpu, naive], [], { ...options, passes: ['fwd', 'fb'] })
    expect(refused).toEqual([])
    expect(rows.map(({ backend, pass }) => `${backend} ${pass}`)).toEqual(['cpu fwd', 'cpu fb', 'naive fwd', 'naive fb'])
    expect(schemaErrors(record(rows))).toEqual([])
    for (const { backend, error, flops, bytes, share } of rows) {
      if (backend === 'naive') expect(error).toBeLessThan(2e-5)
      else {
        expect(flops).toBeGreaterThan(1e4)
        expect(bytes).toBeGreaterThan(1e4)
        expect(share?.fraction).toBeGreaterThan(0)
      }
    }
  })

  it.each(['F-l0', 'G-l0', 'NL1000'])('%s runs', async (name) => {
    const { rows } = await runCase(await seededInput(name, 'f64', assets), [cpu], [], options)
    expect(rows.map(({ pass }) => pass)).toEqual(caseNamed(name).alone)
    expect(schemaErrors(record(rows))).toEqual([])
    expect(rows[0]?.atoms).toBe(name === 'F-l0' ? 21 : name === 'G-l0' ? 105 : null)
  })

  it('says which case could not be measured, and why', async () => {
    const none = folderAssets('no such folder', exampleStructures)
    const { rows, refused } = await runCase(await seededInput('F-l0', 'f32', none), [cpu], [], options)
    expect(rows).toEqual([])
    expect(refused).toEqual([{ case: 'F-l0', backend: 'cpu', dtype: 'f32', reason: expect.stringContaining('no model aspirin_l0_c32') as string }])
    expect(schemaErrors({ ...record([]), refused })).toEqual([])
  })

  it('goes on where a device is no longer open', async () => {
    const gone = { ...cpu, name: 'cuda:7', device: 'cuda:7' }
    const { rows, refused } = await runCase(await seededInput('A5', 'f32', assets), [gone, cpu], [], { ...options, passes: ['fwd'] })
    expect(rows.map(({ backend }) => backend)).toEqual(['cpu'])
    expect(refused).toEqual([{ case: 'A5', backend: 'cuda:7', dtype: 'f32', reason: expect.stringContaining("device 'cuda:7' is not open") as string }])
  })
})

describe('opponents', () => {
  const opponent = (outputs: Opponent['outputs']): Opponent => ({ passes: [['other', 'fwd']], outputs, sample: async (_library, _pass, count) => Array.from({ length: count }, () => 1e6) })

  it('are compared before they are timed; the ratio is that of the best times', async () => {
    const input = await seededInput('NL1000', 'f32', assets)
    const { rows: [alone] } = await runCase(input, [cpu], [], options)
    const edges = alone ? await edgesOf() : 0
    const right = new MemoryArrays(new Map([['other.fwd.0', { data: Int32Array.of(edges), shape: [1] }]]))
    const { rows } = await runCase(input, [cpu], [opponent(right)], options)
    expect(rows[0]).toMatchObject({ error: 0, bestPeer: 'other', peers: { other: { best: 1e6, samples: 2 } } })
    expect(rows[0]?.ratio).toBeCloseTo(1e6 / (rows[0]?.own.best ?? 0), 6)
  })

  it('whose outputs differ end the run', async () => {
    const wrong = new MemoryArrays(new Map([['other.fwd.0', { data: Int32Array.of(7), shape: [1] }]]))
    await expect(runCase(await seededInput('NL1000', 'f32', assets), [cpu], [opponent(wrong)], options)).rejects.toThrow(/NL1000 fwd on cpu: output 0 differs from that of other/)
  })

  async function edgesOf(): Promise<number> {
    const input = await seededInput('NL1000', 'f32', assets)
    const pass = (await caseNamed('NL1000').make(input, { device: 'cpu', method: 'auto' })).passes['fwd']
    return Number((await pass?.outputs(await pass.run()))?.[0]?.[0])
  }
})

describe('catalog', () => {
  it('names cases that the Python side knows the kinds of', () => {
    const script = readFileSync(new URL('../peers/peers.py', import.meta.url), 'utf8')
    const kinds = [...(/makers = \{(.*)\}/.exec(script)?.[1] ?? '').matchAll(/"(\w)"/g)].map(([, kind]) => kind)
    expect(new Set(kinds)).toEqual(new Set(Object.keys(cases).map((name) => name[0])))
  })

  it('has sections', () => {
    expect(casesOf(['training', 'neighbors'])).toEqual(['G-l0', 'G-l1', 'NL1000', 'NL10000', 'NL100000'])
    expect(() => caseNamed('Z')).toThrow(/there is no case Z/)
  })
})
