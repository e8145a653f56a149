import type { Writable } from 'node:stream'
import type { MethodChoice, Precision, ProgramExplanation } from '@equivar/engine'
import type { ForceCalculator } from '../dynamics/index.ts'
import type { MaceDefinition } from '../definition.ts'
import type { MemoryUse } from '../evaluation/memory.ts'
import type { Evaluation, EvaluationOptions } from '../evaluation/options.ts'
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
  load(path: string, options: CliLoadOptions): Promise<CliModel>
  /** For atoms that move: forces are derivatives of the energy also where the reference leaves a term out. */
  calculator(path: string, options: CliCalculatorOptions): Promise<CliCalculator>
  /** Only what the file says, without preparing an evaluation. */
  inspect(path: string, options: { readonly signal: AbortSignal }): Promise<MaceDefinition>
  /** The project's own format, as bytes. */
  serialize(definition: MaceDefinition): Uint8Array
}

export type Dtype = 'float32' | 'float64'
export type BackendName = 'auto' | 'cpu' | 'webgpu' | 'cuda'

export interface CliLoadOptions {
  readonly dtype?: Dtype | undefined
  readonly backend?: BackendName | undefined
  readonly method?: MethodChoice | undefined
  readonly precision?: Precision | undefined
  readonly memory?: MemoryUse | undefined
  /** Threads of the processor; all unless told. */
  readonly threads?: number | undefined
  readonly signal: AbortSignal
  /** Hears which device was chosen, and why others were not, where the choice was left to the library. */
  readonly chosen?: ((line: string) => void) | undefined
}

export interface CliCalculatorOptions extends CliLoadOptions {
  readonly head?: string | undefined
}

export interface CliCalculator extends ForceCalculator {
  readonly model: Pick<CliModel, 'definition' | 'dtype'>
}

export interface CliModel {
  readonly definition: MaceDefinition
  /** Of the network's arithmetic: not every device has that of the file. */
  readonly dtype: Dtype
  evaluate(structures: readonly Structure[], options: EvaluationOptions): Promise<readonly CliEvaluation[]>
  explain(structures: readonly Structure[], options: EvaluationOptions): Promise<ProgramExplanation>
}

/** What a command asks for; the library offers more. */
export type CliEvaluation = Pick<Evaluation, 'energy' | 'forces' | 'nodeEnergies' | 'stress'>

/** Stops a command from outside; becomes the exit code. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(reason: string, exitCode: number) {
    super(reason)
    this.exitCode = exitCode
  }
}
