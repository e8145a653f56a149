/// <reference types="@webgpu/types" preserve="true" />
export * from './device/index.ts'
export { type PrintedKernel, printWgsl, separatePlaces } from './wgsl/index.ts'
