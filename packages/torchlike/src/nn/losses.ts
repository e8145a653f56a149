import { InputError, ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import type { Tensor } from '../tensor/tensor.ts'

/** What becomes of the losses of single elements. */
export type Reduction = 'mean' | 'sum' | 'none'

export interface LossOptions {
  /** Default `'mean'`. */
  readonly reduction?: Reduction
}

/** `(x − y)²` @throws {ShapeError} if shapes differ. */
export function mseLoss(x: Tensor, y: Tensor, options: LossOptions = {}): Tensor {
  requireAlike('mseLoss', x, y)
  return reduced(x.sub(y).square(), options)
}

/** `|x − y|` @throws {ShapeError} if shapes differ. */
export function l1Loss(x: Tensor, y: Tensor, options: LossOptions = {}): Tensor {
  requireAlike('l1Loss', x, y)
  return reduced(x.sub(y).abs(), options)
}

export interface HuberOptions extends LossOptions {
  /** Where squares turn into straight lines, a number or a tensor that broadcasts. Default 1. */
  readonly delta?: number | Tensor
}

/** `½ d²` where |d| ≤ δ, else `δ (|d| − ½ δ)`, of d = x − y. @throws {ShapeError} if shapes differ. @throws {InputError} unless δ is positive. */
export function huberLoss(x: Tensor, y: Tensor, { delta = 1, ...options }: HuberOptions = {}): Tensor {
  requireAlike('huberLoss', x, y)
  if (typeof delta === 'number' && !(delta > 0)) throw new InputError(`huberLoss: delta is ${delta}; it must be positive`)
  const limit = typeof delta === 'number' ? delta : delta.array
  const each = compute(() => {
    const d = engine.sub(x.array, y.array)
    const size = engine.abs(d)
    const line = engine.sub(engine.mul(size, limit), typeof limit === 'number' ? limit * limit * 0.5 : engine.mul(engine.square(limit), 0.5))
    return engine.where(engine.lessEqual(size, limit), engine.mul(engine.square(d), 0.5), line)
  })
  return reduced(each, options)
}

function reduced(each: Tensor, { reduction = 'mean' }: LossOptions): Tensor {
  return reduction === 'none' ? each : reduction === 'sum' ? each.sum() : each.mean()
}

function requireAlike(what: string, x: Tensor, y: Tensor): void {
  if (x.shape.join() !== y.shape.join()) throw new ShapeError(`${what}: shapes [${x.shape.join(', ')}] and [${y.shape.join(', ')}] differ; reshape one of them`)
}
