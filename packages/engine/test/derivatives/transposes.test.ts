import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { derivativeRules } from '../../src/primitives/derivatives/table.ts'
import type { ParamsOf, PerInput, PrimitiveName } from '../../src/primitives/names.ts'
import type { TransposeContext } from '../../src/primitives/rules.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const seen = new Set<string>()

/** `⟨ct, P(x)⟩ = ⟨Pᵀ(ct), x⟩` in the inputs that are linear. */
function check<P extends Exclude<PrimitiveName, 'segmentedPolynomial'>>(name: P, inputs: readonly eq.NDArray[], linear: readonly boolean[], params: ParamsOf<P>): void {
  const outputs: readonly eq.NDArray[] = eq.apply(name, inputs as unknown as PerInput<P, eq.NDArray>, params)
  const [y] = outputs
  if (!y) throw new Error('no output')
  const cotangent = randomArray(y.shape, 99)
  const { transpose } = derivativeRules[name]
  if (transpose === 'never linear') throw new Error(`${name} has no transpose`)
  const given = inputs.map((x, i) => (linear[i] ? eq.abstractArray(x.shape, x.dtype) : x))
  const context = { inputs: given, linear, cotangents: [cotangent], params } as unknown as TransposeContext<P>
  const results: readonly (eq.NDArray | undefined)[] = transpose.cotangents(context)
  const dot = (a: eq.NDArray, b: eq.NDArray) => read(eq.sum(eq.mul(a, b)))[0] ?? Number.NaN
  let total = 0
  for (const [i, x] of inputs.entries()) {
    expect(results[i] !== undefined).toBe(linear[i])
    const result = results[i]
    if (result) {
      expect(result.shape).toEqual(x.shape)
      total += dot(result, x)
    }
  }
  expectClose([total], [dot(cotangent, y)], 1e-12)
  seen.add(name)
}

describe('transposes of linear primitives', () => {
  expectNoLeaks()
  const x = (...shape: number[]) => randomArray(shape, shape.length + 1)
  const indices = () => eq.array([2, 0, 2, 1], { dtype: 'int32' })

  test(
    'are their adjoints',
    scoped(() => {
      for (const name of ['identity', 'barrier', 'neg'] as const) check(name, [x(2, 3)], [true], {})
      check('cast', [x(2)], [true], { dtype: 'float64' })
      for (const name of ['add', 'sub'] as const) {
        check(name, [x(2, 3), x(3)], [true, true], {})
        check(name, [x(2, 1), eq.zeros([2, 3], { dtype: 'float64' })], [true, false], {})
        check(name, [eq.zeros([2, 3], { dtype: 'float64' }), x(3)], [false, true], {})
      }
      check('mul', [x(2, 3), x(3)], [true, false], {})
      check('mul', [x(2, 3), x(3)], [false, true], {})
      check('div', [x(3), x(2, 3)], [true, false], {})
      const condition = eq.array([1, 0, 1], { dtype: 'bool' })
      check('where', [condition, x(2, 3), x(2, 1)], [false, true, true], {})
      for (const transposeA of [false, true])
        for (const transposeB of [false, true])
          for (const linear of [[true, false], [false, true]])
            check('matmul', [transposeA ? x(4, 2, 3) : x(4, 3, 2), transposeB ? x(5, 2) : x(2, 5)], linear, { transposeA, transposeB })
      check('sum', [x(2, 3, 4)], [true], { axes: [0, 2] })
      for (const reverse of [false, true]) check('cumulativeSum', [x(2, 3)], [true], { axis: 1, reverse })
      check('broadcastTo', [x(2, 1)], [true], { shape: [4, 2, 3] })
      check('reshape', [x(2, 3)], [true], { shape: [6] })
      check('permute', [x(2, 3, 4)], [true], { axes: [2, 0, 1] })
      check('concatenate', [x(2, 3), x(2, 1)], [true, true], { axis: 1 })
      check('slice', [x(4, 3)], [true], { starts: [1, 0], limits: [3, 2] })
      check('pad', [x(2, 3)], [true], { low: [1, 0], high: [0, 2] })
      check('take', [x(3, 2), indices()], [true, false], {})
      check('segmentSum', [x(4, 2), indices()], [true, false], { numSegments: 5 })
    }),
  )

  test('are all tried', () => {
    const linear = Object.entries(derivativeRules).flatMap(([name, rules]) => (rules.transpose === 'never linear' ? [] : [name]))
    expect([...seen, 'segmentedPolynomial', 'customLinear', 'scan', 'whileLoop', 'cond'].sort()).toEqual(linear.sort())
  })
})
