import { InternalError } from '@equivar/core'
import type { NDArray } from '@equivar/engine'

/** The result of a polynomial with one output. */
export function single(outputs: readonly NDArray[]): NDArray {
  const [output] = outputs
  if (!output || outputs.length > 1) throw new InternalError(`expected one output, got ${outputs.length}`)
  return output
}
