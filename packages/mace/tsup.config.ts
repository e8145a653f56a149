import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'

export default defineConfig(
  library(
    { index: 'src/index.ts', platform: 'src/load/platform.ts', 'platform-node': 'src/node/platform.ts' },
    // Resolved where the package is used: package.json's "imports" has one module for Node and one for browsers.
    { external: ['#platform'] },
  ),
)
