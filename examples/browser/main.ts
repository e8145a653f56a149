// Builds the page and serves it to this machine: `npm run -s program -- examples/browser/main.ts`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { servePage } from '../../apps/bench/src/node/serve.ts'
import { buildPage } from './build.ts'

const folder = mkdtempSync(join(tmpdir(), 'equivar-browser-'))
await buildPage(folder)
const { server, port } = await servePage(folder, Number(process.argv[2] ?? 8080))
console.log(`http://localhost:${port}/ (Ctrl-C ends it)`)
process.once('SIGINT', () => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})
