import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { exampleModels, exampleStructures } from './assets.ts'

const sources = fileURLToPath(new URL('../browser/', import.meta.url))

/** Builds the page that measures in a browser, with the models it needs, into a folder. */
export async function buildPage(folder: string): Promise<void> {
  mkdirSync(join(folder, 'models'), { recursive: true })
  await build({ entryPoints: [join(sources, 'main.ts')], outfile: join(folder, 'main.js'), bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true, logLevel: 'error' })
  copyFileSync(join(sources, 'index.html'), join(folder, 'index.html'))
  copyFileSync(exampleStructures, join(folder, 'frames.xyz'))
  for (const name of readdirSync(exampleModels)) copyFileSync(join(exampleModels, name), join(folder, 'models', name))
}

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.xyz': 'text/plain', '.gz': 'application/octet-stream' }

/** Serves a folder to this machine only; isolated, so that threads may share memory. Resolves to the port. */
export function servePage(folder: string, port = 0): Promise<{ readonly server: Server; readonly port: number }> {
  const files = new Map(['index.html', 'main.js', 'frames.xyz', ...readdirSync(join(folder, 'models')).map((name) => `models/${name}`)].map((path) => [`/${path}`, join(folder, path)]))
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = files.get(pathname === '/' ? '/index.html' : pathname)
    if (path === undefined) {
      response.writeHead(404).end()
      return
    }
    const headers = { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
    response.writeHead(200, headers).end(readFileSync(path))
  })
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve({ server, port: typeof address === 'object' && address ? address.port : port })
    })
  })
}
