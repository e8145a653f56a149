import type { Method } from './plan.ts'

/** What was chosen for an operation, and why; `toString()` is for people. */
export interface Explanation {
  readonly method: Method
  readonly reason: string
  readonly kernels: readonly KernelExplanation[]
  readonly flops: number
  readonly bytes: number
  /** flops / bytes */
  readonly intensity: number
  toString(): string
}

export interface KernelExplanation {
  readonly name: string
  readonly launches: number
  readonly flops: number
  readonly bytes: number
}
