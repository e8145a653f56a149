import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join, relative } from 'node:path'

const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.css': 'text/css', '.js': 'text/javascript', '.xyz': 'text/plain', '.gz': 'application/octet-stream' }

/** Serves the files that are in a folder now, to this machine only; isolated, so that threads may share memory. Resolves to the port. */
export function servePage(folder: string, port = 0): Promise<{ readonly server: Server; readonly port: number }> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const files = new Map(entries.map(({ parentPath, name }) => join(parentPath, name)).map((path) => [`/${relative(folder, path).replaceAll('\\', '/')}`, path]))
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
