import { DimensionError, HostArray, InputError, Irreps, irMul, mulIr, O3, ShapeError, einsum as hostEinsum, type Layout } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { checkDerivatives } from '../support/derivatives.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'

const angles = [0.3, -1.1, 0.7]

describe('sphericalHarmonics', () => {
  expectNoLeaks()

  test(
    'has the known values and norms',
    scoped(() => {
      const y = read(eq.sphericalHarmonics([0, 1, 2], eq.array([0.3, -0.5, 0.8], { dtype: 'float64' }), { normalize: false }))
      const root3 = Math.sqrt(3)
      expectClose(y, [1, 0.3 * root3, -0.5 * root3, 0.8 * root3, 0.929516, -0.5809475, -0.25714782, -1.54919334, 1.06507042], 1e-8)
      const many = eq.sphericalHarmonics([3], randomArray([2, 5, 3], 1))
      expect(many.shape).toEqual([2, 5, 7])
      expectClose(read(eq.sum(eq.square(many), { axes: -1 })), Array.from({ length: 10 }, () => 7), 1e-14)
    }),
  )

  test(
    'turns with its argument, and has the parity of its degree',
    scoped(() => {
      const vectors = randomArray([6, 3], 2)
      for (const l of [0, 1, 2, 3, 4]) {
        const matrix = (degree: number, inversion: number) => {
          const m = new O3(degree, (-1) ** degree).expMap(angles, [inversion])
          return eq.array(m.data, { shape: m.shape })
        }
        for (const inversion of [0, 1]) {
          const turned = eq.sphericalHarmonics([l], eq.matmul(vectors, matrix(1, inversion), { transposeB: true }))
          const expected = eq.matmul(eq.sphericalHarmonics([l], vectors), matrix(l, inversion), { transposeB: true })
          expectClose(read(turned), read(expected), 1e-13)
        }
      }
    }),
  )

  test(
    'has derivatives, and finite ones at zero',
    scoped(() => {
      checkDerivatives((v) => eq.sphericalHarmonics([1, 2, 3], v), [randomArray([3, 3], 4)], 2, 1e-6)
      const zero = eq.track(eq.zeros([1, 3], { dtype: 'float64' }))
      const y = eq.sphericalHarmonics([0, 1, 2], zero)
      expect(read(y).map(Math.abs)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0])
      expect(read(eq.grad(eq.sum(y), [zero])[0] ?? y).every(Number.isFinite)).toBe(true)
      expect(eq.sphericalHarmonics([2], eq.zeros([0, 3])).shape).toEqual([0, 5])
      expect(() => eq.sphericalHarmonics([1], eq.zeros([3, 2]))).toThrow(ShapeError)
      expect(() => eq.sphericalHarmonics([-1], eq.zeros([3]))).toThrow(InputError)
    }),
  )
})

describe('gate', () => {
  expectNoLeaks()
  const gated = new Irreps('O3', '2x1o+3x2e')
  const turnRows = (x: eq.NDArray, layout: Layout, inversion: number): eq.NDArray => {
    const parts = eq.split(x, [4, ...[...gated].map(({ mul, ir }) => mul * ir.dim)], 1)
    const turned = [...gated].map((block, i) => {
      const m = block.ir.expMap(angles, [inversion])
      const rows = new HostArray([x.shape[0] ?? 0, ...layout.shape(block)], Float64Array.from(read(parts[i + 1] ?? x)))
      const y = hostEinsum(layout === mulIr ? 'ij,buj->bui' : 'ij,bju->biu', m, rows)
      return eq.array(y.data, { shape: [x.shape[0] ?? 0, block.mul * block.ir.dim] })
    })
    return eq.concatenate([parts[0] ?? x, ...turned], 1)
  }

  for (const layout of [mulIr, irMul])
    test(
      `is equivariant in ${layout.name}`,
      scoped(() => {
        const x = randomArray([3, 4 + 5 + gated.dim], 1)
        const apply = (y: eq.NDArray) => eq.gate(y, { scalars: 4, gated, layout })
        const [scalars = x, gates = x, rest = x] = eq.split(x, [4, 5, gated.dim], 1)
        for (const inversion of [0, 1]) {
          const [, turnedRest = x] = eq.split(turnRows(eq.concatenate([scalars, rest], 1), layout, inversion), [4, gated.dim], 1)
          expectClose(read(apply(eq.concatenate([scalars, gates, turnedRest], 1))), read(turnRows(apply(x), layout, inversion)), 1e-13)
        }
        expectClose(read(eq.sliceAxis(apply(x), 1, 0, 4)), read(eq.silu(scalars)), 0)
        checkDerivatives(apply, [x], 2)
      }),
    )

  test(
    'refuses rows of another width',
    scoped(() => {
      expect(() => eq.gate(eq.zeros([2, 5]), { scalars: 4, gated, layout: irMul })).toThrow(DimensionError)
    }),
  )
})
