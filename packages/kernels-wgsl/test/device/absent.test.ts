import { createWebgpu, doctor } from '@equivar/kernels-wgsl'
import { expect, it, vi } from 'vitest'

const reason = "Node has no WebGPU of its own; install the npm package 'webgpu' (Dawn)"

vi.mock('#platform', () => ({ findGpu: async () => ({ reason }), allowsSoftware: () => false }))

it('where there is no WebGPU, everything says why and what to install', async () => {
  expect(await createWebgpu().available()).toEqual({ isAvailable: false, reason })
  await expect(createWebgpu().open()).rejects.toThrow(reason)
  expect(await doctor()).toEqual({ isAvailable: false, adapter: null, features: [], limits: {}, advice: [reason] })
})
