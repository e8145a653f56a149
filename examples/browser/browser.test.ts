import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { servePage } from '../../apps/bench/src/node/serve.ts'
import * as gpu from '../../packages/kernels-wgsl/test/support/software.ts'
import { buildPage } from './build.ts'
import { Conservation } from './page/statistics.ts'

const folder = mkdtempSync(join(tmpdir(), 'equivar-browser-'))
const problems: string[] = []
let served: Awaited<ReturnType<typeof servePage>>
let browser: Browser

beforeAll(async () => {
  gpu.useSoftwareGpu()
  await buildPage(folder)
  served = await servePage(folder)
  const args = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']
  browser = await chromium.launch({ executablePath: gpu.chromium, args, chromiumSandbox: false })
}, 300_000)

afterAll(async () => {
  await browser.close()
  served.server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function opened(query: string, viewport = { width: 1180, height: 900 }): Promise<Page> {
  const page = await browser.newPage({ viewport })
  page.on('pageerror', ({ message }) => problems.push(message))
  await page.goto(`http://localhost:${served.port}/${query}`)
  return page
}

const inState = (page: Page, ...states: string[]) => page.waitForSelector(states.map((state) => `body[data-state=${state}]`).join(), { timeout: 180_000 })
const dataOf = (page: Page) => page.evaluate<Record<string, string>>('({ ...document.body.dataset })')
const canvasSum = (page: Page) => page.evaluate<number>("document.querySelector('#viewer canvas').toDataURL().length")

describe('molecular dynamics in a page conserves the energy', () => {
  it.each([
    ['cpu', 1000, '?device=cpu'],
    // On a processor that plays the graphics card a step takes about a tenth of a second.
    ['webgpu', 200, '?device=webgpu&software&still'],
  ])('on %s, over %d steps of 0.5 fs from 300 K', { timeout: 240_000 }, async (device, steps, query) => {
    const page = await opened(`${query}&steps=${steps}`)
    await inState(page, 'done', 'failed')
    expect(await page.textContent('#error')).toBe('')
    const { step, drift, peakToPeak, ...found } = await dataOf(page)
    console.info(`${await page.textContent('#device') ?? ''}: drift ${drift ?? ''}, peak to peak ${peakToPeak ?? ''} eV/atom`)
    expect([found['device'], step]).toEqual([device, String(steps)])
    expect(Math.abs(Number(drift))).toBeLessThan(1e-4)
    expect(Number(peakToPeak)).toBeLessThan(5e-3)
    // Something moves: the kinetic energy of 300 K alone is 39 meV an atom.
    expect(Number(peakToPeak)).toBeGreaterThan(1e-6)
    expect(problems).toEqual([])
    await page.close()
  })
})

it('the page falls back with a notice, takes keys and dropped files, and fits a phone', { timeout: 120_000 }, async () => {
  const page = await opened('', { width: 360, height: 740 })
  await inState(page, 'ready')
  expect(await page.textContent('#notice')).toMatch(/^There is no WebGPU here, so WebAssembly computes on the processor/)
  expect((await dataOf(page))['device']).toBe('cpu')
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)

  const before = await canvasSum(page)
  await page.focus('#viewer')
  await page.keyboard.press('ArrowLeft')
  expect(await canvasSum(page)).not.toBe(before)
  await page.keyboard.press('Tab')
  expect(await page.evaluate('document.activeElement.id')).toBe('run')
  await page.keyboard.press('Enter')
  await inState(page, 'running')
  await page.waitForFunction("Number(document.body.dataset.step) > 20 && document.getElementById('speed').value !== '–'")
  await page.keyboard.press('Space')
  await inState(page, 'ready')
  expect(await page.textContent('#run')).toBe('Continue')
  expect(Number(await page.evaluate("document.getElementById('temperature').value"))).toBeGreaterThan(100)

  await page.fill('input[name=temperature]', '500')
  await page.press('input[name=temperature]', 'Enter')
  await page.waitForFunction("document.getElementById('temperature').value === '500'")

  const drop = (name: string, text: string) =>
    page.evaluate(`(async () => {
      const files = new DataTransfer()
      files.items.add(new File([${text}], ${JSON.stringify(name)}))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }))
    })()`)
  await drop('broken.model', "'no model'")
  await inState(page, 'failed')
  expect(await page.textContent('#error')).toMatch(/the file begins with bytes/)
  await drop('mine.model', "await (await fetch('models/aspirin_l0_c32.model.gz')).arrayBuffer()")
  await page.waitForFunction("document.getElementById('model-name').textContent.startsWith('mine.model: ScaleShiftMACE, cutoff 5')")
  expect(await page.isHidden('#error')).toBe(true)
  expect(problems).toEqual([])
  await page.close()
})

it('the line of least squares is followed value by value', () => {
  const values = [3, 3.5, 2.25, 4, 5, 4.5, 6.25].map((x) => 1e6 + x)
  const [first = 0, ...rest] = values
  const conservation = new Conservation(first)
  expect([conservation.drift, conservation.peakToPeak]).toEqual([0, 0])
  for (const value of rest) conservation.add(value)
  const slope = values.reduce((sum, y, k) => sum + (k - 3) * (y - 1e6), 0) / values.reduce((sum, _, k) => sum + (k - 3) ** 2, 0)
  expect(conservation.drift).toBeCloseTo(slope * 6, 9)
  expect(conservation.peakToPeak).toBe(4)
})

it('the page holds nothing of Node', () => {
  expect(readFileSync(join(folder, 'main.js'), 'utf8')).not.toMatch(/from\s*["']node:|import\(["'](?:node:|webgpu)/)
})
