// Writes frames.xyz.gz: the frames of settings.ts, chosen at random by its seed, those to train with first.
//   npm run -s program -- examples/train-3bpa/select.ts 3bpa_train_300K.xyz
import { readFile, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { DataLoader } from '@equivar/torchlike'
import { settings } from './settings.ts'

const [, , path = '3bpa_train_300K.xyz'] = process.argv
const lines = (await readFile(path, 'utf8')).split('\n')
const length = Number(lines[0]) + 2
const blocks = Array.from({ length: Math.floor(lines.length / length) }, (_, k) => lines.slice(k * length, (k + 1) * length).join('\n'))
const count = settings.training + settings.validation
const [order = []] = new DataLoader(blocks, { batchSize: blocks.length, shuffle: true, seed: settings.seed, collate: (some) => some }).order(0)
const chosen = order.slice(0, count).flatMap((i) => blocks.slice(i, i + 1))
await writeFile(new URL('frames.xyz.gz', import.meta.url), gzipSync(`${chosen.join('\n')}\n`, { level: 9 }))
console.log(`${chosen.length} of ${blocks.length} frames`)
