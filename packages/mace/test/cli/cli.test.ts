import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Interrupted, type CliContext } from '../../src/cli/context.ts'
import { ErrorStatistics } from '../../src/cli/error-statistics.ts'
import { runCli } from '../../src/cli/program.ts'
import { parseXyz, referenceLabels } from '../../src/structures/index.ts'
import { springModel, testContext, type TestContext } from './support.ts'

let folder: string
const path = (name: string) => join(folder, name)
const run = async (argv: readonly string[], changes: Parameters<typeof testContext>[0] = {}): Promise<TestContext & { readonly code: number }> => {
  const context = testContext(changes)
  return { ...context, code: await runCli(argv, context) }
}
const water = (comment: string) => `3\nProperties=species:S:1:pos:R:3:forces:R:3 ${comment}\nO 0 0 0 1 0 0\nH 1 0 0 0 0 0\nH 0 1 0 0 0 0\n`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-cli-'))
  writeFileSync(path('two.xyz'), water('energy=10 head=a') + water('energy=13 head=b'))
  writeFileSync(path('plain.xyz'), '2\n\nH 0 0 0\nH 0 0 1\n')
  writeFileSync(path('many.xyz'), water('energy=10').repeat(30))
  writeFileSync(path('bad.xyz'), `${water('energy=10')}3\nProperties=species:S:1:pos:R:3\nO 0 0 0\nH 0 0\n`)
  writeFileSync(path('gold.xyz'), '1\n\nH 0 0 0\n1\n\nAu 0 0 0\n')
  writeFileSync(path('same.xyz'), '2\n\nH 0 0 0\nH 0 0 1\n2\n\nH 0 0 0\nH 0 0 0\n')
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** One line, no stack trace, and nothing on standard output. */
function expectFailure(result: { readonly code: number } & Pick<TestContext, 'stdout' | 'stderr'>, message: RegExp, code = 1): void {
  expect(result.stderr.text).toMatch(message)
  expect(result.stderr.text).toMatch(/^equivar: [^\n]+\n$/)
  expect(result.stdout.text).toBe('')
  expect(result.code).toBe(code)
}

describe('equivar eval', () => {
  it('prints energies and the errors against the file', async () => {
    const { code, stdout, stderr } = await run(['eval', 'm.model', path('two.xyz')])
    expect(code).toBe(0)
    expect(stderr.text).toBe('')
    // Two bonds of 1 Å and one of √2: E = 2·2·2 + (3−√2)²
    const energy = 8 + (3 - Math.SQRT2) ** 2
    expect(stdout.text).toContain(`0  H2O          3    ${energy.toFixed(6)}`)
    expect(stdout.text).toMatch(/2 structures, 6 atoms, \d+\.\d\d s \(ScaleShiftMACE, float64\)/)
    const [a, b] = [energy - 10, energy - 13].map((x) => 1000 * x) as [number, number]
    expect(stdout.text).toContain(((Math.abs(a) + Math.abs(b)) / 2).toFixed(3))
    expect(stdout.text).toContain(Math.sqrt((a * a + b * b) / 2).toFixed(3))
    expect(stdout.text).toMatch(/energy per atom +\d+\.\d{3} +\d+\.\d{3} +meV\/atom/)
    expect(stdout.text).toMatch(/forces +\d+\.\d{3} +\d+\.\d{3} +meV\/Å/)
  })

  it('--json prints one array and nothing else', async () => {
    const { code, stdout, stderr } = await run(['eval', 'm.model', path('plain.xyz'), '--json', '--stress', '--node-energies'])
    expect(code).toBe(0)
    expect(stderr.text).toBe('')
    expect(JSON.parse(stdout.text)).toEqual([
      { energy: 4, forces: [[0, 0, -4], [0, 0, 4]], nodeEnergies: [2, 2], stress: [[0, 0, 0], [0, 0, 0], [0, 0, 0]] },
    ])
    const short = await run(['eval', 'm.model', path('plain.xyz'), '--json'])
    expect(Object.keys((JSON.parse(short.stdout.text) as object[])[0] ?? {})).toEqual(['energy', 'forces'])
  })

  it('says nothing about errors when the file holds no reference', async () => {
    const { stdout } = await run(['eval', 'm.model', path('plain.xyz')])
    expect(stdout.text).not.toMatch(/error|RMSE/)
  })

  it('lists at most 20 structures', async () => {
    const { stdout } = await run(['eval', 'm.model', path('many.xyz')])
    expect(stdout.text).toMatch(/19 {2}H2O[^]*… and 10 more; --json or --out gives all of them/)
    expect(stdout.text).not.toMatch(/^20 {2}H2O/m)
  })

  it('--out writes predictions beside what was there', async () => {
    const { code, stdout } = await run(['eval', 'm.model', path('two.xyz'), '--out', path('out.xyz'), '--stress', '--node-energies'])
    expect(code).toBe(0)
    expect(stdout.text).toContain(`wrote ${path('out.xyz')}`)
    const [first, second, ...others] = parseXyz(readFileSync(path('out.xyz'), 'utf8'))
    expect(others).toEqual([])
    expect(first?.info.get('MACE_energy')).toBe(second?.info.get('MACE_energy'))
    expect(first?.info.get('MACE_stress')).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0])
    expect(first?.arrays.get('MACE_forces')).toMatchObject({ kind: 'real', components: 3 })
    expect(first?.arrays.get('MACE_node_energies')).toMatchObject({ kind: 'real', components: 1 })
    expect(second && referenceLabels(second)).toMatchObject({ energy: 13, head: 'b' })
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([])
  })

  it('reads standard input, in batches of the given size, with the head of the file or of the option', async () => {
    const calls: [number, string | undefined][] = []
    const spring = springModel((structures, head) => calls.push([structures.length, head]))
    const { architecture } = spring.definition
    const multi = { ...spring, definition: { ...spring.definition, architecture: { ...architecture, heads: ['a', 'b'] } } }
    const stdin = (text: string): CliContext['stdin'] => Readable.from([text])
    await run(['eval', 'm.model', '-', '--batch', '4'], { model: spring, stdin: stdin(water('energy=1').repeat(10)) })
    expect(calls.splice(0)).toEqual([[4, undefined], [4, undefined], [2, undefined]])
    await run(['eval', 'm.model', path('two.xyz')], { model: multi })
    expect(calls.splice(0)).toEqual([[1, 'a'], [1, 'b']])
    await run(['eval', 'm.model', path('two.xyz'), '--head', 'b'], { model: multi })
    expect(calls.splice(0)).toEqual([[2, 'b']])
  })

  it('passes dtype, precision and memory on and uses the keys that are named', async () => {
    const { loads, stdout } = await run(['eval', 'm.model', path('two.xyz'), '--dtype', 'float32', '--precision', 'tensorfloat32', '--memory', 'low', '--forces-key', 'forces'])
    expect(loads).toMatchObject([{ dtype: 'float32', precision: 'tensorfloat32', memory: 'low' }])
    expect(stdout.text).toContain('(ScaleShiftMACE, float32)')
    expectFailure(await run(['eval', 'm.model', path('two.xyz'), '--energy-key', 'mine']), /structure 0: the structure has no "mine" to serve as energy/)
  })

  it('draws a bar on a terminal only, and leaves the screen clean', async () => {
    const { stderr, stdout } = await run(['eval', 'm.model', path('many.xyz'), '--json'], { isTTY: true })
    expect(stderr.text).toMatch(/\/30 structures \| .*\/s \| .* left/)
    expect(stderr.text).toContain('RMSE')
    expect((JSON.parse(stdout.text) as unknown[]).length).toBe(30)
  })
})

describe('failures', () => {
  it('are one line, exit code 1, and leave no output', async () => {
    writeFileSync(path('kept.xyz'), 'precious')
    const out = ['--out', path('kept.xyz')]
    expectFailure(await run(['eval', 'm.model', path('bad.xyz'), ...out]), /bad\.xyz: XYZ line 9, column 6: expected 4 columns for atom 2 of 3/)
    expectFailure(await run(['eval', 'm.model', path('gold.xyz'), ...out]), /structure 1 holds Au, which the model does not know; it knows H, O/)
    expectFailure(await run(['eval', 'm.model', path('same.xyz'), '--json', ...out]), /atoms 0 and 1 are at the same point/)
    expectFailure(await run(['eval', 'm.model', path('none.xyz')]), /none\.xyz: there is no such file/)
    expectFailure(await run(['eval', 'missing.model', path('two.xyz')]), /missing\.model: there is no such file/)
    expectFailure(await run(['eval', 'broken.model', path('two.xyz')]), /broken\.model: a message of two lines/)
    expectFailure(await run(['eval', 'm.model', folder]), /EISDIR|folder/)
    expectFailure(await run(['eval', 'm.model', path('two.xyz'), '--out', folder]), /not a regular file/)
    expectFailure(await run(['eval', 'm.model', path('two.xyz'), '--out', path('no/such/folder.xyz')]), /there is no such file or folder/)
    expectFailure(await run(['eval', 'defect.model', path('two.xyz')]), /internal: TypeError: x is not a function/)
    expect(readFileSync(path('kept.xyz'), 'utf8')).toBe('precious')
    expect(readdirSync(folder).filter((name) => name.includes('.tmp'))).toEqual([])
  })

  it('refuses results that are not finite', async () => {
    const model = { ...springModel(), evaluate: async () => [{ energy: NaN }] }
    expectFailure(await run(['eval', 'm.model', path('plain.xyz'), '--json'], { model }), /internal: the result for structure 0 holds a number that is not finite/)
  })

  it('--debug shows where', async () => {
    const { stderr } = await run(['--debug', 'eval', 'defect.model', path('two.xyz')])
    expect(stderr.text).toMatch(/^equivar: internal: [^\n]*\nTypeError: x is not a function\n {4}at /)
  })

  it('an interruption removes the unfinished file and gives its exit code', async () => {
    const controller = new AbortController()
    let batches = 0
    const model = springModel(() => {
      if (++batches === 3) controller.abort(new Interrupted('interrupted', 130))
    })
    const result = await run(['eval', 'm.model', path('many.xyz'), '--batch', '5', '--out', path('never.xyz')], { model, signal: controller.signal })
    expectFailure(result, /^equivar: interrupted\n$/, 130)
    expect(batches).toBe(3)
    expect(readdirSync(folder).filter((name) => /never|\.tmp/.test(name))).toEqual([])
  })

  it('writes through a link, not over it', async () => {
    writeFileSync(path('target.xyz'), 'old')
    symlinkSync(path('target.xyz'), path('link.xyz'))
    await run(['eval', 'm.model', path('plain.xyz'), '--out', path('link.xyz')])
    expect(readFileSync(path('target.xyz'), 'utf8')).toContain('MACE_energy=4')
  })
})

describe('usage', () => {
  it.each([
    [['eval', 'm.model'], /missing required argument 'structures' \(see --help\)/],
    [['eval', 'm.model', 'x.xyz', '--batch', '0'], /'--batch <n>' argument '0' is invalid. Expected a positive integer/],
    [['eval', 'm.model', 'x.xyz', '--dtype', 'float16'], /Allowed choices are float32, float64/],
    [['eval', 'm.model', 'x.xyz', '--precision', 'low'], /Allowed choices are float32, tensorfloat32/],
    [['eval', 'm.model', 'x.xyz', '--memory', 'none'], /Allowed choices are auto, full, low/],
    [['eval', 'm.model', 'x.xyz', '--nonsense'], /unknown option '--nonsense'/],
    [['eval', 'm.model', 'x.xyz', 'extra'], /too many arguments/],
    [['evil'], /unknown command 'evil'/],
    [['inspect'], /missing required argument 'model'/],
  ])('%j is refused with exit code 2', async (argv, message) => {
    expectFailure(await run(argv), message, 2)
  })

  it('helps everywhere, and tells its version', async () => {
    for (const argv of [['--help'], ['eval', '--help'], ['inspect', '-h'], ['convert', '--help'], ['help', 'eval']]) {
      const { code, stdout, stderr } = await run(argv)
      expect(code).toBe(0)
      expect(stdout.text).toMatch(/^Usage: equivar/)
      expect(stderr.text).toBe('')
    }
    const { code, stdout } = await run(['--version'])
    expect([code, stdout.text]).toEqual([0, '1.2.3\n'])
    const bare = await run([])
    expect(bare.code).toBe(2)
    expect(bare.stderr.text).toMatch(/^Usage: equivar/)
  })
})

describe('equivar inspect and convert', () => {
  it('describe the model in words and as JSON', async () => {
    const words = await run(['inspect', 'm.model'])
    expect(words.stdout.text).toMatch(/model +ScaleShiftMACE\n/)
    expect(words.stdout.text).toMatch(/elements +H O \(2\)\n/)
    expect(words.stdout.text).toMatch(/parameters +8\n/)
    expect(words.stdout.text).toMatch(/layer 0 +RealAgnosticResidualInteractionBlock: 4x0e → 4x0e\+4x1o → 4x0e, correlation 2/)
    const json = await run(['inspect', 'm.model', '--json'])
    expect(JSON.parse(json.stdout.text)).toMatchObject({ model: 'ScaleShiftMACE', elements: ['H', 'O'], cutoff: 3, heads: ['Default'], numParameters: 8 })
    expectFailure(await run(['inspect', 'missing.model']), /no such file/)
  })

  it('explain how the first structure of a file is evaluated', async () => {
    writeFileSync(path('two.xyz'), '2\n\nO 0 0 0\nH 0 0 1\n1\n\nO 0 0 0\n')
    const words = await run(['explain', 'm.model', path('two.xyz'), '--method', 'uniform_1d', '--backend', 'cpu'])
    expect([words.code, words.stdout.text]).toEqual([0, 'springs of 1 structure\n'])
    const json = await run(['explain', 'm.model', path('two.xyz'), '--json'])
    expect(JSON.parse(json.stdout.text)).toEqual({ steps: [], flops: 1000, bytes: 10 })
    expect((await run(['explain', 'm.model', path('two.xyz'), '--method', 'fast'])).code).toBe(2)
    writeFileSync(path('none.xyz'), '')
    expectFailure(await run(['explain', 'm.model', path('none.xyz')]), /no structure|none\.xyz/)
  })

  it('write a converted file', async () => {
    const { code } = await run(['convert', 'm.model', path('m.safetensors')])
    expect(code).toBe(0)
    expect(readFileSync(path('m.safetensors'), 'utf8')).toBe('a model')
  })
})

it('error statistics', () => {
  const statistics = new ErrorStatistics()
  statistics.addAll(Float64Array.of(1, 2, 3), Float64Array.of(1, 4, 2))
  expect(statistics.meanAbsolute).toBe(1)
  expect(statistics.rootMeanSquare).toBeCloseTo(Math.sqrt(5 / 3), 15)
})
