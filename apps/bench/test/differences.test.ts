import { describe, expect, it } from 'vitest'
import { timing } from '../src/measure/statistics.ts'
import { differences, differencesText } from '../src/results/differences.ts'
import { holm, mannWhitney, normalTail } from '../src/results/significance.ts'
import { record, row } from './support.ts'

describe('significance', () => {
  it('has the tail of the normal distribution', () => {
    const near = [[0, 0.5], [0.5, 0.3085375387259869], [1.96, 0.024997895148220435], [2.999, 0.0013543365337271057]] as const
    const known = [...near, [3.001, 0.0013454728250849653], [6, 9.865876450376946e-10]] as const
    for (const [z, tail] of known) expect(normalTail(z) / tail).toBeCloseTo(1, 11)
  })

  it('has the Mann–Whitney p of SciPy 1 (asymptotic), with and without ties', () => {
    const [a, b] = [[1.1, 1.2, 1.3, 1.25, 1.15, 1.4, 1.22, 1.18], [1.3, 1.45, 1.5, 1.38, 1.6, 1.41, 1.28, 1.55, 1.3]]
    expect(mannWhitney(a, b)).toBeCloseTo(0.004432478277068343, 12)
    expect(mannWhitney([1, 2, 2, 3, 3, 3, 4, 5], [2, 3, 4, 4, 5, 6, 7, 3])).toBeCloseTo(0.10739338860434619, 12)
    expect(mannWhitney(b, a)).toBeCloseTo(mannWhitney(a, b), 12)
    expect([mannWhitney([1, 1], [1, 1]), mannWhitney([], [1])]).toEqual([1, 1])
  })

  it("has Holm's adjustment", () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06])
  })
})

describe('differences', () => {
  const around = (value: number) => timing(Array.from({ length: 20 }, (_, k) => value * (1 + 0.01 * Math.sin(7 * k))))
  const before = record([row({ own: around(1) }), row({ case: 'A2', own: around(1) }), row({ case: 'A4', own: around(1) }), row({ case: 'C', own: { ...around(1), values: [] } }), row({ case: 'D' })])
  const after = record([row({ own: around(1.3) }), row({ case: 'A2', own: around(0.7) }), row({ case: 'A4', own: around(1.001) }), row({ case: 'C', own: around(2) }), row({ case: 'E' })])

  it('flag what became slower by more than the threshold, and what is no chance', () => {
    const found = differences(before, after)
    expect(found.rows.map(({ before: { case: name }, verdict }) => `${name} ${verdict}`)).toEqual(['A1 worse', 'A2 better', 'A4 same', 'C untested'])
    expect(found.rows[0]?.change).toBeCloseTo(1.3, 6)
    expect(found.rows[0]?.p).toBeLessThan(1e-5)
    expect(found.missing).toEqual(['operations D fwd cpu f32 2 ms', 'operations E fwd cpu f32 2 ms'])
    expect(differences(before, after, { threshold: 0.5 }).rows[0]?.verdict).toBe('same')
    expect(differencesText(found).split('\n')[2]).toContain('| C |')
  })

  it('need a row in common', () => {
    expect(() => differences(before, record([row({ backend: 'webgpu' })]))).toThrow(/no row in common/)
  })
})
