import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatXyz, parseXyz } from '@equivar/mace'
import { build } from 'esbuild'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const modelName = 'aspirin_l0_c32.model.gz'

/** Writes the page, its script, a model and a structure into a folder, from where any server can give them. */
export async function buildPage(folder: string): Promise<void> {
  mkdirSync(join(folder, 'models'), { recursive: true })
  await build({
    entryPoints: [here('page/page.ts')],
    outfile: join(folder, 'main.js'),
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Its minified form: the other one is code in strings, which no bundler can make smaller.
    absWorkingDir: here('.'),
    alias: { '3dmol': '3dmol/build/3Dmol.es6-min.js' },
    logLevel: 'error',
  })
  copyFileSync(here('page/index.html'), join(folder, 'index.html'))
  copyFileSync(here(`../aspirin/models/${modelName}`), join(folder, 'models', modelName))
  const [aspirin] = parseXyz(readFileSync(here('../aspirin/frames.xyz'), 'utf8'))
  if (!aspirin) throw new Error('examples/aspirin/frames.xyz holds no structure')
  writeFileSync(join(folder, 'aspirin.xyz'), formatXyz(aspirin))
}
