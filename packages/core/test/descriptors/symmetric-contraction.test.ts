import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { symmetricBasisOf } from '../../src/descriptors/symmetric-contraction.ts'
import { countOrderings, distinctOrderings, Monomials } from '../../src/descriptors/monomials.ts'
import { expectClose, expectEquivariant, fixture, numPaths, onSines, sines, Z2 } from './support.ts'

const { symmetricContraction } = cue.descriptors
const irreps = (group: cue.GroupName, text: string) => new cue.Irreps(group, text)
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b)

/** Paths of each degree once equal factors are put in order. */
function unsymmetrised(e: cue.EquivariantPolynomial): number[] {
  return e.polynomial.operations.map(([, { paths }]) => {
    const ordered = paths.map(({ indices: [weight, ...rest] }) => [weight, ...sorted(rest.slice(0, -1)), rest.at(-1)].join())
    return new Set(ordered).size
  })
}

describe('symmetricContraction', () => {
  it.each([
    ['SO3', '16x0+16x1+16x2', '16x0+16x1', 288, [4, 37, 437], [4, 23, 105]],
    ['O3', '4x0e+4x1o+4x2e', '4x0e+4x1o', 68, [4, 37, 353], [4, 23, 88]],
    ['O3', '2x0e+2x1o+2x2e+2x3o', '2x0e+2x1o+2x2e', 98, [9, 215, 5296], undefined],
    ['O3', '128x0e+128x1o+128x2e+128x3o', '128x0e', 13 * 128, undefined, undefined],
    ['O3', '128x0e+128x1o+128x2e+128x3o', '128x0e+128x1o', 29 * 128, undefined, undefined],
  ] as const)('%s %s -> %s: %i weights and the paths of the reference', (group, a, b, numWeights, paths, ordered) => {
    const e = symmetricContraction(irreps(group, a), irreps(group, b), [1, 2, 3])
    expect(e.inputs[0].dim).toBe(numWeights)
    if (paths) expect(sorted(numPaths(e))).toEqual(paths)
    if (ordered) expect(sorted(unsymmetrised(e))).toEqual(ordered)
  })

  it('degree 0 adds one weight to each trivial output', () => {
    const [a, b] = [irreps('SO3', '16x0+16x1+16x2'), irreps('SO3', '16x0+16x1')]
    const e = symmetricContraction(a, b, [0, 1, 2, 3])
    expect(e.inputs[0].dim).toBe(288 + 16)
    const constant = symmetricContraction(a, b, [0])
    const [y] = constant.evaluate(sines(16, 0), sines(a.dim, 1))
    expectClose(y?.data ?? [], [...sines(16, 0).data, ...Array.from({ length: 48 }, () => 0)])
    expect(symmetricContraction(irreps('O3', '2x0o'), irreps('O3', '2x0o'), [0]).inputs[0].dim).toBe(0)
  })

  it('has unit tensors over the root of their number', () => {
    const values = (e: cue.EquivariantPolynomial) =>
      e.polynomial.operations.flatMap(([, product]) => product.paths.map(({ coefficients }) => coefficients.data[0] ?? 0))
    expectClose(values(symmetricContraction(irreps('O3', '1o'), irreps('O3', '0e'), [2])), [1, 1, 1].map((x) => x / Math.sqrt(3)))
    const mixed = symmetricContraction(irreps('O3', '0e+1o'), irreps('O3', '0e'), [2])
    expectClose(sorted(values(mixed)), [...[1, 1, 1].map((x) => x / Math.sqrt(6)), Math.SQRT1_2])
  })

  it('orders weights by degree as given, then output, then basis tensor', () => {
    const e = symmetricContraction(irreps('O3', '2x1o+2x0e'), irreps('O3', '2x1o+2x0e'), [2, 1])
    const used = e.polynomial.operations.map(([, { numOperands, paths }]) => {
      const weights = new Set(paths.map(({ indices }) => indices[0] ?? -1))
      return [numOperands - 2, sorted([...weights])] as const
    })
    expect(Object.fromEntries(used)).toEqual({ 1: [3, 4], 2: [0, 1, 2] })
  })

  it('equals the reference module, whose weights are in this very basis', () => {
    interface ModuleCase {
      readonly irrepsIn: string
      readonly irrepsOut: string
      readonly group: cue.GroupName
      readonly degrees: readonly number[]
      readonly output: readonly number[]
    }
    const { cases } = fixture('symmetric-contraction') as { readonly cases: readonly ModuleCase[] }
    expect(cases.length).toBeGreaterThan(4)
    for (const { group, irrepsIn, irrepsOut, degrees, output } of cases)
      expectClose(onSines(symmetricContraction(irreps(group, irrepsIn), irreps(group, irrepsOut), degrees))[0]?.data ?? [], output)
  })

  it('is equivariant', () => {
    expectEquivariant(symmetricContraction(irreps('O3', '2x0e+2x1o+2x2e+2x1e'), irreps('O3', '2x0e+2x0o+2x1o+2x1e+2x2o'), [0, 1, 2, 3]))
    expectEquivariant(symmetricContraction(irreps('O3E3nn', '2x0e+2x1o+2x2e'), irreps('O3E3nn', '2x0e+2x1o+2x1e'), [1, 2, 3]))
    expectEquivariant(symmetricContraction(irreps('SO3', '2x1+2x2'), irreps('SO3', '2x1+2x3'), [2, 4]))
    expectEquivariant(symmetricContraction(irreps('SU2', '2x1/2+2x1'), irreps('SU2', '2x0+2x1/2+2x1'), [1, 2, 3]))
    expectEquivariant(symmetricContraction(new cue.Irreps(Z2, '2xeven+2xodd'), new cue.Irreps(Z2, '2xodd+2xeven'), [0, 1, 2, 3]))
  })

  it('refuses unequal or zero multiplicities, and degrees that are none', () => {
    const a = irreps('O3', '2x0e+2x1o')
    expect(() => symmetricContraction(a, irreps('O3', '3x0e'), [1])).toThrow(cue.DimensionError)
    expect(() => symmetricContraction(irreps('O3', '2x0e+3x1o'), irreps('O3', '2x0e'), [1])).toThrow(/multiplicities 2, 3/)
    expect(() => symmetricContraction(irreps('O3', '0x0e'), irreps('O3', '0x0e'), [1])).toThrow(cue.DimensionError)
    expect(() => symmetricContraction(irreps('O3', ''), a, [1])).toThrow(cue.DimensionError)
    for (const degrees of [[], [1, 1], [-1], [0.5], [Infinity]]) expect(() => symmetricContraction(a, a, degrees)).toThrow(cue.InputError)
  })
})

describe('the basis of symmetric tensors', () => {
  it.each([
    ['O3', '0e+1o+2e', 3],
    ['SO3', '1+1+2', 2],
    ['SU2', '1/2+1', 4],
    ['O3E3nn', '0e+1o', 4],
    ['O3', '3o', 3],
  ] as const)('%s %s of degree %i: complete, of unit length, with the multiplicities of the general construction', (group, text, degree) => {
    const input = irreps(group, text)
    const general = cue.reducedSymmetricTensorProductBasis(input, degree, { layout: 'ir_mul' })
    const names = general.irreps.segments.map(({ ir }) => ir.toString())
    const basis = symmetricBasisOf(input)
    const elements = basis.elements(degree, new Set(names))
    const monomials = new Monomials(input.dim, degree)
    const rows: number[][] = []
    for (const { mul, ir } of general.irreps) {
      const own = elements.get(ir.toString()) ?? []
      expect(own.length, ir.toString()).toBe(mul)
      for (const { components } of own)
        for (const component of components) {
          const row = new Array<number>(monomials.length).fill(0)
          for (const [code, value] of component) {
            const tuple = basis.decode(code, degree)
            row[monomials.find(tuple)] = value / Math.sqrt(countOrderings(tuple))
          }
          expect(row.reduce((total, value) => total + value * value, 0)).toBeCloseTo(1, 12)
          rows.push(row)
        }
    }
    // As many independent tensors as there are monomials: nothing is missing.
    expect(rows.length).toBe(monomials.length)
    const { values } = cue.singularValues(cue.HostArray.from(rows))
    expect(Math.min(...values)).toBeGreaterThan(1e-2)
  })

  it('numbers monomials and their orderings', () => {
    const monomials = new Monomials(3, 4)
    expect(monomials.length).toBe(15)
    expect([...monomials.orderings].reduce((total, value) => total + value, 0)).toBe(81)
    for (const tuple of monomials.indices) {
      const orderings = distinctOrderings(tuple)
      expect(orderings.length).toBe(countOrderings(tuple))
      expect(new Set(orderings.map(String)).size).toBe(orderings.length)
      for (const ordering of orderings) expect(monomials.find(ordering)).toBe(monomials.find(tuple))
    }
    const next = new Monomials(3, 5)
    const table = monomials.productTable(next)
    expect(next.indices[table[monomials.find([0, 0, 1, 2]) * 3 + 1] ?? -1]).toEqual([0, 0, 1, 1, 2])
  })
})
