export { loadCheckpoint, saveCheckpoint, type CheckpointTree } from './checkpoint.ts'
export { load, type FileOptions } from './load.ts'
export { save } from './save.ts'
