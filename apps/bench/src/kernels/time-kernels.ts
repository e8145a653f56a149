import type { BackendDevice, KernelResources, Launch } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { callTime, deviceTime } from '../measure/clock.ts'
import type { Ceilings } from '../measure/ceilings.ts'
import { shareOf } from '../measure/roofline.ts'
import { timing } from '../measure/statistics.ts'
import type { KernelRow, Row } from '../results/record.ts'
import { kernelCases, type KernelPass } from './catalog.ts'
import { prepareProblem, type PreparedProblem } from './prepare.ts'
import { leastBytes, requestOf, sizesOf } from './problems.ts'

export interface KernelOptions {
  readonly samples: number
  readonly ceilings: Ceilings | null
  /** Only these of `fwd`, `bwd` and `dbl`. */
  readonly passes?: readonly string[] | undefined
}

/** Milliseconds of a sample: replays of one recording until then. */
const sampleTime = 10
const mostReplays = 200

/**
 * Rows of a case: all launches of a pass as one recording, by the clock of the device, and each kernel by itself. `fwd call` is what
 * a host waits for that enqueues the launches one by one. The share is of the least that must be moved and of what kernels compute.
 */
export async function timeKernels(name: string, device: BackendDevice, { samples, ceilings, passes }: KernelOptions): Promise<readonly Row[]> {
  const own = kernelCases[name]
  if (!own) throw new Error(`there are no kernels of ${name}; there are ${Object.keys(kernelCases).join(', ')}`)
  const rows: Row[] = []
  const { dtype, make } = own
  for (const [pass, problems] of Object.entries<KernelPass>(make())) {
    if (passes && !passes.includes(pass)) continue
    const began = performance.now()
    const prepared: PreparedProblem[] = []
    try {
      for (const problem of problems) {
        const lowered = lowering.lowerPolynomial(requestOf(problem, dtype), device.capabilities)
        prepared.push(prepareProblem(device, problem, dtype, lowered, lowered.plan(sizesOf(problem))))
      }
      const launches = prepared.flatMap((problem) => problem.launches)
      const planned = prepared.flatMap(({ plan }) => plan.launches)
      const enqueueAll = () => {
        for (const launch of launches) device.enqueue(launch)
      }
      await callTime(device, enqueueAll)
      const firstCall = performance.now() - began
      const recording = device.record(launches)
      const times = await timesOf(device, () => recording.replay(), samples)
      recording.dispose()
      const kernels: KernelRow[] = []
      for (const [k, launch] of launches.entries()) kernels.push(await kernelRow(device, launch, planned[k]))
      const calls: number[] = []
      for (let k = 0; k < samples; k++) calls.push(await callTime(device, enqueueAll))
      const flops = planned.reduce((sum, launch) => sum + launch.flops, 0)
      const bytes = problems.reduce((sum, problem) => sum + leastBytes(problem, dtype), 0)
      const row = (rowPass: string, values: readonly number[]): Row => {
        const own = timing(values)
        return {
          section: 'kernels', case: name, pass: rowPass, backend: device.name, dtype, threads: 1, unit: 'ms', own, firstCall, peers: {}, bestPeer: null, ratio: null,
          error: null, flops, bytes, share: ceilings ? shareOf(flops, bytes, dtype, own.median, ceilings) : null, atoms: null,
        }
      }
      rows.push({ ...row(pass, times), kernels }, row(`${pass} call`, calls))
    } finally {
      for (const problem of prepared) problem.release()
    }
  }
  return rows
}

/** Milliseconds of one run, of many at once. */
async function timesOf(device: BackendDevice, run: () => void, samples: number): Promise<readonly number[]> {
  await deviceTime(device, run)
  const once = await deviceTime(device, run)
  const replays = Math.max(1, Math.min(mostReplays, Math.floor(sampleTime / Math.max(once, 1e-3))))
  const times: number[] = []
  for (let k = 0; k < samples; k++) {
    const together = await deviceTime(device, () => {
      for (let replay = 0; replay < replays; replay++) run()
    })
    times.push(together / replays)
  }
  return times
}

async function kernelRow(device: BackendDevice, launch: Launch, planned: lowering.PlannedLaunch | undefined): Promise<KernelRow> {
  const recording = device.record(Array.from({ length: 4 }, () => launch))
  const { median } = timing((await timesOf(device, () => recording.replay(), 5)).map((ms) => ms / 4))
  recording.dispose()
  const resources: KernelResources | null = launch.executable.resources?.() ?? null
  const { name, lanes } = launch.executable.kernel
  return { name, lanes, grid: launch.grid, ms: median, flops: planned?.flops ?? 0, bytes: planned?.bytes ?? 0, resources }
}
