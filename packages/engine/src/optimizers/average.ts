import type { NDArray } from '../array/ndarray.ts'
import { add, div, minimum, mul, sub } from '../functions/elementwise.ts'
import type { Operand } from '../functions/operands.ts'
import { scope } from '../memory/scope.ts'
import { requireAlike, requireFraction } from './checks.ts'

/**
 * Exponential moving average: `s ← s − (1 − d)(s − x)`. The decay d may be an array of one element.
 *
 * @throws {ShapeError} {DtypeError} if the two differ. @throws {InputError} if d is no number in [0, 1).
 */
export function movingAverage(shadow: NDArray, x: NDArray, decay: Operand): NDArray {
  if (typeof decay === 'number') requireFraction('movingAverage', 'decay', decay)
  requireAlike('movingAverage', x, { average: shadow })
  return scope(() => {
    const rate = typeof decay === 'number' ? 1 - decay : sub(1, decay)
    return sub(shadow, mul(sub(shadow, x), rate))
  })
}

/** The decay of the n-th update that lets early averages follow quickly: `min(d, (1 + n) / (10 + n))`. */
export function averageDecay(decay: number, update: NDArray): NDArray {
  requireFraction('averageDecay', 'decay', decay)
  return scope(() => minimum(div(add(update, 1), add(update, 10)), decay))
}
