import { surveyDevices, type DeviceFinding, type DeviceKind } from '@equivar/core'
import { array, sphericalHarmonics, withMethod } from '@equivar/engine'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { openRuntime } from '../runtime.ts'
import type { CliContext } from './context.ts'
import { writeText } from './output.ts'

/** Whether kernels give what plain TypeScript gives; `detail` is one line either way. */
export interface DeviceCheck {
  readonly passed: boolean
  readonly detail: string
}

/** How the doctor looks at a machine; tests look at others. */
export interface Examination {
  survey(): Promise<readonly DeviceFinding[]>
  check(device: string): Promise<DeviceCheck>
}

interface DeviceDiagnosis {
  readonly kind: DeviceKind
  readonly name: string
  /** One line of the device about itself; `null` where kernels have none. */
  readonly description: string | null
  readonly reasons: readonly string[]
  readonly remedy: string | null
  readonly check: DeviceCheck | null
}

/** What a machine has, what was made of it, and how to get faster. */
interface Diagnosis {
  readonly machine: string
  readonly node: string
  /** In the order in which `auto` prefers them. */
  readonly devices: readonly DeviceDiagnosis[]
  /** What `auto` takes. */
  readonly chosen: string
  /** The largest step first. */
  readonly advice: readonly string[]
}

const thisMachine: Examination = {
  async survey() {
    // The kernels of the processor come with this package.
    await openRuntime({ device: 'cpu' })
    return surveyDevices()
  },
  check: checkHarmonics,
}

/** `equivar doctor`: which devices there are, whether they compute rightly, which one `auto` takes, and how to get a faster one. */
export async function examine({ json }: { readonly json: boolean }, context: CliContext, examination = thisMachine): Promise<void> {
  const devices: DeviceDiagnosis[] = []
  for (const { kind, name, backend, refused, remedy } of await examination.survey()) {
    context.signal.throwIfAborted()
    const check = backend ? await examination.check(name) : null
    devices.push({ kind, name, description: backend?.description ?? null, reasons: refused.map(({ reason }) => reason), remedy, check })
  }
  const diagnosis = diagnosisOf(devices)
  await writeText(context.stdout, json ? `${JSON.stringify(diagnosis, null, 2)}\n` : inWords(diagnosis))
}

function diagnosisOf(devices: readonly DeviceDiagnosis[]): Diagnosis {
  const taken = devices.findIndex(({ description }) => description !== null)
  const better = devices.slice(0, taken < 0 ? devices.length : taken)
  const chosen = devices[taken]
  return {
    machine: `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} threads, ${(totalmem() / 1e9).toFixed(1)} GB, ${process.platform} ${process.arch}`,
    node: process.versions.node,
    devices,
    chosen: chosen?.name ?? 'cpu, in plain TypeScript',
    advice: [
      ...devices.flatMap(({ name, check }) => (check?.passed === false ? [`do not use ${name}: its kernels fail a check (${check.detail}); update its driver, or report this`] : [])),
      ...(chosen === undefined || chosen.kind === 'cpu' ? [] : [`the command computes on the processor unless it is told --backend ${chosen.kind}, or --backend auto`]),
      ...better.flatMap(({ name, remedy }) => (remedy === null ? [] : [`for ${name}: ${remedy}`])),
      ...(chosen?.description?.includes('relaxed multiply-add') && process.versions.node.startsWith('20.')
        ? ['on the processor: this command lets Node 20 multiply and add vectors at once; your programs do so with --experimental-wasm-relaxed-simd, or on Node 24']
        : []),
    ],
  }
}

function inWords({ machine, node, devices, chosen, advice }: Diagnosis): string {
  const lines = [`machine   ${machine}`, `node      ${node}`, '']
  for (const { name, description, reasons, check } of devices) {
    const state = description === null ? 'none' : check?.passed === false ? 'FAILS' : 'works'
    lines.push(`${name.padEnd(8)}  ${state.padEnd(5)}  ${description ?? reasons.join('; ')}`)
    if (check) lines.push(`${''.padEnd(17)}${check.detail}`)
  }
  lines.push('', `auto      ${chosen}`)
  if (advice.length > 0) lines.push('', 'To be faster', ...advice.map((line) => `  · ${line}`))
  return `${lines.join('\n')}\n`
}

/** Harmonics to l = 3 of a hundred vectors in float32, by kernels and by plain TypeScript on the processor. */
async function checkHarmonics(device: string): Promise<DeviceCheck> {
  const ls = [0, 1, 2, 3]
  const vectors = Array.from({ length: 100 }, (_, i) => [Math.sin(i), Math.cos(2 * i), Math.sin(3 * i + 1)])
  try {
    const expected = await withMethod('naive', () => sphericalHarmonics(ls, array(vectors, { device: 'cpu' }))).data()
    const started = performance.now()
    const found = await sphericalHarmonics(ls, array(vectors, { device })).data()
    const milliseconds = performance.now() - started
    let difference = 0
    for (const [i, value] of expected.entries()) difference = Math.max(difference, Math.abs(Number(found[i]) - value))
    const passed = difference <= 1e-5
    return { passed, detail: `harmonics differ by ${difference.toExponential(1)} from plain TypeScript; made ready and run in ${milliseconds.toFixed(0)} ms` }
  } catch (error) {
    return { passed: false, detail: error instanceof Error ? error.message : String(error) }
  }
}
