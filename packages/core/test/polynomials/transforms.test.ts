import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HostArray } from '../../src/math/host-array.ts'
import type { SegmentedTensorProduct } from '../../src/polynomials/index.ts'
import { randomInputs, randomProduct } from './random-product.ts'

const texts = ['i,j,ij', 'ui,ui', 'ui,ju,jiuv,v', 'uv,iu,iv', 'u,iu,ju,ku+ijk', 'uvw,iu,jv,kw+ijk', 'iu,ju,u+ij', 'uvi,uvj,uv+ij', ',,', 'u,u,u,u']

/** Every rewrite in the list leaves the values of the last operand as they are. */
function expectUnchanged(rewrite: (product: SegmentedTensorProduct) => SegmentedTensorProduct): void {
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.nat({ max: 1000 }), (text, seed) => {
      const product = randomProduct(text, seed)
      const inputs = randomInputs(product, seed)
      const before = product.evaluate(...inputs)
      const after = rewrite(product).evaluate(...inputs)
      expect(after.maxAbsDifference(before)).toBeLessThan(1e-13)
    }),
    { seed: 1, numRuns: 60 },
  )
}

describe('rewrites leave values unchanged', () => {
  test('canonical subscripts', () => expectUnchanged((product) => product.canonicalizeSubscripts()))
  test('squeeze', () => expectUnchanged((product) => product.squeezeModes()))
  test('flatten what can be flattened', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat({ max: 1000 }), fc.boolean(), (text, seed, skipZeros) => {
        const product = randomProduct(text, seed)
        const inputs = randomInputs(product, seed)
        const before = product.evaluate(...inputs)
        for (const modes of product.subscripts.flattenablePowerset())
          expect(product.flattenModes(modes, { skipZeros }).evaluate(...inputs).maxAbsDifference(before)).toBeLessThan(1e-13)
      }),
      { seed: 2, numRuns: 40 },
    )
  })
  test('flatten by force', () => expectUnchanged((product) => product.flattenModes(product.subscripts.modes.slice(-1), { force: true })))
  test('flatten coefficients', () => expectUnchanged((product) => product.flattenCoefficientModes({ force: true })))
  test('consolidate modes', () => expectUnchanged((product) => product.consolidateModes()))
  test('fuse, consolidate, remove zero paths', () => {
    expectUnchanged((product) => product.fusePathsWithSameIndices())
    expectUnchanged((product) => product.consolidatePaths())
    expectUnchanged((product) => product.removeZeroPaths())
    expectUnchanged((product) => product.removeEmptySegments())
    expectUnchanged((product) => product.sortPaths())
    expectUnchanged((product) => product.sortPaths(1))
  })
  test('a mode appended to all operands', () => {
    expectUnchanged((product) => product.appendModesToAllOperands('z', { z: 1 }))
    const product = randomProduct('uv,iu,iv', 5)
    const inputs = randomInputs(product, 5)
    const wide = product.appendModesToAllOperands('z', { z: 2 })
    const twice = ({ shape: [batch = 0, size = 0], data }: HostArray, factor: number) =>
      HostArray.from([...data].flatMap((x) => [x, factor * x]), [batch, 2 * size])
    const result = wide.evaluate(...inputs.map((input) => twice(input, 3)))
    expect(result.maxAbsDifference(twice(product.evaluate(...inputs), 9))).toBeLessThan(1e-13)
    expect(wide.subscripts.text).toBe('uvz,iuz,ivz')
  })
  test('split a mode', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1000 }), fc.constantFrom(1, 2, 3, 6), (seed, size) => {
        const product = randomProduct('uvi,uj,uvk+ijk', seed, { fixed: { u: 6 } })
        const inputs = randomInputs(product, seed)
        const before = product.evaluate(...inputs)
        const split = product.splitMode('u', size)
        expect([...split.getDims('u')]).toEqual([size])
        expect(split.evaluate(...inputs).maxAbsDifference(before)).toBeLessThan(1e-13)
      }),
      { seed: 3, numRuns: 20 },
    )
  })
  test('operands moved: the same multilinear form', () => {
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat({ max: 1000 }), (text, seed) => {
        const product = randomProduct(text, seed)
        const inputs = randomInputs(product, seed, [])
        const last = randomInputs(product.moveOperandFirst(-1), seed, [])[0] ?? HostArray.zeros([0])
        const form = dotProduct(product.evaluate(...inputs), last)
        for (let k = 0; k < product.numOperands; k++) {
          const moved = product.moveOperandLast(k)
          const all = [...inputs, last]
          const [own] = all.splice(k, 1)
          expect(Math.abs(dotProduct(moved.evaluate(...all), own ?? last) - form)).toBeLessThan(1e-12)
        }
      }),
      { seed: 4, numRuns: 30 },
    )
  })
  test('identical operands sorted and symmetrised', () => {
    fc.assert(
      fc.property(fc.constantFrom('u,u,u,u', 'w,u,u,wu', 'ui,uj,uj,uij', ',,,,'), fc.nat({ max: 1000 }), (text, seed) => {
        const product = randomProduct(text, seed, { fixed: { u: 2, w: 2, i: 1, j: 3 }, numPaths: 12 })
        const [first = HostArray.zeros([0]), x = first] = randomInputs(product, seed)
        const inputs = product.operands.slice(0, -1).map((_, k) => (k === 0 ? first : x))
        const same = inputs.map((_, k) => k).slice(1)
        const before = product.evaluate(...inputs)
        const sorted = product.sortIndicesForIdenticalOperands(same)
        const symmetric = product.symmetrizeOperands(same)
        expect(sorted.evaluate(...inputs).maxAbsDifference(before)).toBeLessThan(1e-13)
        expect(symmetric.evaluate(...inputs).maxAbsDifference(before)).toBeLessThan(1e-13)
        expect(symmetric.symmetrizeOperands(same)).toBe(symmetric)
        expect(symmetric.symmetries().length).toBeGreaterThanOrEqual(same.length === 3 ? 6 : 2)
        expect(sorted.symmetrizeOperands(same).key).toBe(symmetric.key)
        expect(symmetric.sortIndicesForIdenticalOperands(same).numPaths).toBe(sorted.numPaths)
      }),
      { seed: 5, numRuns: 30 },
    )
  })
})

function dotProduct(a: HostArray, b: HostArray): number {
  return a.data.reduce((sum, value, i) => sum + value * (b.data[i] ?? Number.NaN), 0)
}
