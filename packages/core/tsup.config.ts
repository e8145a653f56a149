import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'

export default defineConfig(
  library({
    index: 'src/index.ts',
    kernels: 'src/kernels/index.ts',
    lowering: 'src/lowering/index.ts',
    conformance: 'src/conformance/index.ts',
    node: 'src/node/index.ts',
  }),
)
