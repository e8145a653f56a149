import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'

export default defineConfig(
  library(
    // package.json chooses between the two platforms where the package is used, so both are files of their own.
    { index: 'src/index.ts', node: 'src/node/index.ts', torchlike: 'src/torchlike/index.ts', dynamics: 'src/dynamics/index.ts', cli: 'src/cli/main.ts', platform: 'src/load/platform.ts', 'platform-node': 'src/node/platform.ts' },
    { external: ['#platform', /^node:/] },
  ),
)
