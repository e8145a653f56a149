// Writes what `train.py` starts from, into a folder: the initial parameters, the frames, and settings, statistics and batches.
//   npm run -s program -- examples/train-3bpa/reference/export.ts FOLDER
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeDefinition } from '@equivar/mace'
import { readData, statisticsOf } from '../data.ts'
import { settings } from '../settings.ts'
import { Training } from '../training.ts'

const [, , folder = 'reference-input'] = process.argv
const data = await readData(settings)
const training = await Training.begin(settings, data)
const batches = Array.from({ length: settings.epochs }, (_, epoch) => training.loader.order(epoch))
await mkdir(folder, { recursive: true })
await writeFile(join(folder, 'initial.safetensors'), writeDefinition(await training.model.toDefinition()))
await writeFile(join(folder, 'input.json'), JSON.stringify({ settings, statistics: statisticsOf(data.training, settings.model.cutoff), batches }))
console.log(`${folder}: ${batches.flat().length} batches`)
