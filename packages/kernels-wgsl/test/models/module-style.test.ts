import { use } from '@equivar/core'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { beforeAll, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

beforeAll(() => {
  useSoftwareGpu()
  use(createWebgpu({ software: true }))
}, 300_000)

it('the module-style program of the examples runs as written on WebGPU', { timeout: 300_000 }, async () => {
  const program = await import('../../../../examples/module-style/main.ts')
  const { problemsOf } = await import('../../../../examples/module-style/check.ts')
  expect([program.device, program.y.device]).toEqual(['webgpu', 'webgpu'])
  expect(await problemsOf(program)).toEqual([])
})
