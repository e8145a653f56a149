import { descriptors, Irreps, O3 } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { array, explainSegmentedPolynomial, grad, scope, segmentedPolynomial, sum, square, track, withMethod, type MethodChoice } from '../../src/index.ts'

const irreps = (text: string) => new Irreps(O3, text)
const { polynomial } = descriptors.symmetricContraction(irreps('4x0e+4x1o+4x2e'), irreps('4x0e+4x1o'), [1, 2, 3])
const numbers = (count: number, seed: number) => Float64Array.from({ length: count }, (_, i) => Math.sin(seed + 1.7 * i))

async function contraction(method: MethodChoice, nodes: number): Promise<Float64Array[]> {
  const results = withMethod(method, () =>
    scope(() => {
      const [w, x] = polynomial.inputs.map(({ size }, k) => track(array(numbers((k === 0 ? 3 : nodes) * size, k), { shape: [k === 0 ? 3 : nodes, size] })))
      if (!w || !x) throw new Error('two inputs')
      const indices = array(Int32Array.from({ length: nodes }, (_, i) => (i * 2) % 3))
      const [y] = segmentedPolynomial(polynomial, [{ array: w, indices }, x])
      if (!y) throw new Error('one output')
      const first = grad(sum(square(y)), [w, x], { createGraph: true })
      const [g = y] = first
      return [y.share(), ...first.map((one) => one.share()), ...grad(sum(square(g)), [w, x])]
    }),
  )
  const data = await Promise.all(results.map(async (result) => Float64Array.from(await result.data())))
  for (const result of results) result.dispose()
  return data
}

describe('weights of many paths, used by many entries', () => {
  it.each([1, 40])('are made into a table, which changes no value and no derivative (%i nodes)', async (nodes) => {
    const [expected, found] = [await contraction('naive', nodes), await contraction('auto', nodes)]
    expect(found).toHaveLength(expected.length)
    for (const [k, values] of expected.entries()) {
      const size = Math.max(...values.map(Math.abs))
      values.forEach((value, i) => expect(Math.abs((found[k]?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-12 * size))
    }
  })

  it('cost fewer operations than the paths', () => {
    const inputs = polynomial.inputs.map(({ size }, k) => array(new Float64Array((k === 0 ? 1 : 50) * size), { shape: [k === 0 ? 1 : 50, size] }))
    const [folded, plain] = [explainSegmentedPolynomial(polynomial, inputs), explainSegmentedPolynomial(polynomial, inputs, { method: 'naive' })]
    expect(folded.flops).toBeLessThan(plain.flops / 2)
    for (const input of inputs) input.dispose()
  })
})
