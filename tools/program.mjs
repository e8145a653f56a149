// `npm run -s program -- FILE.ts …`: runs a program of this repository from sources, in this very Node; the rest are its arguments.
import { dirname, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from './lib/bundle.mjs'
import { inRoot, root } from './lib/paths.mjs'
import { ToolError } from './lib/tool-error.mjs'
import { command } from './setup.mjs'

await command(async () => {
  const [, , path, ...rest] = process.argv
  if (path === undefined) throw new ToolError('which program? For example: npm run -s program -- packages/mace/bench/memory.ts')
  const entry = relative(root, inRoot(path)).replaceAll('\\', '/')
  const file = await bundle(entry, [dirname(entry)])
  process.argv.splice(1, Infinity, file, ...rest)
  await import(pathToFileURL(file).href)
})
