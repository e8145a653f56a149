import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectClose, sines } from './support.ts'

const { descriptors } = cue
const { mace } = cue.experimental
const irreps = (group: cue.GroupName, text: string) => new cue.Irreps(group, text)

/** Cuts a flat array at the segments of irreps. */
function pieces(array: cue.HostArray, groups: cue.Irreps): cue.HostArray[] {
  return groups.slices().map(([start, stop]) => cue.HostArray.from(array.data.slice(start, stop)))
}

/** The split form on split inputs gives the split outputs. */
function expectTwin(split: cue.IrDictPolynomial, whole: cue.EquivariantPolynomial): void {
  const inputs = whole.inputs.map((rep, k) => sines(rep.dim, k))
  const outputs = whole.evaluate(...inputs)
  expect(split.inputIrreps.map(({ dim }) => dim)).toEqual(inputs.map(({ size }) => size))
  const parts = split.polynomial.evaluate(...inputs.flatMap((input, k) => pieces(input, split.inputIrreps[k] ?? irreps('O3', ''))))
  const expected = outputs.flatMap((output, o) => pieces(output, split.outputIrreps[o] ?? irreps('O3', '')))
  expect(parts.length).toBe(expected.length)
  for (const [o, part] of parts.entries()) {
    if ((expected[o]?.data ?? []).every((value) => value === 0)) expect(part.data.every((value) => value === 0)).toBe(true)
    else expectClose(part.data, expected[o]?.data ?? [])
  }
}

const strings = (groups: readonly cue.Irreps[]) => groups.map(String)

describe('one operand for each irrep', () => {
  it('linear', () => {
    for (const [a, b] of [['4x0e+2x1o', '3x0e+5x1o'], ['2x0e+3x0e+1o', '4x0e+2x1o+0o']] as const) {
      const split = descriptors.linearIrDict(irreps('O3', a), irreps('O3', b))
      expectTwin(split, descriptors.linear(irreps('O3', a), irreps('O3', b)))
      expect(strings(split.inputIrreps)).toEqual(['22x0e', a])
      expect(strings(split.outputIrreps)).toEqual([b])
    }
  })

  it('fullyConnectedTensorProduct', () => {
    for (const [a, b, c] of [['2x0e+1o', '0e+1o', '2x0e+1o+1e'], ['4x0e+4x1o', '2x1o', '3x1e+2x2e']] as const)
      expectTwin(
        descriptors.fullyConnectedTensorProductIrDict(irreps('O3', a), irreps('O3', b), irreps('O3', c)),
        descriptors.fullyConnectedTensorProduct(irreps('O3', a), irreps('O3', b), irreps('O3', c)),
      )
  })

  it('channelwiseTensorProduct, always simplified', () => {
    for (const [a, b, filter] of [['2x0e+1o', '0e+1o', '0e+1o'], ['4x0e+4x1o', '0e+1o+2e', undefined], ['3x1o', '1o+2e', '1o+1e+3o']] as const) {
      const keep = filter === undefined ? undefined : irreps('O3', filter)
      const split = descriptors.channelwiseTensorProductIrDict(irreps('O3', a), irreps('O3', b), keep)
      expectTwin(split, descriptors.channelwiseTensorProduct(irreps('O3', a), irreps('O3', b), keep, { simplifyIrreps3: true }))
      const names = split.outputIrreps[0]?.segments.map(({ ir }) => ir.toString()) ?? []
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('fullTensorProduct', () => {
    const [a, b] = [irreps('O3', '2x0e+1o'), irreps('O3', '0e+1o')]
    const split = descriptors.fullTensorProductIrDict(a, b)
    expectTwin(split, descriptors.fullTensorProduct(a, b))
    expect(strings(split.outputIrreps)).toEqual(['2x0e+0e+2x1o+1o+1e+2e'])
  })

  it('elementwiseTensorProduct, whose inputs are cut to match', () => {
    const [a, b] = [irreps('O3', '8x0e'), irreps('O3', '2x1o+6x2e')]
    const split = descriptors.elementwiseTensorProductIrDict(a, b)
    expectTwin(split, descriptors.elementwiseTensorProduct(a, b))
    expect(strings(split.inputIrreps)).toEqual(['2x0e+6x0e', '2x1o+6x2e'])
  })

  it('symmetricContraction, also with the projection of MACE', () => {
    const [a, b] = [irreps('O3', '2x0e+2x1o+2x2e'), irreps('O3', '2x0e+2x1o')]
    const whole = descriptors.symmetricContraction(a, b, [1, 2, 3])
    expectTwin(descriptors.symmetricContractionIrDict(a, b, [1, 2, 3]), whole)
    const [split, p] = mace.symmetricContractionIrDict(a, b, [1, 2, 3])
    expectTwin(split, whole)
    expect(p.equals(mace.symmetricContraction(a, b, [1, 2, 3])[1])).toBe(true)
    expect(strings(split.inputIrreps)).toEqual(['34x0e', '2x0e+2x1o+2x2e'])
  })

  it('sphericalHarmonics', () => {
    const vector = new cue.O3(1, -1)
    const split = descriptors.sphericalHarmonicsIrDict(vector, [1, 2, 3, 4])
    expectTwin(split, descriptors.sphericalHarmonics(vector, [1, 2, 3, 4]))
    expect(split.polynomial.outputs.map(({ size }) => size)).toEqual([3, 5, 7, 9])
  })
})
