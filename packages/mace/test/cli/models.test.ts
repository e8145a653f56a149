import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { modelFiles } from '../../src/cli/model-files.ts'
import { runCli } from '../../src/cli/program.ts'
import { formatXyz, parseXyz, Structure } from '../../src/structures/index.ts'
import { hostileXyz } from '../hostile/xyz.ts'
import { testContext, type TestContext } from './support.ts'

interface Golden {
  readonly structures: readonly {
    readonly numbers: number[]
    readonly positions: number[][]
    readonly cell: number[][]
    readonly pbc: boolean[]
    readonly energy: number
    readonly forces: number[][]
    readonly node_energy: number[]
    readonly stress?: number[][]
  }[]
}

interface Printed {
  readonly energy: number
  readonly forces: number[][]
  readonly nodeEnergies: number[]
  readonly stress: number[][]
}

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const golden = (name: string) => JSON.parse(gunzipSync(readFileSync(fixture(`${name}.json.gz`))).toString()) as Golden

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-models-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

async function run(argv: readonly string[], stdin: TestContext['stdin'] = Readable.from([])): Promise<TestContext & { readonly code: number }> {
  const context = { ...testContext({ stdin }), models: modelFiles }
  return { ...context, code: await runCli(argv, context) }
}

/** Structures of a golden file as extended XYZ, with the reference's results as labels. */
function asXyz({ structures }: Golden): string {
  return structures
    .map((s) => {
      const forces = { kind: 'real', components: 3, data: Float64Array.from(s.forces.flat()) } as const
      const labels = { info: { REF_energy: s.energy }, arrays: { REF_forces: forces } }
      return formatXyz(new Structure({ atomicNumbers: s.numbers, positions: s.positions, cell: s.cell, pbc: s.pbc, ...labels }))
    })
    .join('')
}

const largestDifference = (a: readonly number[], b: readonly number[]) => a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (b[i] ?? NaN))), 0)

describe.each(['base_l2', 'base_l2_pbc', 'density_agnesi_zbl_pbc'])('%s through the command line', (name) => {
  it('prints what the reference computed, from either file format', async () => {
    const reference = golden(name)
    const xyz = join(folder, `${name}.xyz`)
    const own = join(folder, `${name}.safetensors`)
    writeFileSync(xyz, asXyz(reference))
    expect((await run(['convert', fixture(`${name}.model.gz`), own])).code).toBe(0)
    for (const model of [fixture(`${name}.model.gz`), own]) {
      const { stdout, stderr, code } = await run(['eval', model, xyz, '--json', '--stress', '--node-energies', '--batch', '3'])
      expect([stderr.text, code]).toEqual(['', 0])
      const results = JSON.parse(stdout.text) as Printed[]
      expect(results.length).toBe(reference.structures.length)
      reference.structures.forEach((s, index) => {
        const result = results[index]
        expect(Math.abs((result?.energy ?? NaN) - s.energy)).toBeLessThan(1e-9)
        expect(largestDifference(s.forces.flat(), result?.forces.flat() ?? [])).toBeLessThan(1e-9)
        expect(largestDifference(s.node_energy, result?.nodeEnergies ?? [])).toBeLessThan(1e-9)
        if (s.stress) expect(largestDifference(s.stress.flat(), result?.stress.flat() ?? [])).toBeLessThan(1e-10)
      })
    }
  })

  it('finds no error against the reference in the output file', async () => {
    const out = join(folder, `${name}-out.xyz`)
    const { stdout } = await run(['eval', fixture(`${name}.model.gz`), '-', '--out', out], Readable.from([asXyz(golden(name))]))
    expect(stdout.text).toMatch(/energy +0\.000 +0\.000 +meV\n/)
    expect(stdout.text).toMatch(/forces +0\.000 +0\.000 +meV\/Å\n/)
    for (const s of parseXyz(readFileSync(out, 'utf8'))) {
      expect(Number(s.info.get('MACE_energy'))).toBeCloseTo(Number(s.info.get('REF_energy')), 9)
    }
  })
})

it('inspects a model of several heads', async () => {
  const { stdout } = await run(['inspect', fixture('multihead.model.gz'), '--json'])
  expect(JSON.parse(stdout.text)).toMatchObject({ model: 'ScaleShiftMACE', cutoff: 5, heads: ['a', 'b'], numParameters: 1892, elements: ['H', 'C', 'O'] })
  const { stderr, code } = await run(['eval', fixture('multihead.model.gz'), fixture('structures/aspirin.xyz'), '--head', 'c'])
  expect(stderr.text).toMatch(/^equivar: .*head 'c' is unknown; the model has 'a', 'b'\n$/)
  expect(code).toBe(1)
})

it('refuses a file that is no model', async () => {
  const { stderr, stdout, code } = await run(['inspect', fixture('structures/aspirin.xyz')])
  expect(stderr.text).toMatch(/^equivar: [^\n]*aspirin\.xyz: model: the file begins with bytes [^\n]*\n$/)
  expect([stdout.text, code]).toEqual(['', 1])
})

describe('every hostile XYZ file is a failure of one line', () => {
  it.each(hostileXyz)('$name', async ({ make }) => {
    const { stderr, stdout, code } = await run(['eval', fixture('base_l2.model.gz'), '-', '--json'], Readable.from([make()]))
    expect(stderr.text).toMatch(/^equivar: standard input: XYZ line \d+, column \d+: [^\n]+\n$/)
    expect([stdout.text, code]).toEqual(['', 1])
  })
})
