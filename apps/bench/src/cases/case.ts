import type { Structure } from '@equivar/mace'
import type { MethodChoice, NDArray } from '@equivar/engine'
import type { CaseArrays } from './arrays.ts'

export type Dtype = 'f32' | 'f64'

/** What a case computes with: made by an opponent, or from seeds. */
export interface CaseInput {
  readonly name: string
  readonly dtype: Dtype
  readonly arrays: CaseArrays
  readonly structures: readonly Structure[]
  /** Numbers that belong to the case, by name. */
  readonly meta: Readonly<Record<string, unknown>>
  /** The bytes of its model. @throws if the case has none. */
  model(): Promise<Uint8Array>
}

/** Where and how it is computed. */
export interface Runtime {
  /** Name of an open device; it is the default one while the case is made. */
  readonly device: string
  readonly method: MethodChoice
}

/** Operations and bytes of one run, as the program explains itself. */
export interface Work {
  readonly flops: number
  readonly bytes: number
}

/** One thing to be timed of this project: runs once, and gives what is compared with the opponents' outputs of the same pass. */
export interface Pass {
  /** Once; what it returns is disposed by {@link Pass.finish}. */
  run(): unknown
  /** Outputs of a run, in the opponents' order; `null` where an opponent has none in the same layout. */
  outputs(result: unknown): Promise<readonly (ArrayLike<number | bigint> | null)[]>
  /** Gives back what a run returned. */
  finish(result: unknown): void
  /** After a run; left out where it is not known. */
  work?(): Work | Promise<Work>
}

export interface OurCase {
  readonly passes: Readonly<Record<string, Pass>>
  dispose(): void
}

/** A program that returns arrays of the engine, with its inputs bound. */
export function arrayPass(run: () => readonly NDArray[], explain: () => Work): Pass {
  return {
    run,
    async outputs(result) {
      return Promise.all((result as readonly NDArray[]).map(async (x) => x.data()))
    },
    finish(result) {
      for (const x of result as readonly NDArray[]) x.dispose()
    },
    work: explain,
  }
}
