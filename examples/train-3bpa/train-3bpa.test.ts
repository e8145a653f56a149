import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Mace } from '@equivar/mace'
import { loadCheckpoint } from '@equivar/torchlike'
import { afterAll, expect, test } from 'vitest'
import { readData } from './data.ts'
import { settings } from './settings.ts'
import { Training, type Curve } from './training.ts'

interface Kill {
  readonly checkpoints: number
  readonly milliseconds: number
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const reference = JSON.parse(readFileSync(here('reference/mace-torch.json'), 'utf8')) as Curve & { readonly firstLosses: readonly number[] }
/** An epoch and a little more. */
const steps = 18

const scratch = mkdtempSync(join(tmpdir(), 'equivar-train-'))
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true })
})

/** Runs the program, to its end or until so many checkpoints were written and a little time went by; gives the signal that ended it. */
async function run(folder: string, every: number, killAfter?: Kill): Promise<NodeJS.Signals | number | null> {
  mkdirSync(folder, { recursive: true })
  const command = [here('../../tools/program.mjs'), 'examples/train-3bpa/main.ts', '--folder', folder, '--steps', `${steps}`, '--every', `${every}`]
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit'] })
  let written = 0
  const watcher = watch(folder, (event, name) => {
    if (!killAfter || event !== 'rename' || name !== 'checkpoint.safetensors') return
    if (++written === killAfter.checkpoints) setTimeout(() => child.kill('SIGKILL'), killAfter.milliseconds)
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      watcher.close()
      resolve(signal ?? code)
    })
  })
}

test('a training that is killed again and again goes on bit by bit, as mace-torch trains', { timeout: 180_000 }, async () => {
  const [whole, interrupted] = [join(scratch, 'whole'), join(scratch, 'interrupted')]
  expect(await run(whole, steps)).toBe(0)
  expect(await run(interrupted, 1, { checkpoints: 3, milliseconds: 0 })).toBe('SIGKILL')
  // Killed in the middle of writing.
  writeFileSync(join(interrupted, 'checkpoint.safetensors.part'), new Uint8Array(100))
  expect(await run(interrupted, 1, { checkpoints: 5, milliseconds: 47 })).toBe('SIGKILL')
  expect(await run(interrupted, 1)).toBe(0)
  for (const name of ['checkpoint.safetensors', 'model.safetensors', 'learning-curve.svg'])
    expect(readFileSync(join(interrupted, name)).equals(readFileSync(join(whole, name))), name).toBe(true)

  const checkpoint = readFileSync(join(whole, 'checkpoint.safetensors'))
  const { losses, validation } = loadCheckpoint(checkpoint) as Curve
  expect(losses).toHaveLength(steps)
  for (const [step, loss] of losses.entries()) expect(Math.abs(loss / (reference.firstLosses[step] ?? Number.NaN) - 1)).toBeLessThan(1e-10)
  const [found, expected] = [validation[0], reference.validation[0]]
  expect(found?.forces).toBeCloseTo(expected?.forces ?? Number.NaN, 7)
  expect(found?.energy).toBeCloseTo(expected?.energy ?? Number.NaN, 7)

  const data = await readData(settings)
  using model = await Mace.load(readFileSync(join(whole, 'model.safetensors')))
  const [evaluated] = await model.evaluate(data.validation.slice(0, 1))
  expect(evaluated?.forces?.every(Number.isFinite)).toBe(true)
  await expect(Training.resume({ ...settings, learningRate: 0.02 }, data, checkpoint)).rejects.toThrow(/other settings/)
})
