import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exampleModels, exampleStructures } from './assets.ts'

const sources = fileURLToPath(new URL('../browser/', import.meta.url))

/** Builds the page that measures in a browser, with the models it needs, into a folder. */
export async function buildPage(folder: string): Promise<void> {
  // Where the benchmark runs elsewhere, there is no bundler.
  const { build } = await import('esbuild')
  mkdirSync(join(folder, 'models'), { recursive: true })
  await build({ entryPoints: [join(sources, 'main.ts')], outfile: join(folder, 'main.js'), bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true, logLevel: 'error' })
  copyFileSync(join(sources, 'index.html'), join(folder, 'index.html'))
  copyFileSync(exampleStructures, join(folder, 'frames.xyz'))
  for (const name of readdirSync(exampleModels)) copyFileSync(join(exampleModels, name), join(folder, 'models', name))
}
