import { build } from 'esbuild'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Interrupted } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/program.ts'
import { massUnit } from '../../src/dynamics/index.ts'
import { formatXyz, parseXyz, realArray, Structure } from '../../src/structures/index.ts'
import { springCalculator, testContext, type TestContext } from './support.ts'

let folder: string
const path = (name: string) => join(folder, name)
const text = (name: string) => readFileSync(path(name), 'utf8')
const aspirin = (name: string) => fileURLToPath(new URL(`../../../../examples/aspirin/${name}`, import.meta.url))
const run = async (argv: readonly string[], changes: Parameters<typeof testContext>[0] = {}): Promise<TestContext & { readonly code: number }> => {
  const context = testContext(changes)
  return { ...context, code: await runCli(argv, context) }
}
const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [[0, 0, 0], [1, 0, 0], [0, 1, 0]] })
const md = (out: string, ...more: readonly string[]) => ['md', 'm.model', path('water.xyz'), '--steps', '50', '--temperature', '300', '--every', '5', '--out', path(out), ...more]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'equivar-md-'))
  writeFileSync(path('water.xyz'), formatXyz(water.with({ info: { energy: 1 } })))
  const bundled = async (entry: string, outfile: string) =>
    build({
      entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
      outfile: path(outfile),
      bundle: true,
      external: ['webgpu'],
      format: 'esm',
      platform: 'node',
      target: 'node20',
      banner: { js: "import { createRequire as $require } from 'node:module'; const require = $require(import.meta.url);" },
    })
  await Promise.all([bundled('./spring-main.ts', 'springs.mjs'), bundled('../../src/cli/main.ts', 'equivar.mjs')])
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function expectFailure(result: { readonly code: number } & Pick<TestContext, 'stdout' | 'stderr'>, message: RegExp, code = 1): void {
  expect(result.stderr.text).toMatch(message)
  expect(result.stderr.text).toMatch(/^equivar: [^\n]+\n$/)
  expect(result.stdout.text).toBe('')
  expect(result.code).toBe(code)
}

describe('equivar md', () => {
  it('writes frames, and tells what happened', async () => {
    const { code, stdout, stderr, loads } = await run(md('a.xyz', '--backend', 'webgpu', '--threads', '2', '--dtype', 'float32', '--head', 'Default'))
    expect([stderr.text, code]).toEqual(['', 0])
    expect(loads).toMatchObject([{ backend: 'webgpu', threads: 2, dtype: 'float32', head: 'Default' }])
    expect(stdout.text).toMatch(/^step +time \/ fs +T \/ K/)
    expect(stdout.text).toMatch(/^ *50 +25\.0 /m)
    expect(stdout.text).toMatch(/^50 steps of 0\.5 fs, 3 atoms, .* steps\/s, .* ns\/day \(ScaleShiftMACE, float64\)$/m)
    expect(stdout.text).toMatch(/^temperature .* ± .* K, drift of the total energy -?\d\.\de[+-]\d+ eV\/atom$/m)
    expect(stdout.text).toContain(`wrote 11 frames to ${path('a.xyz')}`)
    const frames = parseXyz(text('a.xyz'))
    expect(frames.map(({ info }) => info.get('step'))).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50])
    expect(frames[0]?.info.get('temperature')).toBeCloseTo(300, 9)
    expect(frames[0]?.info.has('energy')).toBe(false)
    const total = frames.map(({ info }) => Number(info.get('MACE_energy')) + Number(info.get('kinetic_energy')))
    expect(Math.max(...total) - Math.min(...total)).toBeLessThan(0.05)
  })

  it('draws a bar on a terminal only', async () => {
    expect((await run(md('bar.xyz'), { isTTY: true })).stderr.text).toMatch(/\/50 steps \| .*\/s \| .* left/)
  })

  it('goes on to the last bit however often it is interrupted, with a thermostat too', async () => {
    const langevin = ['--thermostat', 'langevin', '--friction', '0.05', '--seed', '3']
    await run(md('whole.xyz', ...langevin))
    let resume: string[] = []
    for (const after of [3, 11, 1, 17]) {
      const controller = new AbortController()
      let calls = 0
      const calculator = springCalculator(async () => {
        if (++calls > after) controller.abort(new Interrupted('interrupted', 130))
      })
      const { code, stderr, stdout } = await run(md('parts.xyz', ...langevin, ...resume), { signal: controller.signal, calculator })
      expect(stderr.text).toMatch(/^stopped after step \d+; the same command with --resume goes on from .*parts\.xyz\.checkpoint\nequivar: interrupted\n$/)
      expect([code, stdout.text]).toEqual([130, ''])
      resume = ['--resume']
    }
    expect((await run(md('parts.xyz', ...langevin, '--resume'))).stdout.text).toMatch(/^temperature .* K$/m)
    expect(text('parts.xyz')).toBe(text('whole.xyz'))
    expect(text('parts.xyz.checkpoint')).toBe(text('whole.xyz.checkpoint'))
    expect((await run(md('parts.xyz', ...langevin, '--resume'))).stdout.text).toMatch(/^0 steps of/m)
    expect(text('parts.xyz')).toBe(text('whole.xyz'))
  })

  it('starts with the momenta of a file where no temperature is given, and at rest without', async () => {
    const momenta = new Float64Array(9).fill(0.5)
    writeFileSync(path('moving.xyz'), formatXyz(water.with({ arrays: { momenta: realArray(3, momenta) } })))
    await run(['md', 'm.model', path('moving.xyz'), '--steps', '1', '--every', '1', '--out', path('moved.xyz')])
    const [first] = parseXyz(text('moved.xyz'))
    const stored = first?.arrays.get('momenta')
    momenta.forEach((p, i) => expect(stored?.data[i]).toBeCloseTo(p, 12))
    // ½ p²/m in ASE's units is in eV.
    expect(Number(first?.info.get('kinetic_energy'))).toBeCloseTo(0.375 * (1 / 15.999 + 2 / 1.008), 10)
    expect(massUnit).toBeCloseTo(103.6427, 4)
    await run(['md', 'm.model', path('water.xyz'), '--steps', '1', '--every', '1', '--out', path('rest.xyz')])
    expect(parseXyz(text('rest.xyz'))[0]?.info.get('temperature')).toBe(0)
  })

  it('writes nothing when nothing is asked for', async () => {
    const before = readdirSync(folder)
    const { stdout, code } = await run(['md', 'm.model', path('water.xyz'), '--steps', '3'])
    expect(code).toBe(0)
    expect(stdout.text).not.toContain('wrote')
    expect(readdirSync(folder)).toEqual(before)
  })

  it('cuts off what lies behind the checkpoint', async () => {
    await run(md('cut.xyz'))
    const whole = text('cut.xyz')
    appendFileSync(path('cut.xyz'), '3\nProperties=species:S:1:po')
    await run(md('cut.xyz', '--resume'))
    expect(text('cut.xyz')).toBe(whole)
  })
})

describe('equivar md refuses', () => {
  it('files that are there, and files that are not', async () => {
    await run(md('there.xyz'))
    const before = text('there.xyz')
    expectFailure(await run(md('there.xyz')), /there\.xyz\.checkpoint is there already; go on from it with --resume/)
    expectFailure(await run(md('there.xyz', '--checkpoint', path('other.checkpoint'))), /there\.xyz is there already/)
    expect(text('there.xyz')).toBe(before)
    expectFailure(await run(md('absent.xyz', '--resume')), /absent\.xyz\.checkpoint: there is no checkpoint to go on from; start without --resume/)
    expectFailure(await run(['md', 'm.model', path('water.xyz'), '--steps', '3', '--resume']), /--resume needs the files of the run/)
    truncateSync(path('there.xyz'), 100)
    expectFailure(await run(md('there.xyz', '--resume')), /there\.xyz has 100 bytes, its checkpoint was written when it had \d+/)
  })

  it('to go on with something else', async () => {
    await run(md('else.xyz'))
    for (const [option, value, message] of [
      ['--timestep', '1', 'made with --timestep 0.5, now it is 1'],
      ['--temperature', '310', 'made with --temperature 300, now it is 310'],
      ['--thermostat', 'langevin', 'made with --thermostat none, now it is langevin'],
      ['--seed', '1', 'made with --seed 0, now it is 1'],
      ['--every', '7', 'made with --every 5, now it is 7'],
    ] as const)
      expectFailure(await run(md('else.xyz', '--resume', option, value)), new RegExp(message))
    writeFileSync(path('hydrogen.xyz'), '2\n\nH 0 0 0\nH 0 0 1\n')
    expectFailure(await run(md('else.xyz', '--resume').with(2, path('hydrogen.xyz'))), /other atoms or another cell/)
    const doubled = { ...springCalculator(), calculate: async () => ({ energy: 99, forces: new Float64Array(9) }) }
    appendFileSync(path('else.xyz'), 'what a refusal must not cut off')
    expectFailure(await run(md('else.xyz', '--resume'), { calculator: doubled }), /this model gives its structure 99 eV; give the model that the run began with/)
    expectFailure(
      await run(['md', 'm.model', path('water.xyz'), '--steps', '60', '--temperature', '300', '--every', '5', '--checkpoint', path('else.xyz.checkpoint'), '--resume']),
      /was made with a trajectory; give its name with --out/,
    )
    expect(text('else.xyz')).toMatch(/what a refusal must not cut off$/)
  })

  it('a checkpoint that is none', async () => {
    copyFileSync(path('water.xyz'), path('none.xyz.checkpoint'))
    expectFailure(await run(md('none.xyz', '--resume')), /none\.xyz\.checkpoint: state of dynamics: MD_step is missing/)
  })

  it.each([
    [['--steps', '0'], /'0' is invalid/],
    [['--timestep', '-1'], /'-1' is invalid. Expected a positive number/],
    [['--seed', '1.5'], /Expected a positive integer/],
    [['--thermostat', 'nose'], /Allowed choices are none, langevin/],
  ])('%j as wrong usage', async (more, message) => {
    expectFailure(await run(md('usage.xyz', ...more)), message, 2)
  })

  it('a thermostat without a temperature, an empty file, unknown elements, energies that are none', async () => {
    const plain = ['md', 'm.model', path('water.xyz'), '--steps', '3']
    expectFailure(await run([...plain, '--thermostat', 'langevin']), /a thermostat needs a temperature/)
    writeFileSync(path('gold.xyz'), '1\n\nAu 0 0 0\n')
    expectFailure(await run(plain.with(2, path('gold.xyz'))), /Au, which the model does not know/)
    const broken = { ...springCalculator(), calculate: async () => ({ energy: NaN, forces: new Float64Array(9) }) }
    expectFailure(await run(md('nan.xyz'), { calculator: broken }), /the energy at step 0 is NaN/)
    expect(existsSync(path('nan.xyz'))).toBe(false)
  })
})

describe('the process', () => {
  const slow = (out: string, ...more: string[]) => [path('springs.mjs'), ...md(out, ...more).with(1, 'slow.model')]

  it('killed at any moment leaves files that it goes on from to the last bit', { timeout: 60_000 }, async () => {
    await run(md('calm.xyz'))
    for (const [signal, words] of [['SIGINT', 20], ['SIGKILL', 7], ['SIGTERM', 10], ['SIGKILL', 12]] as const) {
      const child = spawn(process.execPath, slow('killed.xyz', ...(existsSync(path('killed.xyz')) ? ['--resume'] : [])), { stdio: 'pipe' })
      let heard = 0
      child.stderr.on('data', () => {
        if (++heard === words) child.kill(signal)
      })
      const [code, killedBy] = (await once(child, 'exit')) as unknown[]
      expect([code, killedBy]).toEqual(signal === 'SIGKILL' ? [null, 'SIGKILL'] : [signal === 'SIGINT' ? 130 : 143, null])
      for (const frame of parseXyz(text('killed.xyz'))) expect(frame.numAtoms).toBe(3)
    }
    expect(spawnSync(process.execPath, slow('killed.xyz', '--resume')).status).toBe(0)
    expect(text('killed.xyz')).toBe(text('calm.xyz'))
    expect(readdirSync(folder).filter((name) => name.startsWith('.killed'))).toEqual([])
  })

  it.skipIf(process.platform === 'win32')('on a full disk keeps whole frames, and goes on when there is space', async () => {
    await run(md('wide.xyz', '--steps', '200'))
    const command = slow('full.xyz', '--steps', '200').map((word) => (word === 'slow.model' ? 'm.model' : word))
    // Files of four kilobytes at most; without the signal, writing fails as it does on a full disk.
    const full = spawnSync('bash', ['-c', `trap '' XFSZ; ulimit -f 4; exec "$0" "$@"`, process.execPath, ...command], { encoding: 'utf8' })
    expect(full.stderr).toMatch(/^equivar: .*full\.xyz cannot be written on: EFBIG[^\n]*\n$/)
    expect(full.status).toBe(1)
    expect(statSync(path('full.xyz')).size).toBeLessThan(4096)
    expect(parseXyz(text('full.xyz')).length).toBeGreaterThan(3)
    expect(spawnSync(process.execPath, [...command, '--resume']).status).toBe(0)
    expect(text('full.xyz')).toBe(text('wide.xyz'))
  })

  it('runs a real model as a user does, and goes on to the last bit on other threads', { timeout: 120_000 }, () => {
    writeFileSync(path('aspirin.xyz'), formatXyz(parseXyz(readFileSync(aspirin('frames.xyz'), 'utf8'))[0] ?? water))
    const real = (out: string, steps: number, ...more: string[]) => {
      const argv = ['md', aspirin('models/aspirin_l0_c32.model.gz'), path('aspirin.xyz'), '--steps', `${steps}`, '--temperature', '300', '--out', path(out), ...more]
      const { status, stdout, stderr } = spawnSync(process.execPath, [path('equivar.mjs'), ...argv], { encoding: 'utf8' })
      expect([stderr, status]).toEqual(['', 0])
      return stdout
    }
    const drift = /drift of the total energy (\S+) eV\/atom/.exec(real('real.xyz', 60, '--dtype', 'float64'))
    expect(Math.abs(Number(drift?.[1]))).toBeLessThan(3e-4)
    real('real-parts.xyz', 20, '--dtype', 'float64', '--threads', '1')
    real('real-parts.xyz', 60, '--dtype', 'float64', '--threads', '2', '--resume')
    expect(text('real-parts.xyz')).toBe(text('real.xyz'))
  })
})
