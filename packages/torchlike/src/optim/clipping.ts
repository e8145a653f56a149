import * as engine from '@equivar/engine'
import type { Parameter } from '../module/parameter.ts'
import { Tensor } from '../tensor/tensor.ts'

/**
 * Scales all gradients, in place, so that their norm together is at most `maxNorm`; gives the norm before, a tensor of no axes (0 without
 * gradients). See the engine's `clipByGlobalNorm`.
 *
 * @throws {InputError} unless `maxNorm` is positive.
 */
export function clipGradNorm_(params: Iterable<Parameter>, maxNorm: number): Tensor {
  const owners = [...params].filter((parameter) => parameter.grad !== null)
  const arrays = owners.flatMap(({ grad }) => (grad ? [grad.array] : []))
  if (arrays.length === 0) return new Tensor(engine.scalar(0))
  const { gradients, norm } = engine.noGrad(() => engine.clipByGlobalNorm(arrays, maxNorm))
  replaceGradients(owners, gradients)
  return new Tensor(norm)
}

/** Limits every element of every gradient to ±`limit`, in place. @throws {InputError} unless the limit is positive. */
export function clipGradValue_(params: Iterable<Parameter>, limit: number): void {
  const owners = [...params].filter((parameter) => parameter.grad !== null)
  const clipped = owners.flatMap(({ grad }) => (grad ? [engine.noGrad(() => engine.clipByValue(grad.array, limit))] : []))
  replaceGradients(owners, clipped)
}

function replaceGradients(owners: readonly Parameter[], gradients: readonly engine.NDArray[]): void {
  for (const [i, owner] of owners.entries()) {
    const gradient = gradients[i]
    if (!gradient) continue
    owner.grad = engine.unscoped(() => new Tensor(gradient.share()))
    gradient.dispose()
  }
}
