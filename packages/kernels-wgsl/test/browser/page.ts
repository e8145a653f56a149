import { runConformance } from '@equivar/core/conformance'
import { use } from '@equivar/core'
import { createCpu } from '@equivar/kernels-cpu'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { Mace, parseXyz } from '@equivar/mace'

/** What the page has found out, as plain data. */
export interface PageFindings {
  readonly adapter: string
  readonly passed: number
  readonly failures: readonly string[]
  /** Largest difference of forces between WebGPU in float32 and the processor in float64, eV/Å. */
  readonly forces: number
}

/** Runs in the page; `/model` and `/frames` are served beside it. */
async function findings(): Promise<PageFindings> {
  const backend = createWebgpu({ software: true })
  const availability = await backend.available()
  if (!availability.isAvailable) throw new Error(`no adapter: ${availability.reason}`)
  const { passed, failures } = await runConformance(backend, {
    tier: 'ci',
    seed: 1,
    filter: ({ name }) => /^(?:contract\/(?!many|memory is used again)|kernel\/(?:softmax|reduce\/sum|histogram|convolution\/f32|atomic\/add))/.test(name),
  })
  use(createCpu(), backend)
  const bytes = new Uint8Array(await (await fetch('/model')).arrayBuffer())
  const [structure] = parseXyz(await (await fetch('/frames')).text())
  if (!structure) throw new Error('there is no structure')
  const forcesOn = async (device: string, dtype: 'float32' | 'float64') => {
    using model = await Mace.load(bytes, { device, dtype })
    const [result] = await model.evaluate([structure])
    return result?.forces ?? new Float64Array(0)
  }
  const [own, reference] = [await forcesOn('webgpu', 'float32'), await forcesOn('cpu', 'float64')]
  const forces = reference.length === 0 ? Infinity : reference.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (own[i] ?? Number.NaN))), 0)
  return { adapter: availability.devices.join(), passed, failures: failures.map(({ name, message }) => `${name}: ${message}`), forces }
}

Object.assign(globalThis, { findings })
