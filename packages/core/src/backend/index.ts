export type * from './contract.ts'
export * from './interpreter/index.ts'
export { bytesPerElement, checkBinding, checkByteLength, type CheckedLaunch, checkKernel, checkLaunch } from './launch.ts'
export * from './registry/index.ts'
