import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as descriptors from '../../src/descriptors/index.ts'
import { PolynomialError } from '../../src/errors.ts'
import { Irreps } from '../../src/irreps/index.ts'
import { HostArray } from '../../src/math/host-array.ts'
import { Path, SegmentedOperand, SegmentedTensorProduct, SegmentedTensorProductBuilder } from '../../src/polynomials/index.ts'
import { randomArray, randomInputs, randomNumbers, randomProduct } from './random-product.ts'

const builder = (subscripts: string) => new SegmentedTensorProductBuilder(subscripts)

/** A product on some operands that exist already. */
function onOperands(text: string, operands: readonly SegmentedOperand[], seed: number): SegmentedTensorProduct {
  const random = randomNumbers(seed)
  const one = new SegmentedTensorProduct(text, operands, [])
  const path = (segment: number) => {
    const indices = operands.map(() => segment)
    const extentOf = (k: number, axis: number) => operands[k]?.segments[segment]?.[axis] ?? 1
    const extents = new Map(one.subscripts.modes.flatMap((mode) => one.subscripts.axesOf(mode).map(([k, axis]) => [mode, extentOf(k, axis)] as const)))
    return new Path(indices, randomArray([...one.subscripts.coefficients].map((mode) => extents.get(mode) ?? 1), random))
  }
  return new SegmentedTensorProduct(text, operands, (operands[0]?.segments ?? []).map((_, segment) => path(segment)))
}

describe('dot', () => {
  test.each([
    ['ui,uj,uk+ijk', 'uk,ul,um+klm'],
    ['ui,uj,uk+ijk', 'uk,ui,uj+ijk'],
    ['uv,iu,iv', 'iv,uv,iu'],
    ['u,u', 'u,u'],
    ['i,ji,j', 'j,ij,i'],
  ])('%s after %s is their composition', (first, second) => {
    fc.assert(
      fc.property(fc.nat({ max: 1000 }), (seed) => {
        const x = randomProduct(first, seed)
        const shared = x.operands[x.numOperands - 1] ?? SegmentedOperand.emptySegments(0)
        // The other operands of y have as many segments; modes that are not shared have extent 2.
        const [sharedModes = '', ...others] = second.split('+')[0]?.split(',') ?? []
        const extentAt = (segment: number, mode: string) => (sharedModes.includes(mode) ? (shared.segments[segment]?.[sharedModes.indexOf(mode)] ?? 0) : 2)
        const operands = others.map((modes) => new SegmentedOperand(shared.segments.map((_, s) => [...modes].map((mode) => extentAt(s, mode))), modes.length))
        const y = onOperands(second, [shared, ...operands], seed)
        const inputs = randomInputs(x, seed)
        const more = randomInputs(y, seed + 1).slice(1)
        const composed = y.evaluate(x.evaluate(...inputs), ...more)
        const joined = x.dot(y, [x.numOperands - 1, 0])
        expect(joined.evaluate(...inputs, ...more).maxAbsDifference(composed)).toBeLessThan(1e-12)
      }),
      { seed: 1, numRuns: 15 },
    )
  })

  test('two products contracted fully but for the ends', () => {
    const x = randomProduct('u,iu,ju,ku+ijk', 5)
    const squared = x.dot(x, [0, 0], [1, 1], [2, 2])
    expect(squared.numOperands).toBe(2)
    // Σ_abc X(a,b,c,·) X(a,b,c,·) is a Gram matrix: symmetric.
    const exchanged = squared.permuteOperands([1, 0]).canonicalizeSubscripts().consolidatePaths()
    const straight = squared.canonicalizeSubscripts().consolidatePaths()
    expect(exchanged.subscripts.text).toBe(straight.subscripts.text)
    expect(exchanged.numPaths).toBe(straight.numPaths)
    const difference = exchanged.stackedCoefficients.maxAbsDifference(straight.stackedCoefficients)
    expect(difference).toBeLessThan(1e-12)
  })

  test('a mode that nothing depends on any more counts as often as it is long', () => {
    const x = builder('iu,iu,u').addPath([3, 2], null, null, { c: 2 }).build()
    const y = builder('iu,iu,u').addPath([3, 2], null, null, { c: 5 }).build()
    const joined = x.dot(y, [0, 0], [1, 1])
    expect([joined.subscripts.text, joined.paths[0]?.coefficients.data[0]]).toEqual(['u,u', 30])
  })

  test('errors', () => {
    const x = builder('u,u').addPath([2], null, { c: 1 }).build()
    const y = builder('u,u').addPath([3], null, { c: 1 }).build()
    expect(() => x.dot(y, [1, 0])).toThrow('subscripts and segments must be the same')
    expect(() => x.dot(builder('v,v').addPath([2], null, { c: 1 }).build(), [1, 0])).toThrow(PolynomialError)
    expect(() => x.dot(x, [1, 2])).toThrow('no pair')
    expect(() => x.dot(x, [0, 0], [0, 1])).toThrow('may be contracted once')
  })
})

describe('trace', () => {
  test('of the outer product is the dot product', () => {
    fc.assert(
      fc.property(fc.constantFrom('ui,uj,uk+ijk', 'uv,iu,iv', 'u,u,u'), fc.nat({ max: 1000 }), (text, seed) => {
        const x = randomProduct(text, seed)
        const y = randomProduct(text, seed, { numPaths: 3 })
        const byDot = x.dot(y, [2, 2]).canonicalizeSubscripts()
        const byTrace = x.dot(y).trace([2, x.numOperands + 2]).canonicalizeSubscripts()
        expect(byTrace.subscripts.text).toBe(byDot.subscripts.text)
        const inputs = randomInputs(byDot, seed)
        expect(byTrace.evaluate(...inputs).maxAbsDifference(byDot.evaluate(...inputs))).toBeLessThan(1e-12)
      }),
      { seed: 2, numRuns: 20 },
    )
  })

  test('of a matrix', () => {
    const matrix = builder('i,j,k+ijk').addPath([2], [2], [1], { c: [[[1], [20]], [[300], [4]]] }).build()
    const vector = builder('k,i,i,k').addPath([1], [3], null, [1], { c: 2 }).build()
    expect(matrix.trace([0, 1]).paths[0]?.coefficients.toNested()).toEqual([5])
    // Nothing depends on i any more, so it counts three times.
    expect(vector.trace([1, 2]).paths[0]?.coefficients.toNested()).toBe(6)
  })

  test('paths between different segments do not count', () => {
    const product = builder(',,').addPath(null, null, null, { c: 1 }).addPath(null, null, 0, { c: 2 }).addPath(0, 1, 0, { c: 4 }).build()
    expect(product.trace([0, 1]).paths.map((path) => path.coefficients.data[0])).toEqual([1, 2])
  })

  test('errors', () => {
    const product = builder('u,v,uv').addPath([2], [2], null, { c: 1 }).build()
    expect(() => product.trace([0, 1])).toThrow('a diagonal')
    expect(() => product.trace([0, 2])).toThrow(PolynomialError)
    expect(() => product.trace([0, 7])).toThrow('no pair')
  })
})

describe('cost', () => {
  const flops = (e: { polynomial: { operations: readonly (readonly [unknown, SegmentedTensorProduct])[] } }) => e.polynomial.operations[0]?.[1]

  test('linear', () => {
    const linear = (a: string, b: string) => descriptors.linear(new Irreps('O3', a), new Irreps('O3', b)).polynomial.flop()
    expect(linear('4x0e', '3x0e')).toBe(27)
    expect(linear('4x0e+2x1o', '3x0e+5x1o')).toBe(93)
  })

  test('fully connected, by operand', () => {
    const irreps = new Irreps('SO3', '4x0+4x1')
    const product = flops(descriptors.fullyConnectedTensorProduct(irreps, irreps, irreps).flattenCoefficientModes())
    expect([0, 1, 2, 3].map((k) => product?.flop(k))).toEqual([1344, 2368, 2368, 2368])
    expect(product?.flop(0, 10)).toBe(13440)
    expect(() => product?.flop(4)).toThrow(PolynomialError)
  })

  test('memory', () => {
    const product = builder('uv,iu,iv').addPath([2, 3], { i: 5 }, null, { c: 1 }).build()
    expect(product.memory([1, 1, 1])).toBe(6 + 10 + 15)
    expect(product.memory([1, 10, 100])).toBe(6 + 100 + 1500)
    expect(() => product.memory([1])).toThrow(PolynomialError)
  })
})

describe('symmetries', () => {
  const scalar = (indices: readonly number[], value: number) => new Path(indices, HostArray.scalar(value))
  const pair = SegmentedOperand.emptySegments(2)

  test('groups of permutations', () => {
    const product = (paths: readonly Path[]) => new SegmentedTensorProduct(',,', [pair, pair, pair], paths)
    expect(product([scalar([0, 0, 0], 1)]).symmetries()).toHaveLength(6)
    expect(product([scalar([0, 1, 0], 1), scalar([1, 0, 0], 1)]).symmetries()).toEqual([[0, 1, 2], [1, 0, 2]])
    expect(product([scalar([0, 1, 0], 1), scalar([1, 0, 0], 2)]).symmetries()).toEqual([[0, 1, 2]])
    expect(product([scalar([0, 0, 1], 1), scalar([1, 0, 0], 1), scalar([0, 1, 0], 1)]).symmetries()).toHaveLength(6)
    const triple = SegmentedOperand.emptySegments(3)
    const cyclic = new SegmentedTensorProduct(',,', [triple, triple, triple], [scalar([0, 1, 2], 1), scalar([1, 2, 0], 1), scalar([2, 0, 1], 1)])
    expect(cyclic.symmetries()).toEqual([[0, 1, 2], [1, 2, 0], [2, 0, 1]])
  })

  test('names of modes and order of coefficient axes play no part', () => {
    const c = randomArray([2, 2], randomNumbers(3))
    const symmetric = builder('i,j+ij').addPath([2], [2], { c: c.add(c.permute([1, 0])) }).build()
    expect(symmetric.symmetries()).toEqual([[0, 1], [1, 0]])
    expect(builder('i,j+ij').addPath([2], [2], { c }).build().symmetries()).toEqual([[0, 1]])
  })
})

describe('symmetrising', () => {
  test('errors', () => {
    const coupled = builder('i,j+ij').addPath([2], [2], { c: HostArray.identity(2) }).build()
    expect(() => coupled.symmetrizeOperands([0, 1])).toThrow(PolynomialError)
    expect(() => coupled.sortIndicesForIdenticalOperands([0, 1])).toThrow('coefficient modes')
    const uneven = builder('u,u').addPath([2], null, { c: 1 }).addSegments(0, [[2]]).build()
    expect(() => uneven.symmetrizeOperands([0, 1])).toThrow(PolynomialError)
    expect(uneven.symmetrizeOperands([0])).toBe(uneven)
  })
})

describe('slices', () => {
  const segments = builder('u,u,').addSegments(0, [[1], [2], [3]]).addSegments(1, [[3], [2]]).addSegments(2, [[], []])
  const product = segments.addPath(1, 1, 0, { c: 1 }).addPath(2, 0, 1, { c: 2 }).build()

  test('by segment', () => {
    const sliced = product.sliceBySegment([1, 3], [0, 1], [])
    expect(sliced.operands.map((operand) => operand.numSegments)).toEqual([2, 1, 2])
    expect(sliced.indices).toEqual([[1, 0, 1]])
    expect(product.sliceBySegment([-2], [undefined, -1], [1]).indices).toEqual([[1, 0, 0]])
  })

  test('by size keeps what overlaps', () => {
    expect(product.sliceBySize([2, 3], [], []).operands[0]?.segments).toEqual([[2]])
    expect(product.sliceBySize([2, 4], [], []).operands[0]?.segments).toEqual([[2], [3]])
    expect(product.sliceBySize([0, 1], [], []).numPaths).toBe(0)
  })

  test('errors', () => {
    expect(() => product.sliceBySegment([0, 1])).toThrow('3 operands, but 1 slices')
    expect(() => product.sliceBySegment([0, 1.5], [], [])).toThrow('[start, end] of integers')
    expect(() => product.sliceBySize([0, 1, 2] as never, [], [])).toThrow('steps are not supported')
    expect(() => product.sliceBySize('all' as never, [], [])).toThrow(PolynomialError)
  })
})

describe('dispatch', () => {
  test('every way has wanted subscripts and the same values', () => {
    const product = randomProduct('uv,iu,jv,kuv+ijk', 11, { fixed: { i: 1, j: 2, k: 2, u: 2, v: 3 }, numBlocks: 1, numPaths: 3 })
    const inputs = randomInputs(product, 11)
    const before = product.evaluate(...inputs)
    const ways = [...product.dispatch(['uv,u,v,uv', 'u,u,,u'], 'permuteAllButLast')]
    expect(ways.length).toBeGreaterThan(0)
    for (const { product: found, permutation } of ways) {
      expect(['uv,u,v,uv', 'u,u,,u']).toContain(found.subscripts.text)
      const moved = permutation.slice(0, -1).map((k) => inputs[k] ?? before)
      expect(found.evaluate(...moved).maxAbsDifference(before)).toBeLessThan(1e-13)
    }
  })

  test('what flattens least comes first', () => {
    const product = builder('uv,uv').addPath([2, 3], null, { c: 1 }).build()
    const subscripts = [...product.dispatch(['u,u', ','], 'permuteNone')].map(({ product: found }) => [found.subscripts.text, found.numPaths])
    expect(subscripts).toEqual([['u,u', 1], ['u,u', 6], [',', 6]])
    expect([...product.dispatch(['u,u,u'], 'permuteAll')]).toEqual([])
  })
})
