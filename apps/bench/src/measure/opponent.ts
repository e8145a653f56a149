import type { CaseArrays } from '../cases/arrays.ts'

/** Another library that knows a case: a process or this one, ready to run. */
export interface Opponent {
  /** (library, pass) */
  readonly passes: readonly (readonly [string, string])[]
  /** Outputs, as `library.pass.0`, `library.pass.1`, … where they are in the layout of this project. */
  readonly outputs: CaseArrays
  /** Milliseconds of `count` runs. */
  sample(library: string, pass: string, count: number): Promise<readonly number[]>
}
