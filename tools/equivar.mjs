// `npm run -s equivar -- …`: the command line of @equivar/mace, from sources. Standard output holds the command's own output only.
import { pathToFileURL } from 'node:url'
import { bundle } from './lib/bundle.mjs'
import { command } from './setup.mjs'

await command(async () => {
  const file = await bundle('packages/mace/src/cli/main.ts')
  // In this very process: exit code, signals and streams are the command's own.
  process.argv[1] = file
  await import(pathToFileURL(file).href)
})
