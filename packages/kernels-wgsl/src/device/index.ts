export { createWebgpu, webgpu, type WebgpuBackend, type WebgpuOptions } from './backend.ts'
export { WebgpuDevice, type WebgpuStatistics } from './device.ts'
export { doctor, type WebgpuReport } from './doctor.ts'
