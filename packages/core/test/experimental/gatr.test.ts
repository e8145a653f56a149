import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { onSines, polynomialOf, sines } from '../descriptors/support.ts'

const { gatr } = cue.experimental

/** Blades as sorted lists of vectors, in the order of the operands. */
const blades = ['', '0', '1', '2', '3', '01', '02', '03', '12', '13', '23', '012', '013', '023', '123', '0123']

/** e_a e_b by sorting letters: −1 for each exchange, e_0² = 0 and e_i² = 1 for each pair that meets. */
function product(a: string, b: string): readonly [blade: string, sign: number] {
  const letters = [...a, ...b]
  let sign = 1
  for (let swapped = true; swapped; ) {
    swapped = false
    for (let i = 0; i + 1 < letters.length; i++) {
      const [x = '', y = ''] = [letters[i], letters[i + 1]]
      if (x <= y) continue
      ;[letters[i], letters[i + 1]] = [y, x]
      sign = -sign
      swapped = true
    }
  }
  const text = letters.join('')
  if (text.includes('00')) return ['', 0]
  return [text.replace(/(.)\1/g, ''), sign]
}

function table(stp: cue.SegmentedTensorProduct): cue.HostArray {
  const values = new Float64Array(16 ** 3)
  for (const { indices, coefficients } of stp.paths) {
    const [di = 0, dj = 0, dk = 0] = coefficients.shape
    for (let i = 0; i < di; i++)
      for (let j = 0; j < dj; j++)
        for (let k = 0; k < dk; k++) {
          const [a = 0, b = 0, c = 0] = [i, j, k].map((n, axis) => (stp.operands[axis]?.offsets[indices[axis] ?? 0] ?? 0) + n)
          values[(a * 16 + b) * 16 + c] = (values[(a * 16 + b) * 16 + c] ?? 0) + coefficients.get(i, j, k)
        }
  }
  return new cue.HostArray([16, 16, 16], values)
}

describe('gatr', () => {
  it('geometric product: the Clifford table of G(3,0,1), 60 paths and 192 entries', () => {
    const stp = gatr.gatrGeometricProduct()
    expect(stp.numPaths).toBe(60)
    const values = table(stp)
    expect(values.data.filter((value) => value !== 0).length).toBe(192)
    for (const [i, a] of blades.entries())
      for (const [j, b] of blades.entries()) {
        const [blade, sign] = product(a, b)
        for (const [k, c] of blades.entries()) expect(values.get(i, j, k), `${a} ${b} ${c}`).toBe(sign !== 0 && c === blade ? sign : 0)
      }
  })

  it('geometric product is associative', () => {
    const values = table(gatr.gatrGeometricProduct())
    const left = cue.einsum('ijm,mkl->ijkl', values, values)
    expect(left.equals(cue.einsum('jkm,iml->ijkl', values, values))).toBe(true)
  })

  it('outer product: the part of the geometric product of full grade, 30 paths and 81 entries', () => {
    const stp = gatr.gatrOuterProduct()
    expect(stp.numPaths).toBe(30)
    const [outer, geometric] = [table(stp), table(gatr.gatrGeometricProduct())]
    expect(outer.data.filter((value) => value !== 0).length).toBe(81)
    for (const [i, a] of blades.entries())
      for (const [j, b] of blades.entries())
        for (const [k, c] of blades.entries()) expect(outer.get(i, j, k)).toBe(c.length === a.length + b.length ? geometric.get(i, j, k) : 0)
  })

  it('linear: nine weight matrices, twelve paths, commutes with rotors and with e_0', () => {
    const stp = gatr.gatrLinear(2, 3)
    expect(stp.numPaths).toBe(12)
    expect(stp.operands.map(({ numSegments }) => numSegments)).toEqual([9, 8, 8])
    expect(stp.operands.map(({ size }) => size)).toEqual([54, 32, 48])
    const single = gatr.gatrLinear(1, 1)
    const w = sines(9, 0)
    const linear = (x: cue.HostArray): cue.HostArray => polynomialOf(single).evaluate(w, x)[0] ?? x
    const values = table(gatr.gatrGeometricProduct())
    const times = (a: cue.HostArray, b: cue.HostArray): cue.HostArray => cue.einsum('ijk,i,j->k', values, a, b)
    const element = (parts: Readonly<Record<string, number>>): cue.HostArray => cue.HostArray.from(blades.map((blade) => parts[blade] ?? 0))
    // A rotation in the plane 12, a translation along 3 and a mirror: u x u^-1 (with the grade involution for the mirror).
    const versors = [
      [element({ '': Math.cos(0.4), '12': Math.sin(0.4) }), element({ '': Math.cos(0.4), '12': -Math.sin(0.4) })],
      [element({ '': 1, '03': 0.7 }), element({ '': 1, '03': -0.7 })],
    ] as const
    const x = sines(16, 2)
    for (const [u, inverse] of versors) {
      expect(times(u, inverse).maxAbsDifference(element({ '': 1 }))).toBeLessThan(1e-15)
      const moved = (y: cue.HostArray): cue.HostArray => times(times(u, y), inverse)
      expect(linear(moved(x)).maxAbsDifference(moved(linear(x)))).toBeLessThan(1e-13)
    }
  })

  it('refuses numbers of channels that are none', () => {
    expect(() => gatr.gatrLinear(-1, 2)).toThrow(/mulIn is -1/)
    expect(() => gatr.gatrLinear(1, 2.5)).toThrow(cue.InputError)
    expect(onSines(gatr.gatrLinear(0, 2))[0]?.data.every((value) => value === 0)).toBe(true)
  })
})
