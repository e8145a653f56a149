import { describe, expect, test } from 'vitest'
import { PolynomialError, SubscriptsError } from '../../src/errors.ts'
import { HostArray } from '../../src/math/host-array.ts'
import { SegmentedTensorProductBuilder } from '../../src/polynomials/index.ts'

const builder = (subscripts: string) => new SegmentedTensorProductBuilder(subscripts)

describe('SegmentedTensorProductBuilder', () => {
  test('segments by extents and by mode, paths by number', () => {
    const made = builder('uv,ui,vi')
    expect(made.addSegment(0, [2, 3])).toBe(0)
    expect(made.addSegment(1, { i: 5, u: 2 })).toBe(0)
    expect(made.addSegment(2, [3, 5])).toBe(0)
    const product = made.addPath(0, -1, 0, { c: 2 }).build()
    expect(product.operands.map((operand) => operand.segments)).toEqual([[[2, 3]], [[2, 5]], [[3, 5]]])
    expect(product.paths.map((path) => [path.indices, path.coefficients.data[0]])).toEqual([[[0, 0, 0], 2]])
  })

  test('paths that make segments', () => {
    const product = builder('uv,ui,vi').addPath([2, 3], null, null, { c: 1, dims: { i: 4 } }).addPath(0, { i: 1 }, null, { c: 1 }).build()
    expect(product.operands.map((operand) => operand.segments)).toEqual([
      [[2, 3]],
      [[2, 4], [2, 1]],
      [[3, 4], [3, 1]],
    ])
    expect(product.indices).toEqual([[0, 0, 0], [0, 1, 1]])
    const coupled = builder('ui,uj+ij').addPath(null, null, { c: HostArray.identity(3), dims: { u: 2 } }).build()
    expect(coupled.operands.map((operand) => operand.segments)).toEqual([[[2, 3]], [[2, 3]]])
  })

  test('operands of single numbers', () => {
    const made = SegmentedTensorProductBuilder.emptySegments([2, 3, 0]).addPath(1, -1, null, { c: 5 }).build()
    expect([made.subscripts.text, made.operands.map(({ numSegments }) => numSegments), made.indices]).toEqual([',,', [2, 3, 1], [[1, 2, 0]]])
    expect(() => SegmentedTensorProductBuilder.emptySegments([-1])).toThrow(PolynomialError)
  })

  test('insertion renumbers paths', () => {
    const made = builder('u,u').addPath([2], null, { c: 1 }).addPath([3], null, { c: 2 })
    const product = made.insertSegments(0, 1, [[4], [5]]).insertSegments(1, 0, [[6]]).build()
    expect(product.indices).toEqual([[0, 1], [3, 2]])
    expect(product.operands[0]?.segments).toEqual([[2], [4], [5], [3]])
  })

  test('goes on from a product and leaves it as it is', () => {
    const product = builder('u,u').addPath([2], null, { c: 1 }).build()
    const longer = SegmentedTensorProductBuilder.from(product).addPath(0, 0, { c: 3 }).build()
    expect(product.numPaths).toBe(1)
    expect(longer.numPaths).toBe(2)
  })

  test('builds do not share state with the builder', () => {
    const made = builder('u,u').addPath([2], null, { c: 1 })
    const product = made.build()
    made.addPath(0, 0, { c: 1 }).addSegment(0, [9])
    expect([product.numPaths, product.operands[0]?.numSegments]).toEqual([1, 1])
  })

  test('refuses what does not fit, and says why', () => {
    expect(() => builder('u,u').addPath(null, null, { c: 1 })).toThrow("extent of mode 'u' of operand 0 is not known")
    expect(() => builder('u,u').addPath([2], [3], { c: 1 })).toThrow("mode 'u' is 3 in the segment of operand 1, but 2 elsewhere")
    expect(() => builder('u,u').addPath([2], null, { c: 1, dims: { u: 3 } })).toThrow(PolynomialError)
    expect(() => builder('u,u').addPath([2], null, { c: [1] })).toThrow("coefficients have shape [1], but their modes are ''")
    expect(() => builder('i,i+i').addPath([2], null, { c: [1, 2, 3] })).toThrow('is 2 in the segment of operand 0, but 3 elsewhere')
    expect(() => builder('u,u').addPath([2], { c: 1 })).toThrow('got 1 segments')
    expect(() => builder('u,u').addPath(0, [2], { c: 1 })).toThrow('no segment 0')
    expect(() => builder('u,u').addPath([2], null, { c: 1 }).addPath(-2, 0, { c: 1 })).toThrow('no segment -2')
    expect(() => builder('u,u').addPath({ v: 2 }, null, { c: 1 })).toThrow("names 'v'")
    expect(() => builder('u,u').addPath([2, 2], null, { c: 1 })).toThrow(PolynomialError)
    expect(() => builder('u,u').addPath([2], null, { c: Number.NaN })).toThrow('finite')
    expect(() => builder('u,u').addPath([-2], null, { c: 1 })).toThrow(PolynomialError)
    expect(() => builder('u,u').addSegment(2, [1])).toThrow('no operand 2')
    expect(() => builder('uv,uv').addSegment(0, [1])).toThrow("modes 'uv'")
    expect(() => builder('uv,uv').addSegment(0, { u: 1 })).toThrow("modes 'uv'")
    expect(() => builder('uv,uv').addSegment(0, { u: 1, v: 1, w: 1 })).toThrow(PolynomialError)
    expect(() => builder('u,u').insertSegments(0, 1, [[1]])).toThrow('position 1')
    expect(() => builder('u,v').build()).toThrow(SubscriptsError)
  })

  test('a refused path leaves nothing behind', () => {
    const made = builder('u,uv,v')
    expect(() => made.addPath([2], null, null, { c: 1 })).toThrow(PolynomialError)
    expect(() => made.addPath([2], [2, 3], null, { c: Infinity })).toThrow(PolynomialError)
    expect(() => made.addPath([2], [2, -3], null, { c: 1 })).toThrow(PolynomialError)
    expect(made.build().operands.map((operand) => operand.numSegments)).toEqual([0, 0, 0])
  })
})
