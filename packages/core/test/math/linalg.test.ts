import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ComplexArray,
  complexMatrixExponential,
  einsum,
  HostArray,
  leastSquares,
  matrixExponential,
  nullSpace,
  pseudoInverse,
  singularValues,
  symmetricEigen,
} from '../../src/math/index.ts'

const seed = { seed: 3, numRuns: 60 }
const matrix = (rows: number, columns: number) =>
  fc
    .array(fc.integer({ min: -200, max: 200 }), { minLength: rows * columns, maxLength: rows * columns })
    .map((data) => HostArray.from(data, [rows, columns]).scale(0.01))
const anyMatrix = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })).chain(([m, n]) => matrix(m, n))
const product = (a: HostArray, b: HostArray) => einsum('ij,jk->ik', a, b)
const transpose = (a: HostArray) => a.permute([1, 0])

describe('symmetric eigenvalues', () => {
  it('rebuild the matrix from an orthogonal basis', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }).chain((n) => matrix(n, n)), (a) => {
        const symmetric = a.add(transpose(a))
        const { values, vectors } = symmetricEigen(symmetric)
        expect(product(transpose(vectors), vectors).maxAbsDifference(HostArray.identity(a.shape[0] ?? 0))).toBeLessThan(1e-13)
        expect(einsum('ik,k,jk->ij', vectors, HostArray.from(values), vectors).maxAbsDifference(symmetric)).toBeLessThan(1e-13)
        expect([...values]).toEqual([...values].sort((x, y) => x - y))
      }),
      seed,
    )
  })

  it('refuse other matrices', () => {
    expect(() => symmetricEigen(HostArray.from([[1, 2], [3, 4]]))).toThrow(/differs from its transpose/)
    expect(() => symmetricEigen(HostArray.from([[1, 2]]))).toThrow(/square matrix, got \[1, 2\]/)
    expect(() => symmetricEigen(HostArray.from([[Number.NaN]]))).toThrow(/finite/)
  })
})

describe('singular values', () => {
  it('rebuild the matrix', () => {
    fc.assert(
      fc.property(anyMatrix, (a) => {
        const { left, values, right } = singularValues(a)
        expect(einsum('ik,k,jk->ij', left, HostArray.from(values), right).maxAbsDifference(a)).toBeLessThan(1e-13)
        expect([...values]).toEqual([...values].sort((x, y) => y - x))
      }),
      seed,
    )
  })

  it('give a pseudo-inverse with its four properties, also for low rank', () => {
    fc.assert(
      fc.property(matrix(5, 2), matrix(2, 4), (u, v) => {
        const a = product(u, v)
        const { values } = singularValues(a)
        fc.pre((values[1] ?? 0) > 0.1)
        const inverse = pseudoInverse(a)
        const scale = 1 / (values[1] ?? 1)
        expect(product(product(a, inverse), a).maxAbsDifference(a)).toBeLessThan(1e-12 * scale)
        expect(product(product(inverse, a), inverse).maxAbsDifference(inverse)).toBeLessThan(1e-10 * scale ** 2)
        for (const projector of [product(a, inverse), product(inverse, a)]) expect(projector.maxAbsDifference(transpose(projector))).toBeLessThan(1e-11 * scale)
      }),
      seed,
    )
  })

  it('solve least squares and null spaces', () => {
    const a = HostArray.from([[1, 0], [1, 1], [1, 2]])
    expect(leastSquares(a, HostArray.from([1, 3, 5])).maxAbsDifference(HostArray.from([1, 2]))).toBeLessThan(1e-14)
    expect(() => leastSquares(a, HostArray.from([1, 3]))).toThrow(/b needs 3 rows/)
    expect(nullSpace(a).shape).toEqual([2, 0])
    const kernel = nullSpace(HostArray.from([[1, 1, 0]]))
    expect(kernel.shape).toEqual([3, 2])
    expect(product(HostArray.from([[1, 1, 0]]), kernel).maxAbsDifference(HostArray.zeros([1, 2]))).toBeLessThan(1e-15)
    expect(product(transpose(kernel), kernel).maxAbsDifference(HostArray.identity(2))).toBeLessThan(1e-15)
  })
})

describe('matrix exponential', () => {
  it('is a rotation for an antisymmetric matrix', () => {
    const angle = 2.3
    const expected = HostArray.from([[Math.cos(angle), -Math.sin(angle)], [Math.sin(angle), Math.cos(angle)]])
    expect(matrixExponential(HostArray.from([[0, -angle], [angle, 0]])).maxAbsDifference(expected)).toBeLessThan(4e-15)
    expect(matrixExponential(HostArray.zeros([3, 3])).equals(HostArray.identity(3))).toBe(true)
  })

  it('works for complex matrices', () => {
    const turned = complexMatrixExponential(new ComplexArray(HostArray.from([[0.5]]), HostArray.from([[1.2]])))
    expect(turned.re.get(0, 0)).toBeCloseTo(Math.exp(0.5) * Math.cos(1.2), 14)
    expect(turned.im.get(0, 0)).toBeCloseTo(Math.exp(0.5) * Math.sin(1.2), 14)
    expect(() => new ComplexArray(HostArray.zeros([1]), HostArray.zeros([2]))).toThrow(/real part has shape \[1\], the imaginary part \[2\]/)
  })
})
