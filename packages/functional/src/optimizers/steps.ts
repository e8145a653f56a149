import { adamUpdate, clipByGlobalNorm as clip, movingAverage, sgdUpdate, zerosLike, type NDArray } from '@equivar/engine'
import { InputError } from '@equivar/core'
import { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { map } from '../tree/map.ts'
import { flatten, unflatten } from '../tree/structure.ts'
import type { LearningRate } from './schedules.ts'
import type { GradientTransformation, OptimizerState } from './transformation.ts'

export interface AdamOptions {
  /** β₁ and β₂, default 0.9 and 0.999. */
  readonly betas?: readonly [number, number]
  /** ε, default 1e-8. */
  readonly epsilon?: number
}

export interface AdamwOptions extends AdamOptions {
  /** λ, default 0.01. */
  readonly weightDecay?: number
}

interface AdamState {
  readonly step: DeviceArray
  readonly mean: readonly DeviceArray[]
  readonly meanSquare: readonly DeviceArray[]
  readonly maxMeanSquare?: readonly DeviceArray[]
}

/**
 * Adam: `u = −η / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)`; see `adamUpdate` of the engine.
 *
 * Source: Kingma, Ba, arXiv:1412.6980.
 */
export function adam(learningRate: LearningRate, options: AdamOptions = {}): GradientTransformation {
  return adamWith(learningRate, options, false)
}

/** Adam with the largest second moments so far. Source: Reddi, Kale, Kumar, arXiv:1904.09237. */
export function amsgrad(learningRate: LearningRate, options: AdamOptions = {}): GradientTransformation {
  return adamWith(learningRate, options, true)
}

/** Adam with weights that decay by themselves: `u ← u − η λ p`. Source: Loshchilov, Hutter, arXiv:1711.05101. */
export function adamw(learningRate: LearningRate, { weightDecay = 0.01, ...options }: AdamwOptions = {}): GradientTransformation {
  const inner = adam(learningRate, options)
  return {
    init: (params) => inner.init(params),
    update(gradients, state, params) {
      const { step } = state as AdamState
      const [updates, next] = inner.update(gradients, state, params)
      return [map((u, p = u) => u.sub(p.mul(rateAt(learningRate, step, p)).mul(weightDecay)), updates, params), next]
    },
  }
}

function adamWith(learningRate: LearningRate, options: AdamOptions, keepsLargest: boolean): GradientTransformation {
  return {
    init(params) {
      const [leaves] = flatten(params)
      const zeros = () => leaves.map((p) => np.zerosLike(p))
      return { step: counter(leaves), mean: zeros(), meanSquare: zeros(), ...(keepsLargest ? { maxMeanSquare: zeros() } : {}) } satisfies AdamState
    },
    update<P>(gradients: P, state: OptimizerState) {
      const [leaves, structure] = flatten(gradients)
      const own = state as AdamState
      const step = own.step.add(1)
      const found = leaves.map((g, k) => {
        const moments = { mean: required(own.mean[k]), meanSquare: required(own.meanSquare[k]), maxMeanSquare: own.maxMeanSquare?.[k]?.ndarray }
        const rate = rateAt(learningRate, own.step, g).ndarray
        // The update of a parameter that is 0 is the update itself.
        return adamUpdate(zerosLike(g.ndarray), g.ndarray, moments, step.astype(g.dtype).ndarray, { learningRate: rate, ...options })
      })
      const list = (of: (result: (typeof found)[number]) => NDArray) => found.map((result) => new DeviceArray(of(result)))
      const next: AdamState = {
        step,
        mean: list((result) => result.state.mean),
        meanSquare: list((result) => result.state.meanSquare),
        ...(keepsLargest ? { maxMeanSquare: list((result) => result.state.maxMeanSquare ?? result.state.meanSquare) } : {}),
      }
      return [unflatten(structure, list(({ parameter }) => parameter)) as P, next] as const
    },
  }
}

export interface SgdOptions {
  /** μ, default 0. */
  readonly momentum?: number
  /** Look ahead along the velocity; needs momentum. Default false. */
  readonly nesterov?: boolean
}

interface SgdState {
  readonly step: DeviceArray
  readonly velocity: readonly DeviceArray[]
}

/** Gradient descent: `b ← μ b + g`, `u = −η b`; see `sgdUpdate` of the engine. */
export function sgd(learningRate: LearningRate, options: SgdOptions = {}): GradientTransformation {
  return {
    init(params) {
      const [leaves] = flatten(params)
      return { step: counter(leaves), velocity: leaves.map((p) => np.zerosLike(p)) } satisfies SgdState
    },
    update<P>(gradients: P, state: OptimizerState) {
      const [leaves, structure] = flatten(gradients)
      const own = state as SgdState
      const found = leaves.map((g, k) => {
        const rate = rateAt(learningRate, own.step, g).ndarray
        return sgdUpdate(zerosLike(g.ndarray), g.ndarray, { velocity: required(own.velocity[k]) }, { learningRate: rate, ...options })
      })
      const next: SgdState = {
        step: own.step.add(1),
        velocity: found.map((result, k) => (result.state.velocity ? new DeviceArray(result.state.velocity) : new DeviceArray(required(own.velocity[k])))),
      }
      return [unflatten(structure, found.map(({ parameter }) => new DeviceArray(parameter))) as P, next] as const
    },
  }
}

/** `g ← g · min(1, c / (‖g‖ + 1e-6))`, the norm over all gradients together. @throws {InputError} unless c is positive. */
export function clipByGlobalNorm(maxNorm: number): GradientTransformation {
  if (!(maxNorm > 0)) throw new InputError(`clipByGlobalNorm: the norm is ${maxNorm}; it must be positive`)
  return {
    init: () => ({}),
    update<P>(gradients: P, state: OptimizerState) {
      const [leaves, structure] = flatten(gradients)
      const clipped = clip(leaves.map(({ ndarray }) => ndarray), maxNorm).gradients
      return [unflatten(structure, clipped.map((g) => new DeviceArray(g))) as P, state] as const
    },
  }
}

/** `g ← g + λ p`: weight decay in the gradient, in front of an optimiser. */
export function addDecayedWeights(weightDecay: number): GradientTransformation {
  return { init: () => ({}), update: (gradients, state, params) => [map((g, p = g) => g.add(p.mul(weightDecay)), gradients, params), state] }
}

/** Exponential moving average of a tree: `s ← s − (1 − d)(s − x)`. @throws {InputError} unless d is in [0, 1) or structures differ. */
export function ema<T>(average: T, x: T, decay: number): T {
  return map((s, own = s) => new DeviceArray(movingAverage(s.ndarray, own.ndarray, decay)), average, x)
}

/** Steps that were made, as an array, so that programs serve all of them. */
function counter(leaves: readonly DeviceArray[]): DeviceArray {
  const [first] = leaves
  if (!first) throw new InputError('optimizers: there are no parameters')
  return np.zeros([], { dtype: 'float32', device: first.device })
}

function rateAt(rate: LearningRate, step: DeviceArray, { dtype, device }: DeviceArray): DeviceArray {
  if (typeof rate === 'number') return np.array(rate, { dtype, device })
  return (typeof rate === 'function' ? rate(step) : rate).astype(dtype)
}

function required(x: DeviceArray | undefined): NDArray {
  if (!x) throw new InputError('optimizers: the state belongs to other parameters; make it by init(params)')
  return x.ndarray
}
