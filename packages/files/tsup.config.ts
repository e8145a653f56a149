import { defineConfig } from 'tsup'
import { library } from '../../tools/lib/tsup.mjs'

export default defineConfig(library({ index: 'src/index.ts', readers: 'src/readers.ts' }))
