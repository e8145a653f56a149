import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as gpu from '../../../packages/kernels-wgsl/test/support/software.ts'
import { buildPage } from '../src/node/page.ts'
import { servePage } from '../src/node/serve.ts'
import { readRecord } from '../src/results/read.ts'
import { schemaErrors } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'equivar-page-'))
let served: Awaited<ReturnType<typeof servePage>>

beforeAll(async () => {
  gpu.useSoftwareGpu()
  await buildPage(folder)
  served = await servePage(folder)
}, 300_000)

afterAll(() => {
  served.server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('page', () => {
  it('measures WebAssembly on shared memory and WebGPU in Chromium, which agree, and shows the report', async () => {
    const args = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader']
    const browser = await chromium.launch({ executablePath: gpu.chromium, args, chromiumSandbox: false })
    try {
      const page = await browser.newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(error.message))
      await page.goto(`http://localhost:${served.port}/?run&quick&software&cases=Tm5&passes=fwd`)
      await page.waitForSelector('body[data-state=done]', { timeout: 120_000 })
      expect(await page.textContent('#error')).toBe('')
      expect(problems).toEqual([])
      expect(await page.evaluate('crossOriginIsolated')).toBe(true)
      const text = await page.evaluate<string>("fetch(document.getElementById('download').href).then((response) => response.text())")
      const record = readRecord(text, 'the page')
      expect(schemaErrors(record)).toEqual([])
      expect(record.refused).toEqual([])
      expect(record.rows.map(({ case: name, pass, backend }) => `${name} ${pass} ${backend}`)).toEqual(['Tm5 fwd cpu', 'Tm5 fwd webgpu'])
      for (const { backend, error } of record.rows) if (backend === 'webgpu') expect(error).toBeLessThan(2e-5)
      expect(await page.locator('#report svg').count()).toBe(2)
      expect(await page.locator('#report tr').count()).toBe(3)
    } finally {
      await browser.close()
    }
  }, 180_000)

  it('gives its own files only', async () => {
    const get = async (path: string) => (await fetch(`http://localhost:${served.port}${path}`)).status
    expect([await get('/'), await get('/models/aspirin_l0_c32.model.gz'), await get('/../package.json'), await get('/models/..%2f..%2fpackage.json')]).toEqual([200, 200, 404, 404])
  })
})
