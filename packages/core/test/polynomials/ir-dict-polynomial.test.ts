import { describe, expect, test } from 'vitest'
import { DimensionError, PolynomialError } from '../../src/errors.ts'
import { Irreps } from '../../src/irreps/index.ts'
import { HostArray } from '../../src/math/index.ts'
import { IrDictPolynomial, SegmentedPolynomial, SegmentedTensorProductBuilder, splitPolynomialByIrreps } from '../../src/polynomials/index.ts'
import { randomArray, randomNumbers } from './random-product.ts'

const irreps = new Irreps('O3', '4x0e + 2x1o')
const product = new SegmentedTensorProductBuilder('uv,iu,iv')
  .addPath([4, 3], [1, 4], [1, 3], { c: 0.5 })
  .addPath([2, 5], [3, 2], [3, 5], { c: 2 })
  .build()
const whole = SegmentedPolynomial.evalLastOperand(product)

describe('splitPolynomialByIrreps', () => {
  test('one operand for every segment, the same numbers', () => {
    const random = randomNumbers(1)
    const [w, x] = [randomArray([22], random), randomArray([10], random)]
    const split = splitPolynomialByIrreps(whole, 1, irreps)
    expect(split.inputs.map(({ size }) => size)).toEqual([22, 4, 6])
    const pieces = [x.data.slice(0, 4), x.data.slice(4)].map((piece) => HostArray.from(piece))
    const [expected = w] = whole.evaluate(w, x)
    expect(split.evaluate(w, ...pieces)[0]?.maxAbsDifference(expected)).toBe(0)
    const outputs = splitPolynomialByIrreps(split, -1, new Irreps('O3', '3x0e + 5x1o'))
    expect(outputs.evaluate(w, ...pieces).flatMap(({ data }) => [...data])).toEqual([...expected.data])
  })

  test('segments without copies become operands without elements', () => {
    const split = splitPolynomialByIrreps(whole, 1, new Irreps('O3', '0x2e + 4x0e + 0x1e + 2x1o + 0x3o'))
    expect(split.inputs.map(({ size }) => size)).toEqual([22, 0, 4, 0, 6, 0])
  })

  test('refuses irreps that do not end where segments do', () => {
    expect(() => splitPolynomialByIrreps(whole, 1, new Irreps('O3', '3x0e + 7x0e'))).toThrow(PolynomialError)
    expect(() => splitPolynomialByIrreps(whole, 1, new Irreps('O3', '4x0e'))).toThrow(PolynomialError)
    expect(() => splitPolynomialByIrreps(whole, 9, irreps)).toThrow('does not exist')
  })
})

describe('IrDictPolynomial', () => {
  const split = splitPolynomialByIrreps(whole, 1, irreps)
  const weights = new Irreps('O3', '22x0e')
  const output = new Irreps('O3', '18x0e')

  test('groups of operands', () => {
    const dict = new IrDictPolynomial(split, [weights, irreps], [output])
    expect(dict.inputIrreps.map(String)).toEqual(['22x0e', '4x0e+2x1o'])
    expect(dict.equals(new IrDictPolynomial(split, [weights, irreps], [output]))).toBe(true)
    expect(dict.equals(new IrDictPolynomial(split, [weights, irreps], [new Irreps('O3', '18x0o')]))).toBe(false)
    const so3 = [new Irreps('SO3', '22x0'), new Irreps('SO3', '4x0 + 2x1')]
    expect(new IrDictPolynomial(split, so3, [new Irreps('SO3', '18x0')]).equals(dict)).toBe(false)
    expect(String(dict)).toContain('22x0e, 4x0e+2x1o -> 18x0e')
  })

  test('refuses irreps that describe something else', () => {
    expect(() => new IrDictPolynomial(split, [weights], [output])).toThrow(DimensionError)
    expect(() => new IrDictPolynomial(split, [weights], [output])).toThrow('inputIrreps describe 1 operands')
    expect(() => new IrDictPolynomial(whole, [weights, irreps], [output])).toThrow('inputIrreps describe 3 operands')
    expect(() => new IrDictPolynomial(split, [weights, irreps], [output, output])).toThrow('outputIrreps describe 2 operands')
    expect(() => new IrDictPolynomial(split, [weights, new Irreps('O3', '4x0e + 3x1o')], [output])).toThrow('expected size 9, got 6')
  })
})
