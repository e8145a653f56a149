import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, read, scoped } from '../support/numbers.ts'

describe('second moments', () => {
  expectNoLeaks()

  test('normalspace divides the normal distribution into equal parts', () => {
    // Φ⁻¹(0.25), Φ⁻¹(0.975), Φ⁻¹(1e-12) from tables of the normal distribution.
    expectClose(eq.normalspace(3), [-0.6744897501960817, 0, 0.6744897501960817], 1e-15)
    expectClose([eq.normalspace(39)[38] ?? 0], [1.959963984540054], 1e-15)
    expect(Math.max(...eq.normalspace(99_999))).toBeCloseTo(4.264890793922602, 11)
    expect(eq.normalspace(0)).toHaveLength(0)
    expect(() => eq.normalspace(-1)).toThrow(InputError)
  })

  test.each([
    ['silu', eq.silu, 0.59645869],
    ['tanh', eq.tanh, 0.62792825],
    ['gelu', eq.gelu, 0.6520591],
    ['sigmoid', eq.sigmoid, 0.54164457],
    ['relu', eq.relu, 0.70709789],
    ['sin', eq.sin, 0.65751954],
  ] as const)('%s', (_, f, expected) => {
    expect(eq.rootSecondMoment(f)).toBeCloseTo(expected, 8)
    eq.scope(() => {
      const x = eq.array([0.5], { dtype: 'float64' })
      expectClose(read(eq.normalizeFunction(f)(x)), read(eq.div(f(x), eq.rootSecondMoment(f))))
    })
  })

  test(
    'e3nn has constants of its own for some',
    scoped(() => {
      const x = eq.array([0.5], { dtype: 'float64' })
      expectClose(read(eq.normalize2mom(eq.silu)(x)), read(eq.mul(eq.silu(x), 1.6791767923989418)))
      expectClose(read(eq.normalize2mom(eq.sin)(x)), read(eq.normalizeFunction(eq.sin)(x)))
    }),
  )

  test('a function that is normalised stays, one that is 0 cannot be', () => {
    const f = (x: eq.NDArray) => eq.div(x, eq.rootSecondMoment(eq.identity))
    expect(eq.normalizeFunction(f)).toBe(f)
    expect(() => eq.normalizeFunction((x) => eq.mul(x, 0))).toThrow(InputError)
    expect(() => eq.rootSecondMoment((x) => eq.sum(x))).toThrow(InputError)
  })

  test.each([
    ['cos', eq.cos, 1],
    ['sin', eq.sin, -1],
    ['exp', eq.exp, 0],
    ['abs', eq.abs, 1],
  ] as const)('parity of %s', (_, f, parity) => expect(eq.functionParity(f)).toBe(parity))
})

describe('initialisers', () => {
  expectNoLeaks()

  const moments = (x: eq.NDArray) => {
    const values = read(x)
    return values.reduce((sum, value) => sum + value * value, 0) / values.length
  }

  test.each([
    [{}, 1 / 50],
    [{ scale: 2 }, 2 / 50],
    [{ mode: 'fanOut' }, 1 / 200],
    [{ mode: 'fanAverage' }, 1 / 125],
    [{ inAxis: 1, outAxis: 0 }, 1 / 200],
    [{ distribution: 'uniform' }, 1 / 50],
  ] as const)('%j', (options, variance) => {
    eq.scope(() => {
      const x = eq.varianceScaling([50, 200], { seed: 3, dtype: 'float64', ...options })
      expect(moments(x) / variance).toBeCloseTo(1, 1)
    })
  })

  test('axes beside inputs and outputs are positions', () => {
    eq.scope(() => expect(moments(eq.varianceScaling([9, 50, 200], { seed: 3 })) * 450).toBeCloseTo(1, 1))
  })

  test('refuse what has no fans', () => {
    expect(() => eq.varianceScaling([3], { seed: 1 })).toThrow(ShapeError)
    expect(() => eq.varianceScaling([3, 0], { seed: 1 })).toThrow(ShapeError)
    expect(() => eq.varianceScaling([3, 3], { seed: 1, inAxis: 1 })).toThrow(ShapeError)
    expect(() => eq.varianceScaling([3, 3], { seed: 1, scale: 0 })).toThrow(InputError)
    expect(() => eq.varianceScaling([3, 3], { seed: 1, dtype: 'int32' })).toThrow(DtypeError)
  })
})
