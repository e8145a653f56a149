import { describe, expect, test } from 'vitest'
import { einsum, HostArray } from '../../src/math/index.ts'
import { SegmentedTensorProductBuilder } from '../../src/polynomials/index.ts'
import { randomArray, randomNumbers } from './random-product.ts'

const random = randomNumbers(1)

describe('evaluation of known products', () => {
  test('matrix product, batched', () => {
    const matmul = new SegmentedTensorProductBuilder('ij,jk,ik').addPath(null, null, null, { c: 1, dims: { i: 2, j: 3, k: 4 } }).build()
    const [a, b] = [randomArray([5, 6], random), randomArray([12], random)]
    const expected = einsum('bij,jk->bik', a.reshape([5, 2, 3]), b.reshape([3, 4])).reshape([5, 8])
    expect(matmul.evaluate(a, b).maxAbsDifference(expected)).toBeLessThan(1e-15)
  })

  test('coefficients as einsum', () => {
    const c = randomArray([3, 2, 4], random)
    const product = new SegmentedTensorProductBuilder('i,j,k+ijk').addPath(null, null, null, { c }).build()
    const [a, b] = [randomArray([3], random), randomArray([2], random)]
    expect(product.evaluate(a, b).maxAbsDifference(einsum('ijk,i,j->k', c, a, b))).toBeLessThan(1e-15)
  })

  test('segments along another axis, the rest broadcast', () => {
    const matmul = new SegmentedTensorProductBuilder('ij,jk,ik').addPath(null, null, null, { c: 1, dims: { i: 2, j: 3, k: 4 } }).build()
    const [a, b] = [randomArray([5, 6, 1], random), randomArray([1, 12, 7], random)]
    const result = matmul.evaluateAlong([1, 1, 1], a, b)
    expect(result.shape).toEqual([5, 8, 7])
    const expected = matmul.evaluate(a.permute([0, 2, 1]), b.permute([0, 2, 1])).permute([0, 2, 1])
    expect(result.maxAbsDifference(expected)).toBe(0)
    expect(() => matmul.evaluateAlong([3, 1, 1], a, b)).toThrow('has no axis 3')
  })

  test('wrong inputs', () => {
    const matmul = new SegmentedTensorProductBuilder('ij,jk,ik').addPath(null, null, null, { c: 1, dims: { i: 2, j: 3, k: 4 } }).build()
    expect(() => matmul.evaluate(HostArray.zeros([6]))).toThrow('needs 2 inputs, got 1')
    expect(() => matmul.evaluate(HostArray.zeros([6]), HostArray.zeros([11]))).toThrow('must be 12')
    expect(() => matmul.evaluate(HostArray.scalar(1), HostArray.zeros([12]))).toThrow('must be 6')
    expect(() => matmul.evaluate(HostArray.zeros([2, 6]), HostArray.zeros([3, 12]))).toThrow('do not broadcast')
  })

  test('an empty batch', () => {
    const matmul = new SegmentedTensorProductBuilder('ij,jk,ik').addPath(null, null, null, { c: 1, dims: { i: 2, j: 3, k: 4 } }).build()
    expect(matmul.evaluate(HostArray.zeros([0, 6]), HostArray.zeros([12])).shape).toEqual([0, 8])
  })
})
