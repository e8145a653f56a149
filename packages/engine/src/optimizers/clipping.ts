import { InputError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { add, maximum, minimum, mul, reciprocal, sqrt, square } from '../functions/elementwise.ts'
import { sum } from '../functions/structure.ts'
import { scope } from '../memory/scope.ts'

export interface ClippedGradients {
  readonly gradients: readonly NDArray[]
  /** The norm before, no axes. */
  readonly norm: NDArray
}

/** `√(Σ_k Σ g_k²)` over all arrays of a list, no axes. @throws {InputError} for an empty list. */
export function globalNorm(arrays: readonly NDArray[]): NDArray {
  return scope(() => {
    let total: NDArray | undefined
    for (const x of arrays) total = total ? add(total, sum(square(x))) : sum(square(x))
    if (!total) throw new InputError('globalNorm: needs at least one array')
    return sqrt(total)
  })
}

/**
 * `g_k ← g_k · min(1, c / (‖g‖ + 1e-6))` with the norm over all gradients together, which is then at most c.
 *
 * Source: Pascanu, Mikolov, Bengio, arXiv:1211.5063.
 *
 * @throws {InputError} unless `maxNorm` is positive, or if there are no gradients.
 */
export function clipByGlobalNorm(gradients: readonly NDArray[], maxNorm: number): ClippedGradients {
  requirePositive('clipByGlobalNorm', 'maxNorm', maxNorm)
  return scope(() => {
    const norm = globalNorm(gradients)
    const factor = minimum(mul(reciprocal(add(norm, 1e-6)), maxNorm), 1)
    return { gradients: gradients.map((g) => mul(g, factor)), norm }
  })
}

/** `y = min(max(x, −limit), limit)`. @throws {InputError} unless `limit` is positive. */
export function clipByValue(x: NDArray, limit: number): NDArray {
  requirePositive('clipByValue', 'limit', limit)
  return scope(() => minimum(maximum(x, -limit), limit))
}

function requirePositive(what: string, name: string, value: number): void {
  if (!(value > 0)) throw new InputError(`${what}: ${name} is ${value}; it must be positive`)
}
