import type { NDArray } from '@equivar/engine'
import type { CaseArrays } from './arrays.ts'
import type { BuiltCase } from './peer.ts'

export type Dtype = 'f32' | 'f64'

/** Where a case comes from: what the peer wrote. */
export interface CaseInput {
  readonly name: string
  readonly dtype: Dtype
  readonly folder: string
  readonly arrays: CaseArrays
  readonly meta: BuiltCase['meta']
}

/** One thing to be timed of this project: runs once, and gives what is compared with the peers' outputs of the same pass. */
export interface Pass {
  /** Once; what it returns is disposed by {@link Pass.finish}. */
  run(): unknown
  /** Outputs of a run, in the peers' order; `null` where a peer has none in the same layout. */
  outputs(result: unknown): Promise<readonly (ArrayLike<number | bigint> | null)[]>
  /** Gives back what a run returned. */
  finish(result: unknown): void
}

export interface OurCase {
  readonly passes: Readonly<Record<string, Pass>>
  dispose(): void
}

/** A pass that returns arrays of the engine. */
export function arrayPass(run: () => readonly NDArray[], order?: (arrays: readonly NDArray[]) => readonly (NDArray | null)[]): Pass {
  return {
    run,
    async outputs(result) {
      const arrays = result as readonly NDArray[]
      return Promise.all((order ? order(arrays) : arrays).map(async (x) => x && x.data()))
    },
    finish(result) {
      for (const x of result as readonly NDArray[]) x.dispose()
    },
  }
}
