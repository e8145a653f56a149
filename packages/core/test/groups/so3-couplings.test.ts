import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { so3Coupling, su2Coupling } from '../../src/groups/coupling.ts'
import { sqrtRatioToNumber } from '../../src/math/rational.ts'

/** All (l1, l2, l3) up to a degree that obey the triangle inequality. */
function* triangles(max: number): Generator<readonly [number, number, number], void> {
  for (let a = 0; a <= max; a++) for (let b = 0; b <= max; b++) for (let c = Math.abs(a - b); c <= Math.min(max, a + b); c++) yield [a, b, c]
}

function nonZero(array: cue.HostArray): Record<string, number> {
  const [, n2 = 0, n3 = 0] = array.shape
  const found: Record<string, number> = {}
  for (const [flat, value] of array.data.entries())
    if (value !== 0) found[[Math.floor(flat / (n2 * n3)), Math.floor(flat / n3) % n2, flat % n3].join('')] = value
  return found
}

describe('exact SU(2) couplings', () => {
  it('are the Condon-Shortley coefficients', () => {
    expect(cue.exactClebschGordan(0.5, -0.5, 0.5, 0.5, 0).toString()).toBe('-sqrt(1/2)')
    expect(cue.exactClebschGordan(0.5, 0.5, 0.5, -0.5, 0).toString()).toBe('sqrt(1/2)')
    expect(cue.exactClebschGordan(1, 0, 1, 0, 2).toString()).toBe('sqrt(2/3)')
    expect(cue.exactClebschGordan(1.5, -0.5, 1, 1, 2.5).toString()).toBe('sqrt(3/10)')
    expect(cue.exactClebschGordan(2, 1, 1, 0, 4).toString()).toBe('0')
    expect(() => cue.exactClebschGordan(1, 2, 1, 0, 1)).toThrow(/m = 2 must be one of -1, ..., 1/)
    expect(() => cue.exactClebschGordan(0.3, 0, 1, 0, 1)).toThrow(/j = 0.3/)
  })

  it('have an exact norm of one for every total m', () => {
    for (const [j1, j2, j3] of [[1.5, 1, 0.5], [3, 2.5, 1.5], [11, 11, 11], [20, 13, 17]] as const)
      for (let m3 = -j3; m3 <= j3; m3++) {
        let sum = cue.Rational.zero
        for (let m1 = Math.max(-j1, m3 - j2); m1 <= Math.min(j1, m3 + j2); m1++) sum = sum.add(cue.exactClebschGordan(j1, m1, j2, m3 - m1, j3).square)
        expect(sum.toString()).toBe('1')
      }
  })

  it('fill the tensor that upstream calls (1/2, 1/2, 0)', () => {
    expect(su2Coupling(1, 1, 0).toNested()).toEqual([[[0], [-Math.SQRT1_2]], [[Math.SQRT1_2], [0]]])
  })
})

describe('real couplings', () => {
  it('have the listed values', () => {
    const half = Math.SQRT1_2
    expect(so3Coupling(1, 1, 1).maxAbsDifference(new cue.SO3(1).algebra().scale(half))).toBe(0)
    expect(nonZero(so3Coupling(1, 1, 2))).toEqual({
      '020': half, '200': half, '011': half, '101': half, '002': -Math.sqrt(1 / 6), '112': Math.sqrt(2 / 3), '222': -Math.sqrt(1 / 6),
      '123': half, '213': half, '004': -half, '224': half,
    })
    const [a, b] = [so3Coupling(1, 2, 1), so3Coupling(2, 2, 0)]
    expect([a.get(0, 0, 2), a.get(0, 1, 1), a.get(0, 2, 0), a.get(1, 2, 1), a.get(0, 4, 0)]).toEqual(
      [Math.sqrt(0.3), Math.sqrt(0.3), -Math.sqrt(0.1), Math.sqrt(0.4), -Math.sqrt(0.3)])
    expect(nonZero(b)).toEqual(Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`${i}${i}0`, Math.sqrt(1 / 5)])))
    for (const l of [0, 1, 2, 5]) {
      expect(so3Coupling(l, 0, l).reshape([2 * l + 1, 2 * l + 1]).equals(cue.HostArray.identity(2 * l + 1))).toBe(true)
      expect(so3Coupling(0, l, l).reshape([2 * l + 1, 2 * l + 1]).equals(cue.HostArray.identity(2 * l + 1))).toBe(true)
    }
  })

  it('are the float64 nearest to the exact value, up to l = 11', () => {
    for (const [a, b, c] of [[1, 2, 3], [4, 3, 2], [7, 11, 9], [11, 11, 11], [11, 10, 4]] as const) {
      const tensor = so3Coupling(a, b, c)
      let count = 0
      for (let i = -a; i <= a; i++)
        for (let j = -b; j <= b; j++)
          for (let k = -c; k <= c; k++) {
            const value = tensor.get(i + a, j + b, k + c)
            if (value === 0) continue
            count++
            // The one complex coefficient behind a real entry has |m| of the entry, with signs that add up.
            const signs = [[i, j], [i, -j]].find(([m1 = 0, m2 = 0]) => Math.abs(m1 + m2) === Math.abs(k)) ?? [i, j]
            const { square } = cue.exactClebschGordan(a, signs[0] ?? 0, b, signs[1] ?? 0, c)
            const zeros = [i, j, k].filter((m) => m === 0).length
            const [over, under] = zeros === 3 ? [1n, 1n] : zeros === 1 ? [1n, 1n] : [1n, 2n]
            expect(Math.abs(value)).toBe(sqrtRatioToNumber(square.numerator * over, square.denominator * under))
          }
      expect(count).toBeGreaterThan(10)
    }
  })

  it.each([4, 11, 20])('are orthonormal at l = %i', (l) => {
    const tensor = so3Coupling(l, l, l)
    const gram = cue.einsum('ijk,ijl->kl', tensor, tensor)
    expect(gram.maxAbsDifference(cue.HostArray.identity(2 * l + 1))).toBeLessThan(5e-15)
  })

  it('are made quickly', () => {
    const start = performance.now()
    for (const [a, b, c] of triangles(4)) so3Coupling(a, b, c)
    expect(performance.now() - start).toBeLessThan(100)
    const middle = performance.now()
    so3Coupling(11, 11, 11)
    expect(performance.now() - middle).toBeLessThan(500)
  })
})

describe('wigner3j', () => {
  it('is invariant with norm 1 and the signs of e3nn 0.4.4', () => {
    for (const [a, b, c] of triangles(5)) {
      const w = cue.wigner3j(a, b, c)
      expect(cue.einsum('ijk,ijk->', w, w).get()).toBeCloseTo(1, 14)
      const even = (a + b + c) % 2 === 0
      if (even) expect(w.get(a, b, c)).toBeGreaterThan(0)
      if (!even && a <= b && b <= c) expect(w.data.find((value) => value !== 0)).toBeGreaterThan(0)
      // Exchanging two axes, together with their l's, gives the factor (-1)^(l1+l2+l3).
      for (const [axes, sign] of [[[1, 0, 2], even ? 1 : -1], [[0, 2, 1], even ? 1 : -1], [[1, 2, 0], 1]] as const) {
        const ls = [a, b, c]
        const [x = 0, y = 0, z = 0] = axes.map((axis) => ls[axis])
        // Equal l's leave the sign of an odd tensor to the rule of its sorted axes, which this respects as well.
        expect(cue.wigner3j(x, y, z).maxAbsDifference(w.permute(axes).scale(sign))).toBe(0)
      }
    }
  })

  it('has the values of the table', () => {
    const r = Math.sqrt
    const table: Record<string, Record<string, number>> = {
      '1,1,2': { '002': -r(1 / 30), '004': -r(1 / 10), '011': r(1 / 10), '020': r(1 / 10), '112': r(2 / 15), '123': r(1 / 10), '222': -r(1 / 30), '224': r(1 / 10) },
      '1,2,2': {
        '001': r(1 / 30), '010': -r(1 / 30), '023': -r(1 / 10), '032': r(1 / 10), '034': -r(1 / 30), '043': r(1 / 30), '104': r(2 / 15), '113': r(1 / 30),
        '131': -r(1 / 30), '140': -r(2 / 15), '203': -r(1 / 30), '212': -r(1 / 10), '214': -r(1 / 30), '221': r(1 / 10), '230': r(1 / 30), '241': r(1 / 30),
      },
      '2,2,2': { '222': r(2 / 35), '002': -r(2 / 35), '013': r(3 / 70), '112': r(1 / 70), '114': -r(3 / 70), '334': r(3 / 70), '442': -r(2 / 35) },
      '1,1,1': { '012': r(1 / 6), '120': r(1 / 6), '201': r(1 / 6), '021': -r(1 / 6), '102': -r(1 / 6), '210': -r(1 / 6) },
    }
    for (const [key, values] of Object.entries(table)) {
      const [a = 0, b = 0, c = 0] = key.split(',').map(Number)
      const found = nonZero(cue.wigner3j(a, b, c))
      for (const [index, value] of Object.entries(values)) expect(found[index]).toBeCloseTo(value, 15)
      if (key === '1,2,2' || key === '1,1,1') expect(Object.keys(found).sort()).toEqual(Object.keys(values).sort())
    }
    for (let l = 0; l < 6; l++) {
      const dim = 2 * l + 1
      expect(cue.wigner3j(l, l, 0).reshape([dim, dim]).maxAbsDifference(cue.HostArray.identity(dim).scale(r(1 / dim)))).toBeLessThan(1e-16)
    }
  })

  it('differs from O3 by the sign of (1, l, l) and its permutations only, for l up to 4', () => {
    for (const [a, b, c] of triangles(4)) {
      const ratio = so3Coupling(a, b, c)
      const sign = ratio.maxAbsDifference(cue.wigner3j(a, b, c).scale(Math.sqrt(2 * c + 1))) < 1e-14 ? 1 : -1
      const [x, y, z] = [a, b, c].sort((p, q) => p - q)
      expect([a, b, c, sign]).toEqual([a, b, c, x === 1 && y === z && (y ?? 0) >= 2 ? -1 : 1])
      expect(ratio.maxAbsDifference(cue.wigner3j(a, b, c).scale(sign * Math.sqrt(2 * c + 1)))).toBeLessThan(1e-15)
    }
  })

  it('is zero outside the triangle and refuses other numbers', () => {
    expect(cue.wigner3j(1, 1, 3).data.every((value) => value === 0)).toBe(true)
    expect(() => cue.wigner3j(1, 1.5, 2)).toThrow(/wigner3j\(1, 1.5, 2\): l must be a non-negative integer/)
    expect(() => cue.wigner3j(-1, 1, 2)).toThrow(/non-negative/)
  })
})
