import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectRow, numPaths } from './support.ts'

const { channelwiseTensorProduct, elementwiseTensorProduct, fullTensorProduct, fullyConnectedTensorProduct, linear } = cue.descriptors

const irreps = (group: cue.GroupName, text: string) => new cue.Irreps(group, text)
const outputOf = (e: cue.EquivariantPolynomial) => String(e.outputs[0])
const coefficients = (e: cue.EquivariantPolynomial) => e.polynomial.operations.flatMap(([, product]) => product.paths.map((path) => path.coefficients.data[0]))

describe('linear', () => {
  it('4x0e+2x1o -> 3x0e+5x1o', () => {
    const e = linear(irreps('O3', '4x0e+2x1o'), irreps('O3', '3x0e+5x1o'))
    expect(e.inputs[0].dim).toBe(22)
    expect(coefficients(e)).toEqual([0.5, 1 / Math.sqrt(2)])
    expectRow(e, [0.21114335, 0.05471382, -0.12744847, -0.2415708, -0.16496104, -0.01076753], 1.87174031, 0.90850613)
  })

  it('adds inputs of one irrep, and leaves outputs without input at zero', () => {
    const e = linear(irreps('O3', '2x0e+3x0e+1o'), irreps('O3', '4x0e+2x1o+0o'))
    expect(e.inputs[0].dim).toBe(22)
    expect(coefficients(e)).toEqual([1 / Math.sqrt(5), 1 / Math.sqrt(5), 1])
    expectRow(e, undefined, undefined, 1.0660083)
    expect(linear(irreps('O3', '3x0e'), irreps('O3', '1o')).polynomial.operations.every(([, product]) => product.numPaths === 0)).toBe(true)
  })

  it('works for half-integer spins', () => {
    const e = linear(irreps('SU2', '3x1/2+4x1'), irreps('SU2', '2x1/2+5x1+2x1/2'))
    expect(e.inputs[0].dim).toBe(32)
    expectRow(e, undefined, undefined, 2.8375983)
  })
})

describe('fullyConnectedTensorProduct', () => {
  it('16(0+1+2) cubed', () => {
    const a = irreps('SO3', '16x0+16x1+16x2')
    const e = fullyConnectedTensorProduct(a, a, a)
    expect(e.inputs[0].dim).toBe(61440)
    expect(numPaths(e)).toEqual([15])
    expectRow(e, [0.01248435, 0.04541978, 0.05699357, 0.0417624, 0.00688972, -0.03122331], -0.14702109, 0.11064534)
  })

  it('(4x0e+4x1o) cubed has the factor 1/√32', () => {
    const a = irreps('O3', '4x0e+4x1o')
    const e = fullyConnectedTensorProduct(a, a, a)
    expect(e.inputs[0].dim).toBe(256)
    expect(numPaths(e)).toEqual([4])
    expect(coefficients(e)[0]).toBeCloseTo(1 / Math.sqrt(32), 15)
    expectRow(e, [0.1717787, 0.27966718, 0.25602382, 0.11196845, -0.20814552, -0.41522007], -0.26603206, 1.36317255)
  })

  it('2x0e+1o with 0e+1o to 2x0e+1o+1e', () => {
    const e = fullyConnectedTensorProduct(irreps('O3', '2x0e+1o'), irreps('O3', '0e+1o'), irreps('O3', '2x0e+1o+1e'))
    expect(e.inputs[0].dim).toBe(10)
    expectRow(e, undefined, undefined, 1.09416652)
  })
})

describe('channelwiseTensorProduct', () => {
  it('32x0e+32x1o with 0e+1o+2e, filtered', () => {
    const a = irreps('O3', '32x0e+32x1o')
    const e = channelwiseTensorProduct(a, irreps('O3', '0e+1o+2e'), a)
    expect(e.inputs[0].dim).toBe(160)
    expect(outputOf(e)).toBe('32x0e+32x0e+32x1o+32x1o+32x1o')
    expectRow(e, [0.27303079, 0.28447901, 0.01533987, -0.08759798, 0.14654906, 0.32908151], 2.39820092, 43.43745297)
    const list = [new cue.O3(1, -1), new cue.O3(0, 1)]
    expect(channelwiseTensorProduct(a, irreps('O3', '0e+1o+2e'), list)).toBe(e)
  })

  it('SO3 64x0+32x1 with 0+1, simplified or not', () => {
    const [a, b] = [irreps('SO3', '64x0+32x1'), irreps('SO3', '0+1')]
    const e = channelwiseTensorProduct(a, b)
    expect(e.inputs[0].dim).toBe(256)
    expect(outputOf(e)).toBe('64x0+32x0+64x1+32x1+32x1+32x2')
    expectRow(e, undefined, 89.91372744, 99.31867623)
    const simplified = channelwiseTensorProduct(a, b, undefined, { simplifyIrreps3: true })
    expect(simplified.inputs[0].dim).toBe(256)
    expect(outputOf(simplified)).toBe('96x0+128x1+32x2')
    expectRow(simplified, undefined, 89.91372744, 99.31867623)
  })

  it('orders weights like the sorted outputs', () => {
    const e = channelwiseTensorProduct(irreps('O3', '2x1o+3x0e+4x2e+3x1e+2x1o'), irreps('O3', '1o+2e'), irreps('O3', '0e+1o+1e'))
    expect(e.inputs[0].dim).toBe(33)
    expect(numPaths(e)).toEqual([12])
    expectRow(e, undefined, undefined, 5.23249311)
  })

  it.each([
    ['128x0e', 512],
    ['128x0e+128x1o', 1280],
    ['128x0e+128x1o+128x2e', 2176],
  ] as const)('a MACE layer on %s needs %i weights an edge', (features, numWeights) => {
    const e = channelwiseTensorProduct(irreps('O3E3nn', features), irreps('O3E3nn', '0e+1o+2e+3o'), irreps('O3E3nn', '0e+1o+2e+3o'))
    expect(e.inputs[0].dim).toBe(numWeights)
  })
})

describe('fullTensorProduct', () => {
  it('has the golden rows', () => {
    const e = fullTensorProduct(irreps('O3', '2x0e+1o'), irreps('O3', '0e+1o'))
    expect(outputOf(e)).toBe('2x0e+0e+2x1o+1o+1e+2e')
    expectRow(e, undefined, undefined, 4.29701262)
    const ones = fullTensorProduct(irreps('SO3', '1'), irreps('SO3', '1'))
    expect(outputOf(ones)).toBe('0+1+2')
    expectRow(ones, [0.77386635, -0.38331586, 0.58635229, -0.38331586, 0.62423482, 0.99870429], undefined, undefined)
    const filtered = fullTensorProduct(irreps('O3', '2x1o+3x0e'), irreps('O3', '1o+2e'), irreps('O3', '1o'))
    expect(outputOf(filtered)).toBe('2x1o+3x1o')
    expectRow(filtered, undefined, undefined, 3.87690483)
  })
})

describe('elementwiseTensorProduct', () => {
  it('has the golden rows', () => {
    const e = elementwiseTensorProduct(irreps('O3', '8x0e+7x1o+4x2e'), irreps('O3', '8x0e+7x1o+4x0e'), irreps('O3', '0e+1o+1e'))
    expect(outputOf(e)).toBe('8x0e+7x0e+7x1e')
    expectRow(e, undefined, undefined, 8.91877529)
    const squared = elementwiseTensorProduct(irreps('O3', '4x0e+4x1o'), irreps('O3', '4x0e+4x1o'))
    expect(outputOf(squared)).toBe('4x0e+4x0e+4x1e+4x2e')
    expectRow(squared, undefined, undefined, 9.09431145)
    const cut = elementwiseTensorProduct(irreps('O3', '5x0e'), irreps('O3', '2x1o+3x2e'))
    expect(outputOf(cut)).toBe('2x1o+3x2e')
    expect(cut.inputs.map(String)).toEqual(['5x0e', '2x1o+3x2e'])
    expectRow(cut, undefined, undefined, 4.81769829)
  })
})
