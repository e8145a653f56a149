import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectClose, expectDigits, expectEquivariant, numPaths, randomStream, sumOfSquares } from './support.ts'

const { sphericalHarmonics, sphericalHarmonicsFormulas } = cue.descriptors
const vector = new cue.O3(1, -1)

function values(l: number, x: readonly number[], ir: cue.Irrep = vector): Float64Array {
  return sphericalHarmonics(ir, [l]).evaluate(cue.HostArray.from(x))[0]?.data ?? new Float64Array()
}

/** Values by the closed form: N · P_l^|m|(y) / sin^|m| · Re or Im (z + i x)^|m|, on the unit sphere, times √(2l+1). */
function closedForm(l: number, [x, y, z]: readonly [number, number, number]): number[] {
  const legendre = (m: number): number => {
    // d^m/dy^m of P_l(y), by the recursion in l starting from (2m − 1)!!.
    let [previous, current] = [0, Array.from({ length: m }, (_, i) => 2 * i + 1).reduce((a, b) => a * b, 1)]
    for (let n = m; n < l; n++) [previous, current] = [current, ((2 * n + 1) * y * current - (n + m) * previous) / (n - m + 1)]
    return current
  }
  const power = (m: number): readonly [number, number] => {
    let [re, im] = [1, 0]
    for (let i = 0; i < m; i++) [re, im] = [re * z - im * x, re * x + im * z]
    return [re, im]
  }
  return Array.from({ length: 2 * l + 1 }, (_, i) => {
    const m = Math.abs(i - l)
    const ratio = Array.from({ length: 2 * m }, (__, k) => l - m + 1 + k).reduce((a, b) => a / b, 1)
    const norm = Math.sqrt((2 * l + 1) * ratio * (m === 0 ? 1 : 2))
    return norm * legendre(m) * (i >= l ? power(m)[0] : power(m)[1])
  })
}

describe('sphericalHarmonics', () => {
  const point = [0.3, -0.5, 0.8]

  it('has the golden values', () => {
    expectClose(values(0, point), [1])
    expectClose(values(1, point), point.map((x) => Math.sqrt(3) * x))
    expectDigits(values(2, point), [0.929516, -0.5809475, -0.25714782, -1.54919334, 1.06507042], 7)
    expectDigits(values(3, point), [1.14831589, -1.22963409, 0.131235, 1.11782993, 0.34996, -1.40895573, 0.61912842], 7)
    expectDigits(values(4, point), [1.1713838, -1.72247383, 0.61983804, 0.42334992, -0.8554875, 1.12893312, 0.71023109, -0.92869263, 0.15995601], 7)
  })

  it('has 3, 11, 41, 143 paths for l = 1 … 4', () => {
    expect([1, 2, 3, 4].map((l) => numPaths(sphericalHarmonics(vector, [l])))).toEqual([[3], [11], [41], [143]])
  })

  it('equals the closed form on the sphere up to l = 8, in every group', () => {
    const next = randomStream(3)
    for (let n = 0; n < 4; n++) {
      const raw = [next(), next(), next()] as const
      const norm = Math.hypot(...raw)
      const [x, y, z] = raw.map((value) => value / norm)
      const unit = [x ?? 0, y ?? 0, z ?? 0] as const
      for (let l = 0; l <= 8; l++)
        for (const ir of n === 0 ? [vector, new cue.SO3(1), new cue.O3(1, 1), new cue.O3E3nn(1, -1)] : [vector])
          expectClose(values(l, unit, ir), closedForm(l, unit), 1e-13)
    }
  })

  it('is homogeneous with Σ Y² = (2l+1) |x|^2l, even or odd with l', () => {
    for (let l = 0; l <= 8; l++) {
      const y = values(l, point)
      expect(sumOfSquares(y) / (0.98 ** l * (2 * l + 1))).toBeCloseTo(1, 13)
      expectClose(values(l, point.map((x) => -x)), y.map((value) => (-1) ** l * value))
      expectClose(values(l, point.map((x) => 2 * x)), y.map((value) => 2 ** l * value))
    }
  })

  it('takes the parity of its powers', () => {
    expect(String(sphericalHarmonics(vector, [0, 1, 2, 3]).outputs[0])).toBe('0e+1o+2e+3o')
    expect(String(sphericalHarmonics(new cue.O3(1, 1), [0, 1, 2, 3]).outputs[0])).toBe('0e+1e+2e+3e')
    expect(String(sphericalHarmonics(new cue.SO3(1), [2, 0, 2]).outputs[0])).toBe('2+0+2')
  })

  it('is equivariant under rotation and inversion', () => {
    for (const ir of [vector, new cue.O3(1, 1), new cue.SO3(1), new cue.O3E3nn(1, -1)]) expectEquivariant(sphericalHarmonics(ir, [0, 1, 2, 3, 4]))
    expectEquivariant(sphericalHarmonics(vector, [5, 6]))
  })

  it('refuses irreps that are no vectors, and degrees that are none', () => {
    expect(() => sphericalHarmonics(new cue.SO3(2), [1])).toThrow(/no real three-dimensional irrep/)
    expect(() => sphericalHarmonics(new cue.SU2(1), [1])).toThrow(cue.InputError)
    expect(() => sphericalHarmonics(new cue.SU2(0.5), [1])).toThrow(cue.InputError)
    for (const ls of [[], [-1], [0.5], [Number.NaN]]) expect(() => sphericalHarmonics(vector, ls)).toThrow(cue.InputError)
    expect(() => sphericalHarmonics('1o' as never, [1])).toThrow(/the string '1o'/)
  })
})

describe('sphericalHarmonicsFormulas', () => {
  const text = (l: number) => sphericalHarmonicsFormulas(vector, l).map((formula) => formula.text)

  it('prints the formulas', () => {
    expect(text(0)).toEqual(['1'])
    expect(text(1)).toEqual(['√3·x', '√3·y', '√3·z'])
    expect(text(2)).toEqual(['√15·x·z', '√15·x·y', '-(1/2)√5·x^2 + √5·y^2 - (1/2)√5·z^2', '√15·y·z', '-(1/2)√15·x^2 + (1/2)√15·z^2'])
    expect(text(3)[1]).toBe('√105·x·y·z')
    expect(text(3)[0]).toBe('-(1/4)√70·x^3 + (3/4)√70·x·z^2')
  })

  it('its monomials give the values of the polynomial', () => {
    const point = [0.3, -0.5, 0.8]
    for (let l = 0; l <= 8; l++) {
      const fromMonomials = sphericalHarmonicsFormulas(vector, l).map(({ monomials }) =>
        monomials
          .map(({ coefficient, exponents }) => exponents.reduce((product, exponent, axis) => product * (point[axis] ?? 0) ** exponent, coefficient))
          .reduce((total, value) => total + value, 0),
      )
      expectClose(fromMonomials, values(l, point))
    }
  })

  it('refuses bad arguments', () => {
    expect(() => sphericalHarmonicsFormulas(vector, -1)).toThrow(cue.InputError)
    expect(() => sphericalHarmonicsFormulas(new cue.O3(2, 1), 1)).toThrow(cue.InputError)
  })
})
