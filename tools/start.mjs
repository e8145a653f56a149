// `npm start`: set-up, then the main job: real molecules through a trained model, compared with the reference.
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { bundle } from './lib/bundle.mjs'
import { inRoot } from './lib/paths.mjs'
import { command } from './setup.mjs'

const entry = 'examples/aspirin/main.ts'

await command(async () => {
  if (!existsSync(inRoot(entry))) {
    process.stderr.write(`${entry} is missing: restore it from git\n`)
    return 1
  }
  const file = await bundle(entry, ['examples/aspirin'])
  process.argv[1] = file
  await import(pathToFileURL(file).href)
  return undefined
})
