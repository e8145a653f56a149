import { cpSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'
import { bundlePage } from './src/node/page.ts'

/** The program finds what lies beside it where the repository has it, so the package has the same folders. */
const own = 'dist/apps/bench'

export default defineConfig(
  library(
    { 'apps/bench/src/node/main': 'src/node/main.ts' },
    {
      platform: 'node',
      external: ['esbuild', /^node:/],
      esbuildOptions(options) {
        options.chunkNames = 'apps/bench/src/node/[name]-[hash]'
      },
      async onSuccess() {
        cpSync('peers', join(own, 'peers'), { recursive: true })
        cpSync('../../examples/aspirin/models', 'dist/examples/aspirin/models', { recursive: true })
        cpSync('../../examples/aspirin/frames.xyz', 'dist/examples/aspirin/frames.xyz')
        await bundlePage(join(own, 'page'))
        // Plots come with the program, so that nobody installs sixty megabytes for them.
        mkdirSync('dist/licences', { recursive: true })
        const echarts = dirname(createRequire(import.meta.url).resolve('echarts/package.json'))
        const zrender = dirname(createRequire(join(echarts, 'package.json')).resolve('zrender/package.json'))
        for (const name of ['LICENSE', 'NOTICE']) cpSync(join(echarts, name), `dist/licences/echarts-${name}`)
        cpSync(join(zrender, 'LICENSE'), 'dist/licences/zrender-LICENSE')
      },
    },
  ),
)
