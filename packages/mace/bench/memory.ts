/**
 * 10,000 evaluations of a small model: buffers held by the engine, and the heap after a collection. Both must stay level.
 * Run: NODE_OPTIONS=--expose-gc npm run -s program -- packages/mace/bench/memory.ts
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { liveBuffers } from '@equivar/engine'
import { Mace, Structure } from '../src/index.ts'

const file = new URL('../test/reference/fixtures/residual.model.gz', import.meta.url)
const model = await Mace.load(new Uint8Array(readFileSync(fileURLToPath(file))))
const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [[0, 0, 0.1], [0.96, 0, 0], [-0.24, 0.93, 0]] })

for (let i = 0; i <= 10_000; i++) {
  await model.evaluate([water], { stress: true })
  if (i % 2000 > 0) continue
  globalThis.gc?.()
  console.log(`${i} evaluations: ${liveBuffers()} buffers, ${(process.memoryUsage().heapUsed / 1e6).toFixed(1)} MB of heap`)
}
model.dispose()
console.log(`disposed: ${liveBuffers()} buffers`)
