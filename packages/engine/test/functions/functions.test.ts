import { einsum as hostEinsum, HostArray } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { checkDerivatives } from '../support/derivatives.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const host = (x: eq.NDArray) => new HostArray(x.shape, Float64Array.from(read(x)))
const vector = (...values: number[]) => eq.array(values, { dtype: 'float64' })

describe('einsum', () => {
  expectNoLeaks()
  const cases: readonly (readonly [string, readonly (readonly number[])[]])[] = [
    ['ij->ji', [[2, 3]]],
    ['ij->', [[2, 3]]],
    ['ij->i', [[2, 3]]],
    ['i,j->ij', [[2], [3]]],
    ['ij,jk->ik', [[2, 3], [3, 4]]],
    ['bij,bjk->bik', [[5, 2, 3], [5, 3, 4]]],
    ['bij,jk->kib', [[5, 2, 3], [3, 4]]],
    ['zau,ab->zbu', [[2, 3, 4], [3, 5]]],
    ['i,i,i->', [[4], [4], [4]]],
    ['ij,jk,kl,l->i', [[2, 3], [3, 4], [4, 2], [2]]],
    ['ij,k->j', [[2, 3], [4]]],
    ['ab,ab->ab', [[2, 3], [2, 3]]],
    ['ij,jk->ik', [[2, 0], [0, 3]]],
    [',i->i', [[], [3]]],
  ]
  for (const [subscripts, shapes] of cases)
    test(
      subscripts,
      scoped(() => {
        const operands = shapes.map((shape, i) => randomArray(shape, i))
        const expected = hostEinsum(subscripts, ...operands.map(host))
        const y = eq.einsum(subscripts, ...operands)
        expect(y.shape).toEqual(expected.shape)
        expectClose(read(y), expected.data, 1e-14)
        checkDerivatives((...xs) => eq.einsum(subscripts, ...xs), operands, 1)
      }),
    )
})

describe('matmul', () => {
  expectNoLeaks()
  test(
    'agrees with the plain sum for every remainder of the tiles',
    scoped(() => {
      for (const [m, k, n] of [[1, 1, 1], [3, 5, 2], [4, 4, 4], [5, 7, 9], [8, 1, 13], [2, 0, 3]] as const) {
        const a = randomArray([m, k], m)
        const b = randomArray([k, n], n)
        expectClose(read(eq.matmul(a, b)), hostEinsum('ij,jk->ik', host(a), host(b)).data, 1e-14)
        expectClose(read(eq.matmul(eq.transpose(a), eq.transpose(b), { transposeA: true, transposeB: true })), read(eq.matmul(a, b)), 0)
      }
    }),
  )
  test(
    'broadcasts leading axes',
    scoped(() => {
      const a = randomArray([2, 1, 3, 4], 1)
      const b = randomArray([5, 4, 2], 2)
      const y = eq.matmul(a, b)
      expect(y.shape).toEqual([2, 5, 3, 2])
      expectClose(read(y), hostEinsum('abik,ckj->acij', new HostArray([2, 1, 3, 4], host(a).data), host(b)).data, 1e-14)
    }),
  )
})

describe('composed functions', () => {
  expectNoLeaks()
  test(
    'have the derivatives of their formulas',
    scoped(() => {
      const x = randomArray([3, 4], 1, -2, 2)
      const reductions = [(y: eq.NDArray) => eq.mean(eq.square(y), { axes: 0 }), (y: eq.NDArray) => eq.norm(y, { axes: -1 })]
      for (const f of [eq.silu, eq.softplus, eq.gelu, eq.exactGelu, eq.erf, ...reductions]) checkDerivatives(f, [x], 2, 1e-6)
      checkDerivatives((a, b) => eq.cross(a, b), [randomArray([2, 3], 1), randomArray([3], 2)], 2)
      checkDerivatives((a, w, b) => eq.layerNorm(a, w, b), [x, randomArray([4], 2), randomArray([4], 3)], 2, 1e-6)
      checkDerivatives((a, b) => eq.concatenate(eq.split(eq.stack([a, eq.square(b)], 1), [1, 1], 1), 0), [randomArray([2, 3], 1), randomArray([2, 3], 2)], 2)
    }),
  )

  test(
    'the error function has its values',
    scoped(() => {
      const x = vector(-7, -4.1, -2, -0.5, -0.4, 0, 0.46875, 0.47, 1, 3, 5.9, 30)
      const expected = [
        -1, -0.9999999932999724, -0.9953222650189527, -0.5204998778130465, -0.42839235504666845, 0,
        0.49261347321793797, 0.4937450508860821, 0.8427007929497149, 0.9999779095030014, 0.9999999999999999, 1,
      ]
      expectClose(read(eq.erf(x)), expected, 1e-15)
    }),
  )

  test(
    'unstack gives the slices that stack joins',
    scoped(() => {
      const x = randomArray([3, 2, 4], 1)
      for (const axis of [0, 1, -1]) {
        const slices = eq.unstack(x, axis)
        expect(slices.length).toBe(x.shape.at(axis))
        for (const { shape } of slices) expect(shape).toEqual(x.shape.filter((_, own) => own !== (axis + 3) % 3))
        expect(read(eq.stack(slices, (axis + 3) % 3))).toEqual(read(x))
      }
      checkDerivatives((a) => eq.mul(eq.unstack(eq.square(a))[1] ?? a, 2), [randomArray([2, 3], 1)], 2)
      expect(() => eq.unstack(eq.scalar(1))).toThrow(/outside an array of 0 axes/)
    }),
  )

  test(
    'are right where a naive formula breaks',
    scoped(() => {
      const zero = eq.track(eq.zeros([2, 3], { dtype: 'float64' }))
      const [g] = eq.grad(eq.sum(eq.norm(zero, { axes: -1 })), [zero])
      expect(read(g ?? zero)).toEqual([0, 0, 0, 0, 0, 0])
      expect(read(eq.softplus(vector(-800, 0, 800)))).toEqual([0, Math.log(2), 800])
      expect(read(eq.sigmoid(vector(-800, 800)))).toEqual([0, 1])
      expect(read(eq.norm(eq.array([[3, 4, 0]], { dtype: 'float64' }), { axes: -1, keepDims: true }))).toEqual([5])
      const base = leafAtZero()
      expect(read(eq.grad(eq.pow(base, 0), [base], { allowUnused: true })[0] ?? base)).toEqual([0])
    }),
  )

  test(
    'silu and the second-moment scale',
    scoped(() => {
      const z = randomArray([20000], 3, -8, 8)
      const density = eq.div(eq.exp(eq.mul(eq.square(z), -0.5)), Math.sqrt(2 * Math.PI))
      for (const [f, scale] of [
        [eq.silu, eq.secondMomentScales.silu],
        [eq.tanh, eq.secondMomentScales.tanh],
        [eq.sigmoid, eq.secondMomentScales.sigmoid],
        [eq.relu, eq.secondMomentScales.relu],
        [eq.abs, eq.secondMomentScales.abs],
      ] as const) {
        const moment = (16 * (read(eq.sum(eq.mul(eq.square(f(z)), density)))[0] ?? 0)) / 20000
        expect(Math.abs(moment * scale ** 2 - 1)).toBeLessThan(0.05)
      }
    }),
  )
})

function leafAtZero(): eq.NDArray {
  return eq.track(eq.scalar(0, { dtype: 'float64' }))
}

describe('radial functions', () => {
  expectNoLeaks()
  const r = (...values: number[]) => vector(...values)

  test(
    'reproduce the values of mace-torch at 1.7 Å',
    scoped(() => {
      const bessel = eq.besselBasis(r(1.7), eq.besselFrequencies(8, 5), Math.sqrt(2 / 5))
      const expected = [0.326014710325, 0.31411756902, -0.023360124374, -0.336625220509, -0.300980749177, 0.046628057009, 0.345907224738, 0.286656095823]
      expectClose(read(bessel), expected, 1e-11)
      const centres = eq.div(eq.mul(eq.arange(0, 8, 1, { dtype: 'float64' }), 5), 7)
      const gaussian = eq.gaussianBasis(r(1.7), centres, -0.5 / (5 / 7) ** 2)
      expectClose(
        read(gaussian),
        [0.058883168098, 0.38589112843, 0.930344808241, 0.825141823623, 0.269227104747, 0.032315767822, 0.001426972802, 0.00002318048],
        1e-11,
      )
      expectClose(read(eq.polynomialCutoff(r(1.7), 5, 5)), [0.9507752616384], 1e-13)
      expectClose(read(eq.polynomialCutoff(r(1.7), 5, 6)), [0.9782065172208384], 1e-15)
      expectClose(read(eq.chebyshevBasis(r(0.3), 4)), [0.3, 2 * 0.09 - 1, 4 * 0.027 - 0.9, 8 * 0.0081 - 8 * 0.09 + 1], 1e-15)
    }),
  )

  test(
    'vanish beyond the cutoff and stay finite at 0',
    scoped(() => {
      expect(read(eq.polynomialCutoff(r(0, 5, 7), 5, 6))).toEqual([1, 0, 0])
      expect(read(eq.besselBasis(r(0), eq.besselFrequencies(2, Math.PI), 1))).toEqual([1, 2])
      checkDerivatives((x) => eq.mul(eq.besselBasis(x, eq.besselFrequencies(4, 5), 1), eq.reshape(eq.polynomialCutoff(x, 5, 6), [3, 1])), [r(0.5, 2, 4)], 2)
      checkDerivatives((x) => eq.chebyshevBasis(x, 5), [r(0.5, -0.2)], 2)
    }),
  )
})
