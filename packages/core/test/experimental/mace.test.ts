import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { chirp, expectClose, expectDigits, expectEquivariant, fixture, numPaths, sines, Z2 } from '../descriptors/support.ts'

const { mace } = cue.experimental

interface BasisCase {
  readonly source: string
  readonly irrepsIn: string
  readonly irrepOut: string
  readonly degree: number
  readonly values: readonly (readonly number[])[]
}

/** `out[k, …, p] = Σ_a u[k, a, …, p] x[a]`. */
function contractFirst(u: cue.HostArray, x: cue.HostArray): cue.HostArray {
  const others = `${'bcd'.slice(0, u.ndim - 3)}p`
  return cue.einsum(`ka${others},a->k${others}`, u, x)
}

/** U contracted with S(d, 0), S(d, 1), … on its first axes of x. */
function contracted(u: cue.HostArray, degree: number): cue.HostArray {
  let rest = u
  for (let n = 0; n < degree; n++) rest = contractFirst(rest, sines(u.shape[1] ?? 0, n))
  return rest
}

describe('originalMaceBasis', () => {
  const { cases } = fixture('mace-basis') as { readonly cases: readonly BasisCase[] }

  it.each(cases.map((item) => [`${item.irrepsIn} -> ${item.irrepOut}, degree ${item.degree} (${item.source})`, item] as const))('%s', (_, item) => {
    const u = cue.descriptors.originalMaceBasis(new cue.Irreps('O3E3nn', item.irrepsIn), item.irrepOut, item.degree)
    const expected = cue.HostArray.from(item.values)
    const value = contracted(u, item.degree)
    expect(value.shape).toEqual(expected.shape)
    expectClose(value.data, expected.data, expected.data.every((x) => x === 0) ? 1 : 1e-12)
  })

  it('has columns of squared norm 2l+1, and the numbers of paths of MACE', () => {
    const irreps = new cue.Irreps('O3E3nn', '0e+1o+2e+3o')
    for (const [out, counts] of [['0e', [1, 4, 23]], ['1o', [1, 6, 51]], ['2e', [1, 7, 65]]] as const)
      for (const [n, count] of counts.entries()) {
        const u = cue.descriptors.originalMaceBasis(irreps, out, n + 1)
        expect(u.shape).toEqual([2 * Number(out[0]) + 1, ...Array.from({ length: n + 1 }, () => 16), count])
        const norms = Array.from({ length: count }, () => 0)
        for (const [flat, value] of u.data.entries()) norms[flat % count] = (norms[flat % count] ?? 0) + value * value
        expectClose(norms, norms.map(() => 2 * Number(out[0]) + 1))
      }
  })

  it('ignores multiplicities', () => {
    const [one, many] = ['0e+1o', '8x0e+3x1o'].map((text) => cue.descriptors.originalMaceBasis(new cue.Irreps('O3E3nn', text), '1o', 2))
    expect(one?.equals(many ?? cue.HostArray.zeros([0]))).toBe(true)
  })

  it('refuses what it cannot do', () => {
    const irreps = new cue.Irreps('O3E3nn', '0e+1o')
    expect(() => cue.descriptors.originalMaceBasis(irreps, '0e', 0)).toThrow(cue.InputError)
    expect(() => cue.descriptors.originalMaceBasis(irreps, '0e', 1.5)).toThrow(/degree is 1.5/)
    expect(() => cue.descriptors.originalMaceBasis(irreps, 'x', 1)).toThrow(cue.IrrepsError)
    expect(() => cue.descriptors.originalMaceBasis(irreps, new cue.O3(0, 1), 1)).toThrow(cue.GroupMismatchError)
    expect(() => cue.descriptors.originalMaceBasis(new cue.Irreps('SO3', '0+1'), '0', 4)).toThrow(/no parity/)
    expect(() => cue.descriptors.originalMaceBasis(new cue.Irreps('O3', '0e+1o+2e+3o+4e+5o'), '6e', 6)).toThrow(/lower the degree/)
  })
})

/** O3E3nn as a user would write it. */
class ByHand extends cue.O3 {
  static override *product(a: ByHand, b: ByHand): Generator<ByHand, void> {
    for (const ir of cue.O3.product(a, b)) yield new ByHand(ir.l, ir.p)
  }

  static override clebschGordan(a: ByHand, b: ByHand, c: ByHand): cue.HostArray {
    return a.p * b.p === c.p ? cue.wigner3j(a.l, b.l, c.l).scale(Math.sqrt(c.dim)) : cue.emptyClebschGordan(a, b, c)
  }

  static override compare(a: ByHand, b: ByHand): number {
    return a.l - b.l || a.p - b.p
  }

  static override *iterator(): Generator<ByHand, void> {
    for (let l = 0; ; l++) {
      yield new ByHand(l, (-1) ** l)
      yield new ByHand(l, -((-1) ** l))
    }
  }
}

describe('mace.symmetricContraction', () => {
  /** y for weights of original MACE: Q(rows · mul, 0), x = Q(size, 100). */
  function evaluate(group: cue.GroupName | cue.IrrepClass, irrepsIn: string, irrepsOut: string, degrees: readonly number[]): cue.HostArray {
    const mul = 2
    const [e, p] = mace.symmetricContraction(new cue.Irreps(group, irrepsIn).setMul(mul), new cue.Irreps(group, irrepsOut).setMul(mul), degrees)
    const rows = p.shape[0]
    const w = cue.einsum('au,ab->bu', chirp(rows * mul, 0).reshape([rows, mul]), p)
    const [y] = e.evaluate(w.reshape([w.size]), chirp(e.inputs[1]?.dim ?? 0, 100))
    if (!y) throw new Error('no output')
    return y
  }

  const inO3 = [-0.98893607, -0.14602026, -12.93587661, -7.52576235, 18.24644174, -2.86319084, 5.35919249, -7.3759839]
  const inE3nn = [-0.98893607, -0.14602026, 8.74518343, -2.43584279, -8.3983817, -4.90399649, 2.30339363, -6.17516402]

  it('gives the values of original MACE, whose rows depend on the order of the group', () => {
    const y = evaluate('O3', '0e+1o', '0e+1o', [1, 2, 3])
    expectDigits(y.data, [4.31919457, -1.13183157, -2.43476216, 0.49608424, 2.43040149, 0.91925637, 2.32984665, 0.83761801])
    expectDigits(evaluate('O3', '0e+1o+2e', '0e+1o', [1, 2, 3]).data, inO3)
    expectDigits(evaluate('O3E3nn', '0e+1o+2e', '0e+1o', [1, 2, 3]).data, inE3nn)
    expectDigits(evaluate(mace.O3E3nn, '0e+1o+2e', '0e+1o', [1, 2, 3]).data, inE3nn)
  })

  it('gives the same with a group written by hand', () => {
    const [[e, p], [own, ownP]] = (['O3E3nn', ByHand] as const).map((group) =>
      mace.symmetricContraction(new cue.Irreps(group, '2x0e+2x1o+2x2e'), new cue.Irreps(group, '2x0e+2x1o'), [1, 2, 3]),
    ) as [ReturnType<typeof mace.symmetricContraction>, ReturnType<typeof mace.symmetricContraction>]
    expect(ownP.equals(p)).toBe(true)
    expect(own.polynomial.equals(e.polynomial)).toBe(true)
    expectDigits(evaluate(ByHand, '0e+1o+2e', '0e+1o', [1, 2, 3]).data, inE3nn)
  })

  it.each([
    ['O3', '0e+1o', '0e', [7, 5]],
    ['O3', '0e+1o', '0e+1o', [16, 9]],
    ['O3', '0e+1o+2e', '0e+1o', [41, 17]],
    ['SO3', '0+1+2', '0+1', [62, 18]],
    ['O3', '0e+1o+2e+3o', '0e', [28, 13]],
    ['O3', '0e+1o+2e+3o', '0e+1o', [86, 29]],
    ['O3E3nn', '0e+1o+2e+3o', '0e+1o+2e', [159, 49]],
  ] as const)('%s %s -> %s has a projection of shape %j', (group, irrepsIn, irrepsOut, shape) => {
    const [e, p] = mace.symmetricContraction(new cue.Irreps(group, irrepsIn), new cue.Irreps(group, irrepsOut), [1, 2, 3])
    expect(p.shape).toEqual(shape)
    expect(e.inputs[0].dim).toBe(shape[1])
  })

  it('orders rows by output, then falling degree, and columns by the given degrees', () => {
    const irreps = new cue.Irreps('O3', '2x0e+2x1o')
    const [, p] = mace.symmetricContraction(irreps, irreps, [1, 2])
    const [root, half] = [Math.SQRT2, Math.SQRT1_2]
    const expected = cue.HostArray.from([[0, 0, root, 0, 0], [0, 0, 0, root, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, half], [0, 0, 0, 0, half], [0, 1, 0, 0, 0]])
    expect(p.equals(expected)).toBe(true)
    const [, q] = mace.symmetricContraction(new cue.Irreps('O3', '2x1o+2x0e'), new cue.Irreps('O3', '2x1o+2x0e'), [2, 1])
    const swapped = cue.HostArray.from([[half, 0, 0, 0, 0], [half, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, root, 0, 0, 0], [0, 0, root, 0, 0], [0, 0, 0, 0, 1]])
    expect(q.equals(swapped)).toBe(true)
  })

  it.each([
    ['O3E3nn', '0e+1o+2e+3o', '0e+1o+2e', [1, 2, 3]],
    ['O3', '0e+1o+2e', '0e+2e', [3, 1]],
    ['O3', '0e+1o', '1o', [4]],
    ['O3E3nn', '0o+0e+1o+1e', '0o+1e', [1, 2, 3, 4]],
    ['SO3', '0+1', '1', [1, 2, 3]],
    ['O3', '1o+1o', '0e+2e', [2]],
    ['O3', '0e', '0e+1o', [1, 2]],
  ] as const)('%s %s -> %s, degrees %j: equals the original formula with U', (group, irrepsIn, irrepsOut, degrees) => {
    const [input, output] = [new cue.Irreps(group, irrepsIn), new cue.Irreps(group, irrepsOut)]
    const [e, p] = mace.symmetricContraction(input, output, degrees)
    const w = sines(p.shape[0], 3)
    const x = sines(input.dim, 1)
    const [y] = e.evaluate(cue.einsum('a,ab->b', w, p), x)
    const expected: number[] = []
    let row = 0
    for (const { ir } of output) {
      const parts = Array.from({ length: ir.dim }, () => 0)
      for (const degree of [...degrees].sort((a, b) => b - a)) {
        let u = cue.descriptors.originalMaceBasis(input, ir, degree)
        for (let n = 0; n < degree; n++) u = contractFirst(u, x)
        // An unreachable output has a column of zeros in U and no row in p.
        if (u.data.every((value) => value === 0)) continue
        for (let eta = 0; eta < (u.shape[1] ?? 0); eta++, row++)
          for (const [k] of parts.entries()) parts[k] = (parts[k] ?? 0) + u.get(k, eta) * w.get(row)
      }
      expected.push(...parts)
    }
    expect(row).toBe(p.shape[0])
    expectClose(y?.data ?? [], expected)
  })

  it('is equivariant, in O3 and with the couplings of e3nn', () => {
    for (const group of ['O3', 'O3E3nn'] as const)
      expectEquivariant(mace.symmetricContraction(new cue.Irreps(group, '2x0e+2x1o+2x2e'), new cue.Irreps(group, '2x0e+2x1o+2x2e'), [1, 2, 3])[0])
    expectEquivariant(mace.symmetricContraction(new cue.Irreps(Z2, '3xeven+3xodd'), new cue.Irreps(Z2, '3xodd'), [1, 2, 3])[0])
  })

  it('has the number of paths of the reference', () => {
    const [e] = mace.symmetricContraction(new cue.Irreps('O3', '128x0e+128x1o+128x2e+128x3o'), new cue.Irreps('O3', '128x0e+128x1o+128x2e'), [1, 2, 3])
    expect([...numPaths(e)].sort((a, b) => a - b)).toEqual([9, 215, 5296])
  })

  it('refuses degree 0, no degrees, repeated degrees, unequal multiplicities and degree 4 without parity', () => {
    const irreps = new cue.Irreps('O3', '2x0e+2x1o')
    for (const degrees of [[0, 1], [], [1, 1], [1.5], [-1], [Number.NaN]])
      expect(() => mace.symmetricContraction(irreps, irreps, degrees), JSON.stringify(degrees)).toThrow(cue.InputError)
    expect(() => mace.symmetricContraction(irreps, irreps.mul(2), [1])).toThrow(cue.DimensionError)
    expect(() => mace.symmetricContraction(irreps, new cue.Irreps('O3E3nn', '2x0e'), [1])).toThrow(cue.GroupMismatchError)
    const so3 = new cue.Irreps('SO3', '0+1')
    expect(() => mace.symmetricContraction(so3, so3, [4])).toThrow(/no parity/)
  })
})
