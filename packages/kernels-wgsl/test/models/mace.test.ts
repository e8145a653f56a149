import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { device, ShapeError, use } from '@equivar/core'
import { compile, grad, setDefaultDevice, sum, track } from '@equivar/engine'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu, WebgpuDevice } from '@equivar/kernels-wgsl'
import { collate, Mace, MaceFunction, type MaceInputs, parseXyz, Structure } from '@equivar/mace'
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

  it('costs in proportion to the atoms', { timeout: 300_000 }, async () => {
    const own = await Mace.load(model, { device: 'webgpu' })
    /** So many molecules, far from each other. */
    const molecules = (count: number): Structure =>
      new Structure({
        atomicNumbers: Array.from({ length: count }, () => [...structure.atomicNumbers]).flat(),
        positions: Array.from({ length: count }, (_, k) => [...structure.positions].map((x, i) => (i % 3 === 0 ? x + 40 * k : x))).flat(),
      })
    const costs = []
    for (const count of [1, 2]) {
      const { flops, bytes } = await own.explain([molecules(count)])
      const [result] = await own.evaluate([molecules(count)])
      costs.push({ flops, bytes, energy: result?.interactionEnergy ?? Number.NaN })
    }
    const [one, two] = costs
    if (!one || !two) throw new Error('two costs')
    for (const quantity of ['flops', 'bytes'] as const) {
      expect(two[quantity]).toBeGreaterThan(1.8 * one[quantity])
      expect(two[quantity]).toBeLessThan(2.01 * one[quantity])
    }
    expect(Math.abs(two.energy - 2 * one.energy)).toBeLessThan(1e-6 * Math.abs(two.energy) + 1e-6 * 2 * structure.numAtoms)
    own.dispose()
  })

  it('is refused in float64, with what serves it', async () => {
    await expect(Mace.load(model, { device: 'webgpu', dtype: 'float64' })).rejects.toThrow(/device 'webgpu' has no float64; use dtype 'float32', or device 'cpu' or 'cuda'/)
  })
})

describe('MaceFunction on a device without float64', () => {
  const [structure] = parseXyz(readFileSync(example('frames.xyz'), 'utf8')) as [Structure]

  it('gives forces as derivatives by displacements, and totals in float64 on the host', { timeout: 300_000 }, async () => {
    const reference = await Mace.load(model, { device: 'cpu', dtype: 'float64' })
    const [expected] = await reference.evaluate([structure])
    const f = new MaceFunction(reference.definition)
    await opened()
    setDefaultDevice('webgpu')
    try {
      const batch = await collate([structure], f.cutoff)
      const parameters = f.initialParameters('float32')
      const inputs = f.inputs([structure], batch, 'float32')
      expect(inputs.positions.dtype).toBe('float32')
      const run = compile((own: MaceInputs) => {
        const positions = track(own.positions)
        const nodeEnergies = f.nodeEnergies(parameters, { ...own, positions })
        return { nodeEnergies, gradient: grad(sum(nodeEnergies), [positions])[0] ?? positions, energies: f.energies(parameters, own) }
      })
      const results = run(inputs)
      const gradient = Float64Array.from(await results.gradient.data())
      expect(largestDifference(gradient.map((x) => -x), expected?.forces)).toBeLessThan(1e-4)
      const [total = Number.NaN] = f.totals(Float64Array.from(await results.nodeEnergies.data()), batch)
      expect(Math.abs(total - (expected?.energy ?? 0))).toBeLessThan(1e-6 * structure.numAtoms + 1e-6 * Math.abs(expected?.interactionEnergy ?? 0))
      expect(Math.abs((await results.energies.item()) - total)).toBeLessThan(1e-6 * Math.abs(total))
      expect(() => f.totals([1, 2], batch)).toThrow(ShapeError)
      run.dispose()
    } finally {
      setDefaultDevice('cpu')
      reference.dispose()
    }
  })
})

describe('the command line from sources', () => {
  it('finds the kernels for WebGPU, says what auto takes, and gives the forces of the processor', { timeout: 300_000 }, () => {
    const run = (...options: readonly string[]) => {
      const command = fileURLToPath(new URL('../../../../tools/equivar.mjs', import.meta.url))
      const environment = { ...process.env, EQUIVAR_WEBGPU_SOFTWARE: '1' }
      return spawnSync(process.execPath, [command, 'eval', model, '-', '--json', ...options], { encoding: 'utf8', env: environment, input: firstFrame() })
    }
    const firstFrame = () => {
      const lines = readFileSync(example('frames.xyz'), 'utf8').split('\n')
      return `${lines.slice(0, Number(lines[0]) + 2).join('\n')}\n`
    }
    const forcesOf = ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) => {
      const [first] = JSON.parse(stdout === '' ? JSON.stringify(stderr) : stdout) as readonly { readonly forces: readonly (readonly number[])[] }[]
      return Float64Array.from(first?.forces.flat() ?? [])
    }
    const own = run('--backend', 'auto')
    expect(own.stderr).toMatch(/^equivar: device 'auto' is webgpu: WebGPU on .*; not cuda:0 \(/)
    expect(largestDifference(forcesOf(own), forcesOf(run()))).toBeLessThan(1e-4)
  })
})
