import type { Writable } from 'node:stream'
import type { MaceDefinition } from '../definition.ts'
import type { Structure } from '../structures/index.ts'

/** Where a command writes, what interrupts it and how it gets a model; injected so that commands run inside tests. */
export interface CliContext {
  readonly stdout: Writable
  /** Progress bars are drawn only when this is a terminal. */
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined }
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly signal: AbortSignal
  readonly version: string
  readonly models: ModelFiles
}

/** The part of the library that reads and writes models. */
export interface ModelFiles {
  load(path: string, options: { readonly dtype?: Dtype | undefined; readonly signal: AbortSignal }): Promise<CliModel>
  /** Only what the file says, without preparing an evaluation. */
  inspect(path: string, options: { readonly signal: AbortSignal }): Promise<MaceDefinition>
  /** The project's own format, as bytes. */
  serialize(definition: MaceDefinition): Uint8Array
}

export type Dtype = 'float32' | 'float64'

export interface CliModel {
  readonly definition: MaceDefinition
  evaluate(structures: readonly Structure[], options: EvaluationOptions): Promise<readonly Evaluation[]>
}

export interface EvaluationOptions {
  readonly forces: boolean
  readonly stress: boolean
  readonly nodeEnergies: boolean
  readonly head?: string | undefined
  /** Structures evaluated together. */
  readonly batchSize: number
  readonly signal: AbortSignal
}

export interface Evaluation {
  /** eV. */
  readonly energy: number
  /** eV/Å, shape (N, 3). */
  readonly forces?: Float64Array | undefined
  /** eV, shape (N). */
  readonly nodeEnergies?: Float64Array | undefined
  /** eV/Å³, shape (3, 3). */
  readonly stress?: Float64Array | undefined
}

/** Stops a command from outside; becomes the exit code. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(reason: string, exitCode: number) {
    super(reason)
    this.exitCode = exitCode
  }
}
