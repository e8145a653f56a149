import { describe, expect, test } from 'vitest'
import { EquivarError, PolynomialError, ShapeError } from '../../src/errors.ts'
import { HostArray } from '../../src/math/index.ts'
import { comparePaths, Path, SegmentedOperand, SegmentedTensorProduct } from '../../src/polynomials/index.ts'

describe('SegmentedOperand', () => {
  const operand = new SegmentedOperand([[2, 3], [1, 4], [5, 1]])

  test('sizes and places', () => {
    expect([operand.ndim, operand.numSegments, operand.size]).toEqual([2, 3, 15])
    expect(operand.segmentSlices).toEqual([[0, 6], [6, 10], [10, 15]])
    expect(operand.getDims(0)).toEqual(new Set([2, 1, 5]))
    expect(() => operand.getDims(2)).toThrow(ShapeError)
  })

  test('uniform or not', () => {
    const uniform = new SegmentedOperand([[2, 3], [2, 3]])
    expect([uniform.allSameSegmentShape, uniform.segmentShape, uniform.segmentSize]).toEqual([true, [2, 3], 6])
    expect(operand.allSameSegmentShape).toBe(false)
    expect(() => operand.segmentShape).toThrow(PolynomialError)
    const empty = new SegmentedOperand([], 2)
    expect([empty.size, empty.ndim, empty.allSameSegmentShape]).toEqual([0, 2, false])
    expect(() => empty.segmentSize).toThrow(PolynomialError)
  })

  test('segments added, inserted, joined', () => {
    expect(operand.addSegment([1, 1]).segments.at(-1)).toEqual([1, 1])
    expect(operand.insertSegment(1, [7, 7]).segments).toEqual([[2, 3], [7, 7], [1, 4], [5, 1]])
    expect(SegmentedOperand.stack([operand, operand]).size).toBe(30)
    expect(SegmentedOperand.emptySegments(3).segments).toEqual([[], [], []])
    expect(operand.numSegments).toBe(3)
    expect(() => operand.addSegment([1])).toThrow(ShapeError)
    expect(() => operand.insertSegment(5, [1, 1])).toThrow(PolynomialError)
  })

  test('axes of extent one dropped', () => {
    expect(new SegmentedOperand([[1, 3, 1], [1, 4, 2]]).squeeze().segments).toEqual([[3, 1], [4, 2]])
    expect(operand.squeeze().equals(operand)).toBe(true)
  })

  test('slices', () => {
    expect(operand.sliceBySegment(1).segments).toEqual([[1, 4], [5, 1]])
    expect(operand.sliceBySegment(0, -1).segments).toEqual([[2, 3], [1, 4]])
    expect(operand.sliceBySize(6, 10).segments).toEqual([[1, 4]])
    expect(operand.sliceBySize(5, 11).segments).toEqual(operand.segments)
    expect(operand.sliceBySize(-5).segments).toEqual([[5, 1]])
    expect(() => operand.sliceBySegment(0.5)).toThrow(PolynomialError)
    expect(() => operand.sliceBySize(0, Number.NaN)).toThrow(PolynomialError)
  })

  test.each([[[[-1, 2]]], [[[1.5, 2]]], [[[Number.NaN, 2]]], [[[Infinity, 2]]], [[[1, 2], [3]]], [[[2 ** 40, 2 ** 40]]]])('refuses segments %j', (segments) => {
    expect(() => new SegmentedOperand(segments)).toThrow(ShapeError)
  })

  test('equality: shapes and their order; one empty shape is not none', () => {
    expect(operand.equals(new SegmentedOperand([[2, 3], [1, 4], [5, 1]]))).toBe(true)
    expect(operand.equals(new SegmentedOperand([[3, 2], [1, 4], [5, 1]]))).toBe(false)
    expect(new SegmentedOperand([[]]).key).not.toBe(new SegmentedOperand([]).key)
    expect(new SegmentedOperand([], 3).equals(new SegmentedOperand([], 1))).toBe(true)
  })

  test('is not changed by the lists it was made from', () => {
    const shape = [2, 3]
    const segments = [shape]
    const own = new SegmentedOperand(segments)
    shape[0] = 100
    segments.push([9, 9])
    expect(own.segments).toEqual([[2, 3]])
  })

  test('a long one prints briefly', () => {
    expect(String(SegmentedOperand.emptySegments(5000)).length).toBeLessThan(60)
    expect(String(operand)).toBe('[(2, 3) (1, 4) (5, 1)]')
  })
})

describe('Path', () => {
  test.each([[[-1, 0]], [[0.5]], [[Number.NaN]]])('refuses segments %j', (indices) => {
    expect(() => new Path(indices, HostArray.scalar(1))).toThrow(PolynomialError)
  })

  test.each([Number.NaN, Infinity, -Infinity])('refuses the coefficient %s', (value) => {
    expect(() => new Path([0], HostArray.from([1, value]))).toThrow(`coefficient 1 is ${value}`)
  })

  test('order: segments, then shapes, then values', () => {
    const path = (indices: readonly number[], c: number[]) => new Path(indices, HostArray.from(c))
    const ordered = [path([0, 9], [5]), path([1, 0], [1]), path([1, 0], [2]), path([1, 0], [0, 0]), path([2], [0])]
    expect([...ordered].reverse().sort(comparePaths)).toEqual(ordered)
  })
})

describe('SegmentedTensorProduct', () => {
  const u = new SegmentedOperand([[2], [3]])
  const one = HostArray.scalar(1)

  test.each<readonly [string, () => unknown, string]>([
    ['a mode that occurs once', () => new SegmentedTensorProduct('u,', [u, new SegmentedOperand([[]])], []), "mode 'u' occurs once"],
    ['a coefficient mode that no operand has', () => new SegmentedTensorProduct('u,u+i', [u, u], []), "'i' occurs in no operand"],
    ['too few operands', () => new SegmentedTensorProduct('u,u', [u], []), '2 operands, but 1'],
    ['an operand of other rank', () => new SegmentedTensorProduct('uv,uv', [u, u], []), "modes 'uv'"],
    ['a segment that does not exist', () => new SegmentedTensorProduct('u,u', [u, u], [new Path([0, 2], one)]), 'segment 2 of operand 1, which has 2'],
    ['extents that differ', () => new SegmentedTensorProduct('u,u', [u, u], [new Path([0, 1], one)]), "extent 3 for mode 'u' in operand 1, but 2"],
    ['too few segments', () => new SegmentedTensorProduct('u,u', [u, u], [new Path([0], one)]), 'names 1 segments for 2'],
    ['coefficients of other rank', () => new SegmentedTensorProduct('u,u', [u, u], [new Path([0, 0], HostArray.from([1, 1]))]), 'coefficients of shape [2]'],
    ['coefficients of other extent', () => new SegmentedTensorProduct('u,u+u', [u, u], [new Path([0, 0], HostArray.from([1, 1, 1]))]), "mode 'u'"],
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(EquivarError)
    expect(make).toThrow(message)
  })
})
