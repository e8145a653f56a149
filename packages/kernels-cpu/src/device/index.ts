export { cpu, type CpuBackend, type CpuOptions, createCpu } from './backend.ts'
export { CpuDevice } from './device.ts'
