import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectClose, expectEquivariant, numPaths, onSines, polynomialOf, sines } from '../descriptors/support.ts'

const { escn } = cue.experimental

/** Variance of each component of the output for independent unit weights and inputs: Σ over terms of their squared coefficients. */
function variances(polynomial: cue.SegmentedPolynomial): number[] {
  const output = polynomial.outputs[0] ?? new cue.SegmentedOperand([])
  const total = Array.from({ length: output.size }, () => 0)
  for (const [, product] of polynomial.operations)
    for (const { indices, coefficients } of product.paths) {
      const [, input = 0, out = 0] = indices
      const start = output.offsets[out] ?? 0
      const width = output.segments[out]?.[0] ?? 0
      const fanIn = product.operands[1]?.segments[input]?.[0] ?? 0
      for (let v = 0; v < width; v++) total[start + v] = (total[start + v] ?? 0) + fanIn * (coefficients.data[0] ?? 0) ** 2
    }
  return total
}

describe('escnTp', () => {
  it.each([
    ['O3', '32x0e+32x1o', '32x0e+32x1o', { mMax: 2 }, 5120],
    ['SO3', '2x0+2x1+2', '3x0+2', {}, 28],
    ['SO3', '4x0+4x1+4x2', '4x0+4x1+4x2', { mMax: 1 }, 272],
  ] as const)('%s %s -> %s %j has %i weights', (group, a, b, options, numWeights) => {
    const e = escn.escnTp(new cue.Irreps(group, a), new cue.Irreps(group, b), options)
    expect(e.inputs[0].dim).toBe(numWeights)
  })

  it('commutes with rotations about the edge, the axis y, and in O3 with the mirrors that hold it', () => {
    for (const [group, a, b] of [['SO3', '2x0+3x1+2+3', '0+2x1+2x3'], ['O3', '2x0e+1o+2e+2x3o', '0e+0o+1o+1e+2x2e+2o'], ['O3E3nn', '1e+2e', '0o+2x2o']] as const) {
      const e = escn.escnTp(new cue.Irreps(group, a), new cue.Irreps(group, b))
      const w = sines(e.inputs[0].dim, 0)
      const x = sines(e.inputs[1]?.dim ?? 0, 1)
      const [y] = e.evaluate(w, x)
      // A half turn about x and then the inversion mirror x and keep e_y.
      const elements = group === 'SO3' ? [[[0, 0.7, 0], []]] : [[[0, 0.7, 0], [0]], [[Math.PI, 0, 0], [1]]]
      for (const [c = [], d = []] of elements) {
        const apply = (rep: cue.Rep | undefined, values: cue.HostArray | undefined) =>
          cue.einsum('ij,j->i', rep?.expMap(c, d) ?? x, values ?? x)
        const [turned] = e.evaluate(w, apply(e.inputs[1], x))
        expectClose(turned?.data ?? [], apply(e.outputs[0], y).data)
      }
    }
  })

  it('spans what a channel-wise product with harmonics of e_y spans: each weight is one of its couplings', () => {
    const [a, b] = [new cue.Irreps('O3', '1o+2e'), new cue.Irreps('O3', '1o+2e+2o')]
    const e = escn.escnTp(a, b)
    // The pair (l1, l2) has as many weights as there are harmonics of natural parity that couple them.
    const isNatural = (ir: cue.Irrep): boolean => ir instanceof cue.O3 && ir.p === (-1) ** ir.l
    const numCouplings = a.segments.flatMap(({ ir }) => b.segments.map((out) => [...a.group.product(ir, out.ir)].filter(isNatural).length))
    expect(e.inputs[0].dim).toBe(numCouplings.reduce((total, n) => total + n, 0))
  })

  it('gives each output component of a full-range pair unit variance', () => {
    const e = escn.escnTp(new cue.Irreps('SO3', '3x2+2x1'), new cue.Irreps('SO3', '2x0+1'))
    const values = variances(e.polynomial)
    const perSegment = [values.slice(0, 2), values.slice(2)]
    for (const segment of perSegment) expect(segment.reduce((total, value) => total + value, 0) / segment.length).toBeCloseTo(1, 12)
  })

  it('drops what lMax leaves unreachable, and nothing else', () => {
    const e = escn.escnTp(new cue.Irreps('O3', '2x0e'), new cue.Irreps('O3', '2x0e+1o+2e'), { lMax: 1 })
    expect(String(e.outputs[0])).toBe('2x0e+1o')
    const parity = escn.escnTp(new cue.Irreps('O3', '2x0e+2x1o'), new cue.Irreps('O3', '0o+1e+2e'), { lMax: 0 })
    expect(String(parity.outputs[0])).toBe('0o+1e')
  })

  it('refuses other groups and odd options', () => {
    const irreps = new cue.Irreps('SO3', '0+1')
    expect(() => escn.escnTp(new cue.Irreps('SU2', '1/2'), new cue.Irreps('SU2', '1/2'))).toThrow(/SU2/)
    expect(() => escn.escnTp(irreps, new cue.Irreps('O3', '0e'))).toThrow(cue.GroupMismatchError)
    expect(() => escn.escnTp(irreps, irreps, { mMax: -1 })).toThrow(/mMax is -1/)
    expect(() => escn.escnTp(irreps, irreps, { lMax: 0.5 })).toThrow(/lMax is 0.5/)
  })
})

describe('escnTpCompact', () => {
  it('has the weights, paths and coefficients of the reference', () => {
    const irreps = new cue.Irreps('SO3', '32x0+32x1')
    const polynomial = escn.escnTpCompact(irreps, irreps)
    expect(polynomial.inputs[0]?.size).toBe(6144)
    expect(numPaths(polynomial)).toEqual([5])
    for (const { coefficients } of polynomial.operations[0]?.[1].paths ?? []) expect(Math.abs(coefficients.data[0] ?? 0)).toBe(1 / 8)
    expect(variances(polynomial).every((value) => Math.abs(value - 1) < 1e-12)).toBe(true)
  })

  it('with one irrep of multiplicity one and weights for m, equals the other form up to signs and scale', () => {
    const irreps = new cue.Irreps('SO3', '2')
    const [full, compact] = [escn.escnTp(irreps, irreps), escn.escnTpCompact(irreps, irreps)]
    expect(full.inputs[0].dim).toBe(5)
    expect(polynomialOf(compact).inputs[0]?.size).toBe(5)
    // Full form: weights for |m| = 2, 1, 0 and mixed 1, 2; compact: 0, then 1 and mixed 1, 2 and mixed 2.
    const order = [2, 1, 3, 0, 4]
    const w = [0.3, -1.1, 0.7, 0.4, 1.9]
    const reordered = w.map((_, n) => w[order.indexOf(n)] ?? 0).map((value, n) => (n > 2 ? -value : value))
    const x = sines(5, 1)
    const [a] = full.evaluate(cue.HostArray.from(reordered), x)
    const [b] = compact.evaluate(cue.HostArray.from(w), x)
    const fullVariance = variances(full.polynomial)
    const compactVariance = variances(compact)
    const unit = (values: cue.HostArray | undefined, variance: readonly number[]) => values?.data.map((value, i) => value / Math.sqrt(variance[i] ?? 1)) ?? []
    expectClose(unit(a, fullVariance), unit(b, compactVariance))
  })

  it('refuses groups with parity', () => {
    const irreps = new cue.Irreps('O3', '0e+1o')
    expect(() => escn.escnTpCompact(irreps, irreps)).toThrow(/needs irreps of SO3/)
    expect(() => escn.escnTpCompact(new cue.Irreps('SO3', '1'), new cue.Irreps('SO3', '1'), { mMax: -2 })).toThrow(cue.InputError)
  })
})

describe('both forms', () => {
  it('are bilinear polynomials without surprises on fixed inputs', () => {
    const irreps = new cue.Irreps('SO3', '2x0+1+2')
    for (const built of [escn.escnTp(irreps, irreps), escn.escnTpCompact(irreps, irreps)])
      for (const output of onSines(built)) expect(output.data.every(Number.isFinite)).toBe(true)
    expect(() => expectEquivariant(escn.escnTp(irreps, irreps))).toThrow()
  })
})
