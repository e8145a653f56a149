export { type PtxModule, printPtx } from './module.ts'
export type { IndexBits } from './types.ts'
