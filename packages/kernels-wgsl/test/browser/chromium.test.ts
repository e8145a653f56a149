import { createServer, type Server } from 'node:http'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium as browsers } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { chromium, useSoftwareGpu } from '../support/software.ts'
import type { PageFindings } from './page.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const example = (name: string) => readFileSync(here(`../../../../examples/aspirin/${name}`))
const flags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan', '--no-sandbox', '--disable-background-networking']

let server: Server
let script: string

beforeAll(async () => {
  useSoftwareGpu()
  // As a page gets it: no condition of Node, and nothing of Node can be resolved.
  const { outputFiles } = await build({ entryPoints: [here('page.ts')], bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true, write: false, logLevel: 'error' })
  script = outputFiles[0]?.text ?? ''
  const files: Record<string, readonly [type: string, body: string | Buffer]> = {
    '/': ['text/html', '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', script],
    '/model': ['application/octet-stream', example('models/aspirin_l0_c32.model.gz')],
    '/frames': ['text/plain', example('frames.xyz')],
  }
  server = createServer(({ url }, response) => {
    const [type, body] = files[url ?? ''] ?? ['text/plain', '']
    response.writeHead(body === '' ? 404 : 200, { 'Content-Type': type }).end(body)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
}, 300_000)

afterAll(() => {
  server.close()
})

it('the bundle for browsers holds nothing of Node', () => {
  expect(script.length).toBeGreaterThan(100_000)
  expect(script).not.toMatch(/from\s*["']node:|import\(["'](?:node:|webgpu)/)
})

it('kernels and a MACE model run in Chromium', { timeout: 300_000 }, async () => {
  const browser = await browsers.launch({ executablePath: chromium, args: flags })
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', ({ message }) => errors.push(message))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.waitForFunction(() => 'findings' in globalThis)
    const found = await page.evaluate(() => (globalThis as unknown as { findings: () => Promise<PageFindings> }).findings())
    console.info(`Chromium, ${found.adapter}: ${found.passed} cases passed, forces within ${found.forces.toExponential(1)} eV/Å`)
    expect(errors).toEqual([])
    expect(found.adapter).toMatch(/swiftshader/i)
    expect(found.failures).toEqual([])
    expect(found.passed).toBeGreaterThan(40)
    expect(found.forces).toBeLessThan(1e-4)
  } finally {
    await browser.close()
  }
})
