import { device } from '@equivar/core'
import { Mace } from '@equivar/mace'
import type { Dtype } from '../cases/case.ts'
import { modelOptions } from '../cases/models.ts'
import { seededInput, type Assets } from '../cases/seeded.ts'
import { registerBackends } from './backends.ts'

/** What an evaluation of energy and forces costs in a process of its own. */
export interface FreshRun {
  /** ms from the start of the process to the first line of the program; of a peer, of importing the library. */
  readonly boot: number
  readonly load: number
  /** The first evaluation, compilation included. */
  readonly first: number
  /** Largest resident set, bytes. */
  readonly resident: number
  /** Most device memory, bytes. */
  readonly device?: number
  /** eV */
  readonly energy: number
}

/** Evaluates a case once, in this process, which must be new. */
export async function freshRun(name: string, dtype: Dtype, backend: string, threads: number, assets: Assets): Promise<FreshRun> {
  const boot = performance.now()
  await registerBackends([backend], threads)
  const input = await seededInput(name, dtype, assets)
  const prepared = performance.now()
  const model = await Mace.load(await input.model(), modelOptions(name, dtype, backend))
  const loaded = performance.now()
  const [result] = await model.evaluate(input.structures, { forces: true, batchSize: input.structures.length })
  const done = performance.now()
  return {
    boot,
    load: loaded - prepared,
    first: done - loaded,
    resident: process.resourceUsage().maxRSS * 1024,
    device: (await device(backend)).backend?.statistics().peakBytes ?? 0,
    energy: result?.energy ?? Number.NaN,
  }
}
