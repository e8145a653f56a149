import { describe, expect, test } from 'vitest'
import { disagreement } from '../../src/conformance/compare.ts'
import { conformanceCases, type PolynomialCase } from '../../src/conformance/index.ts'
import { type AccessMode, accessModes, rowsModes } from '../../src/conformance/polynomials/access.ts'
import { batchSizes, launchModes } from '../../src/conformance/polynomials/cases.ts'
import { coveringRows } from '../../src/conformance/polynomials/covering.ts'
import { derivatives, derive, orderOf } from '../../src/conformance/polynomials/derivatives.ts'
import { descriptorNames, descriptorTable, forms, multiplicities, polynomialOf } from '../../src/conformance/polynomials/descriptors.ts'
import { evaluateRows } from '../../src/conformance/polynomials/evaluate.ts'
import { methods } from '../../src/conformance/polynomials/methods.ts'
import { numbersModes } from '../../src/conformance/polynomials/numbers.ts'
import { largestCondition, problemOf } from '../../src/conformance/polynomials/problem.ts'
import { Random } from '../../src/conformance/random.ts'
import { HostArray } from '../../src/math/host-array.ts'

const seed = 1

describe('tier ci', () => {
  const cases = conformanceCases('ci', seed)
  const polynomials = cases.filter((own): own is PolynomialCase => own.category === 'polynomial')
  const count = (category: string) => cases.filter((own) => own.category === category).length

  test('has so many cases', () => {
    const counts = { contract: count('contract'), kernel: count('kernel'), polynomial: count('polynomial') }
    console.info(`conformance, tier ci, seed ${seed}: ${cases.length} cases, ${JSON.stringify(counts)}`)
    expect(counts).toEqual({ contract: 34, kernel: 255, polynomial: 357 })
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
  })

  test('is plain data, the same for the same seed and others for another', () => {
    expect(JSON.parse(JSON.stringify(cases))).toEqual(cases)
    expect(conformanceCases('ci', seed)).toEqual(cases)
    expect(conformanceCases('ci', seed + 1)).not.toEqual(cases)
  })

  test.each([
    ['descriptor', descriptorNames],
    ['multiplicity', multiplicities],
    ['form', forms],
    ['derivative', derivatives],
    ['access', accessModes],
    ['rows', rowsModes],
    ['numbers', numbersModes],
    ['batchSize', batchSizes],
    ['method', methods],
    ['launch', launchModes],
  ] as const)('has every %s', (factor, values) => {
    expect(new Set(polynomials.map((own) => own[factor]))).toEqual(new Set<string | number>(values))
  })

  test('has every descriptor in every order of differentiation, element type and batch size', () => {
    for (const descriptor of descriptorNames) {
      const own = polynomials.filter((one) => one.descriptor === descriptor)
      expect(new Set(own.map(({ derivative }) => orderOf(derivative)))).toEqual(new Set([0, 1, 2]))
      expect(new Set(own.map(({ numbers }) => numbers))).toEqual(new Set(numbersModes))
      expect(new Set(own.map(({ batchSize }) => batchSize))).toEqual(new Set(batchSizes))
      const possible = own.length > 0 && polynomialOf(descriptor, 1, 'plain').numInputs > 1
      const needed: AccessMode[] = ['batched', 'shared', 'sharedOutput', 'gathered', 'scattered', 'oneIndexForAll', ...(possible ? (['convolution', 'sharedFirst'] as const) : [])]
      expect(own.map(({ access }) => access)).toEqual(expect.arrayContaining(needed))
    }
  })

  test('has every access mode with every method that can serve it', () => {
    for (const access of accessModes) {
      const own = polynomials.filter((one) => one.access === access)
      expect(own.map(({ method }) => method)).toEqual(expect.arrayContaining(['auto', 'naive', 'uniform_1d', 'fused_tp']))
    }
  })
})

test('no output of a case is what remains of a sum that cancels, for errors are measured by its largest element', () => {
  const cases = conformanceCases('ci', seed).filter((own): own is PolynomialCase => own.category === 'polynomial')
  for (const own of cases) {
    const { expected, condition } = problemOf(own)
    expect(condition, own.name).toBeLessThanOrEqual(largestCondition)
    const worst = Math.max(1, ...expected.map(({ data, magnitudes }) => largestOf(magnitudes) / largestOf(data)).filter((ratio) => !Number.isNaN(ratio)))
    expect(condition, own.name).toBeCloseTo(worst, 12)
  }
})

/** Largest absolute value. */
function largestOf(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
}

test('coveringRows has every pair that is allowed', () => {
  const factors = { a: [1, 2, 3], b: ['x', 'y'], c: ['true', 'false'], d: [4, 5, 6, 7] }
  const isAllowed = ({ a, b, d }: { a: number; b: string; d: number }) => !(a === 2 && b === 'y') && d !== a + 4
  const rows = coveringRows(factors, isAllowed, 3)
  expect(rows.length).toBeLessThan(20)
  for (const row of rows) expect(isAllowed(row)).toBe(true)
  const has = (part: Record<string, unknown>) => rows.some((row) => Object.entries(part).every(([key, value]) => row[key as 'a'] === value))
  for (const a of factors.a) {
    for (const b of factors.b) expect(has({ a, b })).toBe(!(a === 2 && b === 'y'))
    for (const d of factors.d) expect(has({ a, d })).toBe(d !== a + 4)
  }
  for (const c of factors.c) for (const d of factors.d) expect(has({ c, d })).toBe(true)
})

test.each(descriptorNames)('the definition that results are held against is that of evaluate(): %s', (name) => {
  const random = new Random(name)
  const mul = descriptorTable[name].multiplicities.at(1) ?? 1
  for (const derivative of ['forward', 'backward'] as const) {
    const [polynomial] = derive(polynomialOf(name, mul, 'plain'), derivative)
    const inputs = polynomial.inputs.map(({ size }) => new HostArray([2, size], Float64Array.from({ length: 2 * size }, () => random.number())))
    const expected = polynomial.evaluate(...inputs)
    const rowOf = (entry: number) => entry
    const sums = polynomial.outputs.map(({ size }) => ({ data: new Float64Array(2 * size), magnitudes: new Float64Array(2 * size), rowOf }))
    const rows = inputs.map(({ data }) => ({ data, rowOf }))
    evaluateRows(polynomial, rows, sums, 2)
    for (const [o, { data, magnitudes }] of sums.entries()) {
      expect(data.every((value, k) => Math.abs(value) <= (magnitudes[k] ?? 0) * (1 + 1e-13))).toBe(true)
      // Without inputs evaluate() has no batch.
      const own = expected[o]?.data ?? new Float64Array(0)
      const repeated = data.map((_, k) => own[k % own.length] ?? 0)
      expect(disagreement(`output ${o}`, data, repeated, 1e-13)).toBeNull()
    }
  }
})
