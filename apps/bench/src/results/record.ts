import type { KernelResources } from '@equivar/core'
import type { Ceilings } from '../measure/ceilings.ts'
import type { Share } from '../measure/roofline.ts'
import type { Timing } from '../measure/statistics.ts'

/** One launch of a pass, by itself. */
export interface KernelRow {
  readonly name: string
  readonly lanes: number
  readonly grid: readonly number[]
  /** Median. */
  readonly ms: number
  /** As its plan counts them. */
  readonly flops: number
  readonly bytes: number
  /** `null` where the compiler says nothing. */
  readonly resources: KernelResources | null
}

/** One pass of one case on one backend, beside the opponents. */
export interface Row {
  readonly section: string
  readonly case: string
  readonly pass: string
  /** Name of the device, or `naive`. */
  readonly backend: string
  readonly dtype: string
  readonly threads: number
  readonly unit: 'ms' | 'B'
  readonly own: Timing
  /** The first run, compilation included; `null` where there is none. */
  readonly firstCall: number | null
  readonly peers: Readonly<Record<string, Timing>>
  /** The peer with the best value, and how many times less this project needs. */
  readonly bestPeer: string | null
  readonly ratio: number | null
  /** Largest `max|a − b| / max|b|` over the outputs that were compared. */
  readonly error: number | null
  /** Of one run, as the program explains itself. */
  readonly flops: number | null
  readonly bytes: number | null
  readonly share: Share | null
  /** Atoms, where a row belongs to a curve over sizes. */
  readonly atoms: number | null
  /** Its launches, where kernels are measured. */
  readonly kernels?: readonly KernelRow[]
}

/** Something that was asked for and could not be measured. */
export interface Refusal {
  readonly case: string
  readonly backend: string
  readonly dtype: string
  readonly reason: string
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly threads: number
  /** What ran the kernels, one line a backend. */
  readonly device: string
  readonly system: string
  /** Bytes; 0 where it is not known. */
  readonly memory: number
}

/** What a run of the benchmark leaves behind; `schema/results.schema.json` says the same for other readers. */
export interface ResultRecord {
  readonly version: 2
  readonly date: string
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  readonly ceilings: readonly Ceilings[]
  readonly rows: readonly Row[]
  readonly refused: readonly Refusal[]
  readonly geometricMean: number | null
}

/** What makes rows of two records the same measurement. */
export function rowKey({ section, case: name, pass, backend, dtype, threads, unit }: Row): string {
  return [section, name, pass, backend, dtype, threads, unit].join(' ')
}
