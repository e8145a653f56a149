import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, read, scoped } from '../support/numbers.ts'

const vector = (...values: number[]) => eq.array(values, { dtype: 'float64' })

describe('Adam', () => {
  expectNoLeaks()

  /** As the formula is written, number by number. */
  function reference(p: number, gradients: readonly number[], { lr = 0.01, b1 = 0.9, b2 = 0.999, decay = 0, decoupled = false, amsgrad = false }): number {
    let [m, v, largest] = [0, 0, 0]
    for (const [k, gradient] of gradients.entries()) {
      const g = decoupled ? gradient : gradient + decay * p
      if (decoupled) p -= lr * decay * p
      m = b1 * m + (1 - b1) * g
      v = b2 * v + (1 - b2) * g * g
      largest = Math.max(largest, v)
      p -= ((lr / (1 - b1 ** (k + 1))) * m) / (Math.sqrt(amsgrad ? largest : v) / Math.sqrt(1 - b2 ** (k + 1)) + 1e-8)
    }
    return p
  }

  const gradients = [0.7, -3, 0.1, 2, 1e-9]
  for (const decoupled of [false, true])
    for (const amsgrad of [false, true])
      for (const stepAsArray of [false, true])
        test(
          `decoupled ${decoupled}, AMSGrad ${amsgrad}, steps as ${stepAsArray ? 'arrays' : 'numbers'}`,
          scoped(() => {
            let p = vector(0.3)
            let state: eq.AdamState = { mean: eq.zerosLike(p), meanSquare: eq.zerosLike(p), ...(amsgrad ? { maxMeanSquare: eq.zerosLike(p) } : {}) }
            for (const [k, g] of gradients.entries()) {
              const step = stepAsArray ? eq.scalar(k + 1, { dtype: 'float64' }) : k + 1
              const rate = stepAsArray ? eq.scalar(0.01, { dtype: 'float64' }) : 0.01
              ;({ parameter: p, state } = eq.adamUpdate(p, vector(g), state, step, { learningRate: rate, weightDecay: 0.1, decoupled }))
            }
            expectClose(read(p), [reference(0.3, gradients, { decay: 0.1, decoupled, amsgrad })], 1e-14)
          }),
        )

  test(
    'the first step has the size of the learning rate, in float32 too',
    scoped(() => {
      const p = eq.zeros([2])
      const state = { mean: eq.zerosLike(p), meanSquare: eq.zerosLike(p) }
      const { parameter } = eq.adamUpdate(p, eq.array([3, -0.25]), state, eq.scalar(1), { learningRate: 0.01 })
      expectClose(read(parameter), [-0.01, 0.01], 1e-6)
    }),
  )

  test(
    'refuses what does not fit',
    scoped(() => {
      const p = vector(1, 2)
      const state = { mean: eq.zerosLike(p), meanSquare: eq.zerosLike(p) }
      const update = (g: eq.NDArray, options: Partial<eq.AdamOptions> = {}) => eq.adamUpdate(p, g, state, 1, { learningRate: 0.1, ...options })
      expect(() => update(vector(1))).toThrow(ShapeError)
      expect(() => update(eq.array([1, 2], { dtype: 'float32' }))).toThrow(DtypeError)
      expect(() => update(p, { betas: [1, 0.9] })).toThrow(/β₁ is 1/)
      expect(() => update(p, { weightDecay: -1 })).toThrow(InputError)
      expect(() => eq.adamUpdate(eq.array([1]), eq.array([1]), { mean: vector(1), meanSquare: vector(1) }, 1, { learningRate: 1 })).toThrow(DtypeError)
    }),
  )
})

describe('gradient descent', () => {
  expectNoLeaks()

  test.each([
    [{}, [0.93, 1.23]],
    [{ momentum: 0.5 }, [0.93, 1.195]],
    [{ momentum: 0.5, nesterov: true }, [0.895, 1.3275]],
    [{ momentum: 0.5, dampening: 0.2 }, [0.93, 1.135]],
    [{ weightDecay: 1 }, [0.83, 1.047]],
  ])('%j', (options, expected) => {
    eq.scope(() => {
      let p = vector(1)
      let state: eq.SgdState = {}
      for (const [k, g] of [0.7, -3].entries()) {
        ;({ parameter: p, state } = eq.sgdUpdate(p, vector(g), state, { learningRate: 0.1, ...options }))
        expectClose(read(p), [expected[k] ?? Number.NaN], 1e-14)
      }
    })
  })

  test(
    'refuses negative options',
    scoped(() => expect(() => eq.sgdUpdate(vector(1), vector(1), {}, { learningRate: 1, momentum: -1 })).toThrow(InputError)),
  )
})

describe('clipping and averages', () => {
  expectNoLeaks()

  test(
    'a norm over all arrays is brought down to the limit, and left below it',
    scoped(() => {
      const gradients = [vector(3, 0), vector(4)]
      const { gradients: clipped, norm } = eq.clipByGlobalNorm(gradients, 1)
      expectClose(read(norm), [5])
      expectClose(read(eq.globalNorm(clipped)), [1], 1e-6)
      expectClose(read(eq.clipByGlobalNorm(gradients, 10).gradients[0] ?? norm), [3, 0])
      expectClose(read(eq.clipByValue(vector(-3, 0.5, 2), 1)), [-1, 0.5, 1])
      expect(() => eq.clipByGlobalNorm([], 1)).toThrow(InputError)
      expect(() => eq.clipByGlobalNorm(gradients, 0)).toThrow(InputError)
    }),
  )

  test(
    'a moving average follows quickly at first',
    scoped(() => {
      const x = vector(1)
      let shadow = vector(0)
      let expected = 0
      for (let n = 1; n <= 200; n++) {
        const decay = Math.min(0.9, (1 + n) / (10 + n))
        expected -= (1 - decay) * (expected - 1)
        shadow = eq.movingAverage(shadow, x, eq.averageDecay(0.9, eq.scalar(n, { dtype: 'float64' })))
      }
      expectClose(read(shadow), [expected])
      expectClose(read(eq.movingAverage(vector(2), x, 0.75)), [1.75])
      expect(() => eq.movingAverage(vector(2), x, 1)).toThrow(InputError)
    }),
  )
})

describe('schedules', () => {
  test.each([
    ['constant', eq.constantSchedule(2), [2, 2, 2]],
    ['exponential', eq.exponentialSchedule(2, 0.5), [2, 1, 0.5]],
    ['step', eq.stepSchedule(2, 2, 0.1), [2, 2, 0.2]],
    ['linear', eq.linearSchedule(0, 1, 2), [0, 0.5, 1, 1]],
    ['cosine', eq.cosineSchedule(1, 0, 2), [1, 0.5, 0, 0]],
    ['joined', eq.joinSchedules([eq.linearSchedule(0, 1, 2), eq.exponentialSchedule(1, 0.5)], [2]), [0, 0.5, 1, 0.5, 0.25]],
  ] as const)('%s', (_, schedule, expected) => {
    expectClose(expected.map((_value, step) => schedule(step)), expected, 1e-15)
  })

  test('a plateau reduces after its patience, and not while it cools', () => {
    let state = eq.initialPlateau
    const scales = [5, 4, 4, 4, 4, 4, 4, 4, 3].map((metric) => {
      state = eq.plateauStep(state, metric, { factor: 0.5, patience: 1, cooldown: 1 })
      return state.scale
    })
    expect(scales).toEqual([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25])
    expect(state.best).toBe(3)
    expect(eq.plateauStep(eq.plateauStep(eq.initialPlateau, 1, { mode: 'max' }), 2, { mode: 'max' }).best).toBe(2)
  })

  test('refuse what has no meaning', () => {
    expect(() => eq.stepSchedule(1, 0, 1)).toThrow(InputError)
    expect(() => eq.joinSchedules([eq.constantSchedule(1)], [2])).toThrow(InputError)
    expect(() => eq.joinSchedules([eq.constantSchedule(1), eq.constantSchedule(1), eq.constantSchedule(1)], [2, 1])).toThrow(/ascend/)
    expect(() => eq.plateauStep(eq.initialPlateau, 1, { factor: 1 })).toThrow(InputError)
  })
})
