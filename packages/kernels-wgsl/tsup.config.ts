import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'

export default defineConfig(
  library(
    // package.json chooses between the two platforms where the package is used, so both are files of their own.
    { index: 'src/index.ts', platform: 'src/device/platform.ts', 'platform-node': 'src/node/platform.ts' },
    { external: ['#platform', /^node:/] },
  ),
)
