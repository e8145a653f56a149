export { type PtxModule, printPtx } from './module.ts'
export type { EntryParameter, EntryParameters } from './parameters.ts'
export type { BlockShape } from './shape.ts'
export type { IndexBits } from './types.ts'
