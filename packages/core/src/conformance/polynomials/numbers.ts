import type { FloatScalar } from '../../lowering/index.ts'

export const numbersModes = ['f32', 'f64', 'f32ComputedInF64', 'f64ComputedInF32', 'mixed'] as const
/** Element types in memory, and that of the arithmetic. */
export type NumbersMode = (typeof numbersModes)[number]

export interface Numbers {
  readonly inputs: readonly FloatScalar[]
  readonly outputs: readonly FloatScalar[]
  readonly math: FloatScalar
}

export function numbersOf(mode: NumbersMode, numInputs: number, numOutputs: number): Numbers {
  const all = (memory: FloatScalar, math: FloatScalar): Numbers => ({
    inputs: Array.from({ length: numInputs }, () => memory),
    outputs: Array.from({ length: numOutputs }, () => memory),
    math,
  })
  switch (mode) {
    case 'f32':
      return all('f32', 'f32')
    case 'f64':
      return all('f64', 'f64')
    case 'f32ComputedInF64':
      return all('f32', 'f64')
    case 'f64ComputedInF32':
      return all('f64', 'f32')
    case 'mixed':
      return {
        inputs: Array.from({ length: numInputs }, (_, i) => (i % 2 === 0 ? 'f64' : 'f32')),
        outputs: Array.from({ length: numOutputs }, (_, o) => (o % 2 === 0 ? 'f32' : 'f64')),
        math: 'f64',
      }
  }
}

/** Whether a mode has element types or arithmetic of 64 bits. */
export function needsF64(mode: NumbersMode): boolean {
  return mode !== 'f32'
}

/**
 * Largest `max |a − b| / max |b|` that arithmetic of a type may bring: that of the operation, and the rounding of what is stored.
 */
export function toleranceOf(math: FloatScalar, memory: FloatScalar): number {
  if (math === 'f32') return 1e-5
  return memory === 'f32' ? 2e-7 : 1e-12
}
