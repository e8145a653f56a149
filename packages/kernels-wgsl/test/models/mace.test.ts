import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { device, use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu, WebgpuDevice } from '@equivar/kernels-wgsl'
import { Mace, parseXyz, type Structure } from '@equivar/mace'
import { beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

const example = (name: string) => fileURLToPath(new URL(`../../../../examples/aspirin/${name}`, import.meta.url))
const model = example('models/aspirin_l0_c32.model.gz')

beforeAll(() => {
  useSoftwareGpu()
  use(createCpu({ threads: 1 }), createWebgpu({ software: true }))
}, 300_000)

async function opened(): Promise<WebgpuDevice> {
  const { backend } = await device('webgpu')
  if (!(backend instanceof WebgpuDevice)) throw new Error('the device is of another package')
  return backend
}

function largestDifference(a: Float64Array | undefined, b: Float64Array | undefined): number {
  if (!a || a.length !== b?.length) return Infinity
  return a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (b[i] ?? Number.NaN))), 0)
}

describe('MACE in float32 on WebGPU', () => {
  const [structure] = parseXyz(readFileSync(example('frames.xyz'), 'utf8')) as [Structure]

  it('gives the energy and forces of float64 on the processor, in one submission a step', { timeout: 300_000 }, async () => {
    const reference = await Mace.load(model, { device: 'cpu', dtype: 'float64' })
    const own = await Mace.load(model, { device: 'webgpu' })
    expect(own.dtype).toBe('float32')
    const [expected] = await reference.evaluate([structure], { virials: true })
    const [result] = await own.evaluate([structure], { virials: true })
    expect(largestDifference(result?.forces, expected?.forces)).toBeLessThan(1e-4)
    expect(largestDifference(result?.virials, expected?.virials)).toBeLessThan(1e-3)
    const { interactionEnergy = Number.NaN } = expected ?? {}
    const energyError = Math.abs((result?.interactionEnergy ?? 0) - interactionEnergy)
    expect(energyError).toBeLessThan(1e-6 * Math.abs(interactionEnergy) + 1e-6 * structure.numAtoms)

    const { submits, compiledKernels } = (await opened()).statistics()
    const [again] = await own.evaluate([structure], { virials: true })
    const after = (await opened()).statistics()
    expect(after.submits - submits).toBe(1)
    expect(after.compiledKernels).toBe(compiledKernels)
    expect(again?.forces).toEqual(result?.forces)
    expect(after.codeLength).toBeLessThan(1e6)
    own.dispose()
    reference.dispose()
  })

  it('is refused in float64, with what serves it', async () => {
    await expect(Mace.load(model, { device: 'webgpu', dtype: 'float64' })).rejects.toThrow(/device 'webgpu' has no float64; use dtype 'float32', or device 'cpu' or 'cuda'/)
  })
})
