import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'

export default defineConfig(
  library(
    // package.json chooses between the two where the package is used, so both are files of their own.
    { index: 'src/index.ts', 'no-addon': 'src/native/no-addon.ts', 'addon-node': 'src/node/addon.ts' },
    { external: ['#addon', /^node:/] },
  ),
)
