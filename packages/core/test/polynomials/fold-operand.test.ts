import { describe, expect, it } from 'vitest'
import { descriptors, HostArray, Irreps, O3, PolynomialError, type SegmentedPolynomial } from '../../src/index.ts'

const irreps = (text: string) => new Irreps(O3, text)

function random(size: number, seed: number): HostArray {
  let state = seed
  return HostArray.from(Array.from({ length: size }, () => (state = (state * 16807) % 2147483647) / 2147483647 - 0.5))
}

function evaluateBoth(polynomial: SegmentedPolynomial, operand: number): [HostArray, HostArray] {
  const { table, main } = polynomial.foldOperand(operand)
  const inputs = polynomial.inputs.map(({ size }, i) => random(size, 7 + i))
  const [folded] = table.evaluate(inputs[operand] ?? HostArray.scalar(0))
  const [expected] = polynomial.evaluate(...inputs)
  const [found] = main.evaluate(...inputs.map((x, i) => (i === operand ? (folded ?? x) : x)))
  if (!expected || !found) throw new Error('no output')
  return [expected, found]
}

describe('foldOperand', () => {
  it('leaves the value of a symmetric contraction, with one coefficient for every monomial', () => {
    const { polynomial } = descriptors.symmetricContraction(irreps('3x0e+3x1o+3x2e+3x3o'), irreps('3x0e+3x1o'), [1, 2, 3])
    const { numPaths, numPathsBefore } = polynomial.foldOperand(0)
    expect([numPaths, numPathsBefore]).toEqual([410, 2039])
    const [expected, found] = evaluateBoth(polynomial, 0)
    expect(found.maxAbsDifference(expected)).toBeLessThan(1e-12)
  })

  it('leaves the value of a tensor product, and merges what differs in the operand only', () => {
    const { polynomial } = descriptors.channelwiseTensorProduct(irreps('2x0e+2x1o'), irreps('0e+1o'), irreps('0e+1o+1e+2e'))
    const flat = polynomial.flattenCoefficientModes()
    const [expected, found] = evaluateBoth(flat, 0)
    expect(found.maxAbsDifference(expected)).toBeLessThan(1e-13)
    expect(flat.foldOperand(2).numPaths).toBeLessThanOrEqual(flat.foldOperand(2).numPathsBefore)
  })

  it('refuses what is not linear in the operand, has coefficients with modes, or is not there', () => {
    const { polynomial } = descriptors.symmetricContraction(irreps('2x0e'), irreps('2x0e'), [2])
    expect(() => polynomial.foldOperand(1)).toThrow(/more than once/)
    expect(() => polynomial.foldOperand(5)).toThrow(PolynomialError)
    const product = descriptors.channelwiseTensorProduct(irreps('2x1o'), irreps('1o'), irreps('0e+1e')).polynomial
    expect(() => product.foldOperand(0)).toThrow(/flattenCoefficientModes/)
  })
})
