import { adamUpdate, zerosLike } from '@equivar/engine'
import { InputError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import { DeviceArray, grad, jit, numpy as np, optimizers, tree, type GradientTransformation } from '../../src/index.ts'
import { expectClose, randomArray } from '../support/numbers.ts'

interface Params {
  readonly w: DeviceArray
  readonly b: DeviceArray
}

const initial: Params = { w: randomArray([3, 2], 1), b: randomArray([2], 2) }
const loss = ({ w, b }: Params) => np.sum(np.square(w.sub(0.3))).add(np.sum(np.square(b.add(0.7))))

function trained(optimizer: GradientTransformation, steps: number, compiled = false): Params {
  const once = (p: Params, s: object) => {
    const [updates, next] = optimizer.update(grad(loss)(p), s, p)
    return { params: optimizers.applyUpdates(p, updates), state: next }
  }
  using program = jit(once)
  const step = compiled ? program : once
  let [params, state] = [initial, optimizer.init(initial)]
  for (let k = 0; k < steps; k++) ({ params, state } = step(params, state))
  expect(program.statistics().map(({ traces }) => traces)).toEqual(compiled ? [1] : [])
  return params
}

describe('gradient transformations', () => {
  const all: readonly (readonly [string, GradientTransformation])[] = [
    ['adam', optimizers.adam(0.05)],
    ['amsgrad', optimizers.amsgrad(0.05)],
    ['adamw', optimizers.adamw(0.05, { weightDecay: 1e-4 })],
    ['sgd', optimizers.sgd(0.1)],
    ['momentum', optimizers.sgd(0.05, { momentum: 0.5, nesterov: true })],
    [
      'a chain',
      optimizers.chain(
        optimizers.clipByGlobalNorm(1),
        optimizers.addDecayedWeights(1e-4),
        optimizers.adam(optimizers.cosineDecay(0.1, 300, 0.01)),
        optimizers.scale(1),
      ),
    ],
  ]
  test.each(all)('%s finds the minimum, eager and as a program', async (_, optimizer) => {
    const { w, b } = trained(optimizer, 120)
    await expectClose(w, np.full([3, 2], 0.3, { dtype: 'float64' }), 0.05)
    await expectClose(b, np.full([2], -0.7, { dtype: 'float64' }), 0.05)
    const [eager, compiled] = [trained(optimizer, 3), trained(optimizer, 3, true)]
    await expectClose(compiled.w, eager.w, 1e-12)
  })

  test('are the engine’s formulas', async () => {
    const g = grad(loss)(initial)
    const expected = adamUpdate(initial.w.ndarray, g.w.ndarray, { mean: zerosLike(g.w.ndarray), meanSquare: zerosLike(g.w.ndarray) }, 1, { learningRate: 0.05 })
    await expectClose(trained(optimizers.adam(0.05), 1).w, new DeviceArray(expected.parameter), 1e-6)
    const decayed = adamUpdate(initial.w.ndarray, g.w.ndarray, { mean: zerosLike(g.w.ndarray), meanSquare: zerosLike(g.w.ndarray) }, 1, {
      learningRate: 0.05,
      weightDecay: 0.1,
      decoupled: true,
    })
    await expectClose(trained(optimizers.adamw(0.05, { weightDecay: 0.1 }), 1).w, new DeviceArray(decayed.parameter), 1e-6)
  })

  test('schedules, averages and limits', async () => {
    const at = async (schedule: optimizers.Schedule, step: number) => schedule(np.array(step, { dtype: 'float64' })).item()
    expect(await at(optimizers.exponentialDecay(2, 10, 0.5), 20)).toBeCloseTo(0.5, 12)
    expect(await at(optimizers.cosineDecay(1, 10), 5)).toBeCloseTo(0.5, 12)
    expect(await at(optimizers.linearSchedule(0, 1, 4), 9)).toBe(1)
    const warm = optimizers.warmup(2, 4, optimizers.cosineDecay(2, 10))
    expect([await at(warm, 2), await at(warm, 4), await at(warm, 14)].map((value) => Math.round(value * 1e9) / 1e9)).toEqual([1, 2, 0])
    const average = optimizers.ema(initial, tree.map((p) => p.mul(2), initial), 0.9)
    await expectClose(average.w, initial.w.mul(1.1), 1e-14)
    const [clipped] = optimizers.clipByGlobalNorm(0.5).update(initial, {}, initial)
    const size = np.sum(np.square(clipped.w)).add(np.sum(np.square(clipped.b)))
    expect(await size.item()).toBeCloseTo(0.25, 5)
    expect(() => optimizers.clipByGlobalNorm(0)).toThrow(InputError)
    expect(() => optimizers.cosineDecay(1, 0)).toThrow(InputError)
    expect(() => optimizers.adam(0.1).init({})).toThrow(/no parameters/)
    const adam = optimizers.adam(0.1)
    expect(() => adam.update(initial, adam.init([initial.b]), initial)).toThrow(/belongs to other parameters/)
  })
})
