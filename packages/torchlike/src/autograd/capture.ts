import type { NDArray } from '@equivar/engine'

/** What a captured function may do with tensors that were there before it ran. */
export interface Captured {
  /** Ascending with time of creation. */
  readonly id: number
}

/** Sees reads and writes of tensors while a function is run to be made into a program. */
export interface Capture {
  /** The array that stands for a tensor, if another one than its own. */
  arrayOf(tensor: Captured): NDArray | undefined
  /** Whether the capture keeps the new array of a tensor to itself. */
  replaces(tensor: Captured, array: NDArray): boolean
  /** Whether the capture keeps the gradient of a tensor. */
  gradientOf(tensor: Captured): { readonly gradient: Captured | undefined } | undefined
  setsGradient(tensor: Captured, gradient: Captured | undefined): boolean
  /** Called where a choice depends on a flag of a module. */
  sawFlag(owner: { readonly training: boolean }, value: boolean): void
}

let current: Capture | undefined

export function currentCapture(): Capture | undefined {
  return current
}

/** Runs `f` with a capture that sees what happens to tensors. */
export function withCapture<R>(capture: Capture | undefined, f: () => R): R {
  const before = current
  current = capture
  try {
    return f()
  } finally {
    current = before
  }
}
