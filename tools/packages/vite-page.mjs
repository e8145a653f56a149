import { chromium as browsers } from 'playwright-core'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, preview } from 'vite'
import { inRoot } from '../lib/paths.mjs'
import { ToolError } from '../lib/tool-error.mjs'

/** Where Debian's package puts the browser. */
const chromium = '/usr/bin/chromium'
const flags = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan', '--no-sandbox', '--disable-background-networking']

/**
 * Builds the page in `tools/consumer/page` with vite from installed packages, and opens it in Chromium on a software graphics card.
 *
 * @param {string} folder with the packages installed
 * @returns {Promise<string>} the title of the page once it has computed
 */
export async function runVitePage(folder) {
  if (!existsSync(chromium)) throw new ToolError(`${chromium} is missing; npm test installs it, or: apt-get install chromium libvulkan1`)
  const root = join(folder, 'page')
  cpSync(inRoot('tools/consumer/page'), root, { recursive: true })
  const settings = { root, configFile: /** @type {const} */ (false), logLevel: /** @type {const} */ ('error') }
  await build({ ...settings, build: { outDir: join(root, 'dist'), target: 'es2022' } })
  const server = await preview({ ...settings, build: { outDir: join(root, 'dist') }, preview: { host: '127.0.0.1', port: 0 } })
  const browser = await browsers.launch({ executablePath: chromium, args: flags })
  try {
    const page = await browser.newPage()
    await page.goto(server.resolvedUrls?.local[0] ?? 'about:blank')
    await page.waitForFunction('/^(?:gradient|failed): /.test(document.title)', undefined, { timeout: 60_000 })
    return await page.title()
  } finally {
    await browser.close()
    await server.close()
  }
}
