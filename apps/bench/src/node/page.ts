import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exampleModels, exampleStructures } from './example.ts'

/** The page as the package brings it. */
const built = fileURLToPath(new URL('../../page/', import.meta.url))
const sources = fileURLToPath(new URL('../browser/', import.meta.url))

/** Builds the page that measures in a browser, with the models it needs, into a folder. */
export async function buildPage(folder: string): Promise<void> {
  mkdirSync(join(folder, 'models'), { recursive: true })
  if (existsSync(built)) cpSync(built, folder, { recursive: true })
  else await bundlePage(folder)
  copyFileSync(exampleStructures, join(folder, 'frames.xyz'))
  for (const name of readdirSync(exampleModels)) copyFileSync(join(exampleModels, name), join(folder, 'models', name))
}

/** The program of the page and its document. */
export async function bundlePage(folder: string): Promise<void> {
  // Where the benchmark runs elsewhere, there is no bundler.
  const { build } = await import('esbuild')
  await build({ entryPoints: [join(sources, 'main.ts')], outfile: join(folder, 'main.js'), bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true, logLevel: 'error' })
  copyFileSync(join(sources, 'index.html'), join(folder, 'index.html'))
}
