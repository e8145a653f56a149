// Trains a small MACE model with forces, from a checkpoint if there is one:
//   npm run -s program -- examples/train-3bpa/main.ts [--folder FOLDER] [--steps N] [--every N]
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { writeDefinition } from '@equivar/mace'
import { Presets, SingleBar } from 'cli-progress'
import { readData } from './data.ts'
import { learningCurve } from './picture.ts'
import { RunFolder } from './run-folder.ts'
import { settings } from './settings.ts'
import { Training, type Curve } from './training.ts'

const { values } = parseArgs({ options: { folder: { type: 'string', default: 'run-3bpa' }, steps: { type: 'string' }, every: { type: 'string' } } })
const reference = JSON.parse(await readFile(new URL('reference/mace-torch.json', import.meta.url), 'utf8')) as { readonly validation: Curve['validation'] }

const folder = await RunFolder.open(values.folder)
const data = await readData(settings)
const saved = await folder.read('checkpoint.safetensors')
const training = saved ? await Training.resume(settings, data, saved) : await Training.begin(settings, data)
const last = values.steps === undefined ? training.totalSteps : Number(values.steps)
/** Steps between two checkpoints: an epoch. */
const every = values.every === undefined ? training.loader.length : Number(values.every)
console.log(`${data.training.length} frames to train with, ${data.validation.length} to validate; ${saved ? `going on after step ${training.steps}` : 'beginning'}, until step ${last}`)

const isShown = process.stderr.isTTY
const bar = new SingleBar({ format: '{bar} {value}/{total} steps | loss {loss} | forces {forces} meV/Å | {eta_formatted} left', stream: process.stderr }, Presets.shades_classic)
const began = performance.now()
const state = () => ({ loss: training.curve.losses.at(-1)?.toFixed(2) ?? '–', forces: training.curve.validation.at(-1)?.forces.toFixed(0) ?? '–' })
if (isShown) bar.start(last, training.steps, state())
await training.run(last, async (isEpoch) => {
  if (isShown) bar.update(training.steps, state())
  if (training.steps % every === 0 || training.steps === last) await folder.write('checkpoint.safetensors', await training.checkpoint())
  if (!isEpoch) return
  await folder.write('learning-curve.svg', learningCurve(training.curve, reference.validation))
})
if (isShown) bar.stop()

await folder.write('model.safetensors', writeDefinition(await training.averagedDefinition()))
const found = training.curve.validation.at(-1)
const expected = reference.validation[training.curve.validation.length - 1]
console.log(`step ${training.steps} after ${((performance.now() - began) / 1000).toFixed(0)} s; files in ${values.folder}`)
if (found && expected) {
  console.log(`validation RMSE: energy ${found.energy.toFixed(2)} meV an atom, forces ${found.forces.toFixed(1)} meV/Å`)
  console.log(`mace-torch there: energy ${expected.energy.toFixed(2)} meV an atom, forces ${expected.forces.toFixed(1)} meV/Å`)
  if (!(found.forces <= 1.1 * expected.forces)) {
    console.error('The forces are worse than 1.1 times those of mace-torch.')
    process.exitCode = 1
  }
}
