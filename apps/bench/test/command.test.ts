import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { conformanceCases, type ConformanceResults } from '@equivar/core/conformance'
import { afterAll, describe, expect, it } from 'vitest'
import { loadDefinition } from '@equivar/mace'
import { MissingAssetError } from '../src/cases/seeded.ts'
import { folderAssets } from '../src/node/assets.ts'
import { agreements } from '../src/node/examples.ts'
import type { FreshRun } from '../src/node/fresh.ts'
import { backendList, caseList, choiceOf, conformanceBackend, count, kernelCaseList, sectionList, share, shareOfCases } from '../src/node/options.ts'
import { readRecord } from '../src/results/read.ts'
import { recordText } from '../src/results/write.ts'
import { timing } from '../src/measure/statistics.ts'
import { record, row, schemaErrors } from './support.ts'

const tool = fileURLToPath(new URL('../../../tools/bench.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'equivar-bench-'))
const bench = (...args: readonly string[]) => spawnSync(process.execPath, [tool, ...args], { encoding: 'utf8', env: { ...process.env, EQUIVAR_CACHE_DIR: 'off' } })

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('command', () => {
  it('measures, and writes a record and a table', () => {
    const out = join(folder, 'new', 'run.json')
    const { status, stdout, stderr } = bench('--cases', 'NL1000', '--samples', '2', '--warm-up', '0', '--threads', '1', '--no-ceilings', '--out', out)
    expect(`${stderr}${status ?? ''}`).toBe('0')
    expect(stdout).toMatch(/^\| NL1000 \| fwd \| cpu f32 \|/m)
    const found = readRecord(readFileSync(out, 'utf8'), out)
    expect(schemaErrors(found)).toEqual([])
    expect(found.rows).toMatchObject([{ case: 'NL1000', threads: 1, own: { samples: 2 } }])
    expect(readFileSync(join(folder, 'new', 'run.md'), 'utf8')).toContain('| NL1000 | fwd |')
  })

  it('evaluates once in a process of its own', () => {
    const { stdout } = bench('fresh', 'F-l0', '--threads', '1')
    const found = JSON.parse(stdout) as FreshRun
    expect(found.energy).toBeCloseTo(-17617.8, 0)
    for (const amount of [found.boot, found.load, found.first, found.resident, found.device]) expect(amount).toBeGreaterThan(0)
  })

  it('times kernels of a case, each by itself', () => {
    const out = join(folder, 'kernels.json')
    const { status, stdout, stderr } = bench('kernels', '--cases', 'A5,B2', '--passes', 'fwd', '--samples', '2', '--threads', '1', '--no-ceilings', '--out', out)
    expect(`${stderr}${status ?? ''}`).toBe('0')
    expect(stdout).toMatch(/^\| A5 \| fwd call \| cpu f32 \|/m)
    const found = readRecord(readFileSync(out, 'utf8'), out)
    expect(schemaErrors(found)).toEqual([])
    const [a5, , b2] = found.rows
    expect(a5).toMatchObject({ case: 'A5', section: 'kernels', own: { samples: 2 }, kernels: [{ name: 'polynomialToRows', resources: null }] })
    // Weights of edges, features of nodes, harmonics, sums, and two index arrays.
    expect(a5?.bytes).toBe(4 * (420 * 1280 + 21 * 512 + 420 * 16 + 21 * 5120 + 2 * 420))
    expect(b2?.kernels).toHaveLength(2)
  })

  it('makes models of published sizes where the folder has none', async () => {
    const assets = folderAssets(folder, '')
    const { architecture } = await loadDefinition(await assets.model('64x0e+64x1o'))
    expect(architecture.layers.map(({ interaction }) => interaction.hidden)).toEqual(['64x0e+64x1o', '64x0e'])
    await expect(assets.model('aspirin_l0_c32')).rejects.toThrow(MissingAssetError)
  })

  it('says what differs between two runs of a program', () => {
    const [own, other] = [{ device: 'cuda:0', arrays: { x: [1, 2], y: [Number.NaN] } }, { device: 'cpu', arrays: { x: [1, 2.01], y: [1] } }]
    expect(agreements('p', own, other).map(({ agrees, text }) => `${agrees} ${text}`)).toEqual([
      'false DIFFERS p x, 2 elements: cuda:0 and cpu differ by 5.0e-3 of 0.00002',
      'false DIFFERS p y, 1 elements: cuda:0 and cpu differ by Infinity of 0.00002',
    ])
  })

  it('runs a share of the conformance suite in several processes', () => {
    const out = join(folder, 'conformance.json')
    const { status, stderr } = bench('conformance', '--share', '5/160', '--processes', '2', '--out', out)
    expect(`${stderr}${status ?? ''}`).toBe('0')
    const found = JSON.parse(readFileSync(out, 'utf8')) as ConformanceResults
    const cases = conformanceCases('ci', 1).filter((_, k) => k % 160 === 5)
    expect(found).toMatchObject({ tier: 'ci', failed: 0, failures: [], share: { index: 5, count: 160 } })
    expect(found.passed + found.skipped).toBe(cases.length)
  })

  it('makes a page of results, and ends with 1 when something became worse', () => {
    const slow = (factor: number) => record([row({ own: timing(Array.from({ length: 12 }, (_, k) => factor + 0.001 * k)) })])
    const [before, after, page] = ['before.json', 'after.json', 'page.html'].map((name) => join(folder, name)) as [string, string, string]
    writeFileSync(before, recordText(slow(1)))
    writeFileSync(after, recordText(slow(2)))
    expect(bench('report', before, after, '--out', page).status).toBe(0)
    expect(readFileSync(page, 'utf8').match(/<svg/g)).toHaveLength(4)
    const worse = bench('compare', before, after)
    expect(worse.status).toBe(1)
    expect(worse.stdout).toContain('| worse |')
    expect(bench('compare', after, before).status).toBe(0)
  })

  it('refuses what it does not know, before any work', () => {
    expect(() => caseList('A1,Z9')).toThrow(/no case Z9/)
    expect(() => sectionList('games')).toThrow(/no section games/)
    expect(() => backendList('tpu')).toThrow(/no backend tpu/)
    expect(() => count(1)('0')).toThrow(/whole number/)
    expect(() => share('2')).toThrow(/from 0 to 1/)
    expect(() => kernelCaseList('A9')).toThrow(/no case A9/)
    expect(() => conformanceBackend('')).toThrow(/which backend/)
    expect(() => shareOfCases('2/2')).toThrow(/a share/)
    expect(() => shareOfCases('1')).toThrow(/a share/)
    expect(sectionList('all')).toContain('memory')
    expect(backendList('cpu, cuda:1')).toEqual(['cpu', 'cuda:1'])
  })

  it('takes the usual sections, those that are named, or cases', () => {
    expect(choiceOf({}).cases).toContain('NL100000')
    expect(choiceOf({}).cases).not.toContain('S-192')
    expect(choiceOf({ cases: ['S-192'] })).toEqual({ cases: ['S-192'], sections: [] })
    expect(choiceOf({ sections: ['training', 'threads'], cases: ['A1', 'G-l0'] })).toEqual({ cases: ['G-l0'], sections: ['training', 'threads'] })
  })
})
