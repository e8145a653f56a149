export { type PtxModule, printPtx, withMinBlocks } from './module.ts'
export type { IndexBits } from './types.ts'
