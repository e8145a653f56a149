// The benchmark beside the Python libraries, from sources; apps/bench/README.md says what it needs.
import { pathToFileURL } from 'node:url'
import { bundle } from './lib/bundle.mjs'
import { command } from './setup.mjs'

await command(async () => {
  const file = await bundle('apps/bench/src/node/main.ts', ['apps/bench/src', 'examples'])
  process.argv[1] = file
  await import(pathToFileURL(file).href)
})
