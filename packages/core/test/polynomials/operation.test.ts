import { describe, expect, test } from 'vitest'
import { PolynomialError } from '../../src/errors.ts'
import { HostArray } from '../../src/math/index.ts'
import { Operation, Path, SegmentedOperand, SegmentedTensorProduct } from '../../src/polynomials/index.ts'

describe('Operation', () => {
  test('buffers', () => {
    const operation = new Operation([1, 2, 0])
    expect(operation.outputOperand(2)).toBe(1)
    expect(operation.outputBuffer(2)).toBe(2)
    expect(operation.inputOperands(2)).toEqual([0, 2])
    expect(String(operation)).toBe('(1, 2, 0)')
    expect(operation.equals(new Operation([1, 2, 0]))).toBe(true)
    expect(operation.equals(new Operation([0, 2, 1]))).toBe(false)
  })

  test.each([[[-1, 0]], [[0.5, 1]], [[Number.NaN]]])('refuses buffers %s', (buffers) => {
    expect(() => new Operation(buffers)).toThrow(PolynomialError)
  })

  test('exactly one output', () => {
    expect(() => new Operation([0, 1]).outputOperand(2)).toThrow('none')
    expect(() => new Operation([0, 2, 3]).outputOperand(2)).toThrow('several')
  })

  test('does not keep the list it was given', () => {
    const buffers = [0, 1]
    const operation = new Operation(buffers)
    buffers[0] = 7
    expect(operation.buffers).toEqual([0, 1])
    expect(Object.isFrozen(operation.buffers)).toBe(true)
  })

  // x, y → z: numbered [defined inputs, cotangents | undefined inputs].
  test('transposed with respect to either input', () => {
    expect(new Operation([0, 1, 2]).transpose([true, false], [true])?.buffers).toEqual([2, 0, 1])
    expect(new Operation([0, 1, 2]).transpose([false, true], [true])?.buffers).toEqual([0, 2, 1])
    expect(new Operation([1, 2, 0]).transpose([true, false], [true])?.buffers).toEqual([0, 1, 2])
  })

  test('nothing to transpose without a cotangent or an undefined input', () => {
    expect(new Operation([0, 1, 2]).transpose([true, false], [false])).toBeUndefined()
    expect(new Operation([0, 1, 2]).transpose([false, false], [true])).toBeUndefined()
  })

  test('what is not linear cannot be transposed', () => {
    expect(() => new Operation([0, 0, 1]).transpose([true], [true])).toThrow(PolynomialError)
    expect(() => new Operation([0, 1, 2]).transpose([true, true], [true])).toThrow('not linear')
  })

  test('the derivative of a cube: three operations, of which one counts three times', () => {
    const derivative = new Operation([0, 0, 0, 1]).jvp([true])
    expect(derivative.map(({ buffers }) => buffers)).toEqual([
      [1, 0, 0, 2],
      [0, 1, 0, 2],
      [0, 0, 1, 2],
    ])
    const operand = new SegmentedOperand([[]])
    const cube = new SegmentedTensorProduct(',,,', [operand, operand, operand, operand], [new Path([0, 0, 0, 0], HostArray.scalar(1))])
    const symmetries = cube.symmetries().filter((permutation) => permutation[3] === 3)
    expect(symmetries).toHaveLength(6)
    const groups = Operation.groupByOperationalSymmetries(symmetries, derivative)
    expect(groups.map(([count, { buffers }]) => [count, buffers])).toEqual([[3, [0, 0, 1, 2]]])
    expect(groups[0]?.[1].transpose([false, true], [true])?.buffers).toEqual([0, 0, 2, 1])
  })

  test('without symmetries nothing is grouped', () => {
    const derivative = new Operation([0, 0, 1]).jvp([true])
    expect(Operation.groupByOperationalSymmetries([[0, 1, 2]], derivative).map(([count]) => count)).toEqual([1, 1])
    expect(() => Operation.groupByOperationalSymmetries([[0, 1]], derivative)).toThrow(PolynomialError)
  })

  test('tangents are numbered between inputs and outputs', () => {
    expect(new Operation([0, 1, 2]).jvp([true, true]).map(({ buffers }) => buffers)).toEqual([
      [2, 1, 4],
      [0, 3, 4],
    ])
    expect(new Operation([0, 1, 2]).jvp([false, true]).map(({ buffers }) => buffers)).toEqual([[0, 2, 3]])
    expect(new Operation([0, 1, 2]).jvp([false, false])).toEqual([])
  })
})
