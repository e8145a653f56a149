import { describe, expect, test } from 'vitest'
import * as descriptors from '../../src/descriptors/index.ts'
import { DimensionError, InputError, LayoutError, PolynomialError } from '../../src/errors.ts'
import { Rep } from '../../src/groups/index.ts'
import { irMul, Irreps, IrrepsAndLayout, mulIr } from '../../src/irreps/index.ts'
import { einsum, HostArray } from '../../src/math/index.ts'
import { EquivariantPolynomial } from '../../src/polynomials/index.ts'
import { randomArray, randomNumbers } from './random-product.ts'

const irreps = (text: string) => new Irreps('O3', text)
const [first, second] = [irreps('2x0e+1o'), irreps('0e+2x1o')]

const all: readonly (readonly [string, EquivariantPolynomial])[] = [
  ['linear', descriptors.linear(irreps('2x0e+1o'), irreps('0e+3x1o'))],
  ['fully connected', descriptors.fullyConnectedTensorProduct(first, second, irreps('0e+1o+1e'))],
  ['channelwise', descriptors.channelwiseTensorProduct(first, second)],
  ['full', descriptors.fullTensorProduct(first, second)],
  ['elementwise', descriptors.elementwiseTensorProduct(irreps('2x0e+1o'), irreps('2x1o+1o'))],
  ['symmetric contraction', descriptors.symmetricContraction(irreps('2x0e+2x1o'), irreps('2x0e+2x1o'), [1, 2])],
]

const random = randomNumbers(7)
const inputsOf = (e: EquivariantPolynomial) => e.inputs.map(({ dim }) => randomArray([dim], random))

/** How far the polynomial is from commuting with the group. */
function violation(e: EquivariantPolynomial): number {
  const [angles, parity] = [[0.3, -1.1, 0.7], [1]]
  const rotate = (rep: EquivariantPolynomial['operands'][number], x: HostArray) => einsum('ij,j->i', rep.expMap(angles, parity), x)
  const inputs = inputsOf(e)
  const before = e.evaluate(...inputs).map((out, o) => rotate(e.outputs[o] ?? e.outputs[0], out))
  const after = e.evaluate(...inputs.map((input, i) => rotate(e.inputs[i] ?? e.inputs[0], input)))
  return Math.max(...before.map((out, o) => out.maxAbsDifference(after[o] ?? out)))
}

describe.each(all)('%s', (_, e) => {
  test('squeezing and flattening may be exchanged', () => {
    expect(e.squeezeModes().flattenCoefficientModes().equals(e.flattenCoefficientModes().squeezeModes())).toBe(true)
  })

  test('rewrites change neither values nor what is carried', () => {
    const inputs = inputsOf(e)
    const before = e.evaluate(...inputs)
    const rewritten = [
      e.flattenCoefficientModes(),
      e.squeezeModes(),
      e.consolidate(),
      e.consolidateModes(),
      e.fuseStps(),
      e.symmetrizeForIdenticalOperands(),
      e.unsymmetrizeForIdenticalOperands(),
      e.computeOnly(e.outputs.map(() => true)),
    ]
    for (const other of rewritten) {
      expect(other.operands.every((rep, k) => rep === e.operands[k])).toBe(true)
      for (const [o, out] of other.evaluate(...inputs).entries()) expect(out.maxAbsDifference(before[o] ?? out)).toBeLessThan(1e-13)
    }
  })

  test('derivatives are equivariant too', () => {
    const every = e.inputs.map(() => true)
    const [tangent, map] = e.jvp(every)
    expect(tangent.inputs).toHaveLength(2 * e.numInputs)
    expect(map(e.inputs, e.outputs)).toEqual([tangent.inputs, tangent.outputs])
    expect(violation(tangent)).toBeLessThan(1e-12)
    const [gradient] = e.backward(every, [true])
    expect(gradient.outputs.map(({ dim }) => dim)).toEqual(e.inputs.map(({ dim }) => dim))
    expect(violation(gradient)).toBeLessThan(1e-12)
    expect(() => e.backward(e.inputs.map(() => false), [true])).toThrow(PolynomialError)
  })

  test('an operand for every segment of irreps', () => {
    const inputs = inputsOf(e)
    const before = e.evaluate(...inputs)
    const flat = e.flattenCoefficientModes()
    const split = flat.splitOperandByIrrep(-1)
    const [rep] = e.outputs
    const numPieces = rep instanceof IrrepsAndLayout ? rep.irreps.length : 0
    expect(split.outputs).toHaveLength(numPieces)
    const joined = HostArray.from(split.evaluate(...inputs).flatMap((out) => [...out.data]))
    expect(joined.maxAbsDifference(before[0] ?? joined)).toBeLessThan(1e-13)
    expect(violation(split)).toBeLessThan(1e-12)
  })
})

test('symmetric contraction: paths that differ in the order of factors are one', () => {
  const so3 = (text: string) => new Irreps('SO3', text)
  const e = descriptors.symmetricContraction(so3('16x0+16x1+16x2'), so3('16x0+16x1'), [0, 1, 2, 3])
  const numPaths = ({ polynomial }: EquivariantPolynomial) => Math.max(...polynomial.operations.map(([, product]) => product.numPaths))
  expect(numPaths(e)).toBe(437)
  expect(numPaths(e.unsymmetrizeForIdenticalOperands())).toBe(105)
  expect(numPaths(e.unsymmetrizeForIdenticalOperands().symmetrizeForIdenticalOperands())).toBe(437)
})

describe('EquivariantPolynomial', () => {
  const linear = descriptors.linear(irreps('2x0e+1o'), irreps('0e+1o'))

  test('stacked outputs carry the irreps of all', () => {
    const other = descriptors.linear(irreps('2x0e+1o'), irreps('1o'))
    const stacked = EquivariantPolynomial.stack([linear, other], [true, false, true])
    expect(stacked.outputs.map((rep) => rep.toString())).toEqual(['0e+1o+1o'])
    expect(stacked.inputs.map(({ dim }) => dim)).toEqual([3 + 1, 5])
    expect(violation(stacked)).toBeLessThan(1e-12)
  })

  test('what cannot be stacked', () => {
    expect(() => EquivariantPolynomial.stack([], [])).toThrow(PolynomialError)
    const other = descriptors.linear(irreps('1o+2x0e'), irreps('0e+1o'))
    expect(() => EquivariantPolynomial.stack([linear, other], [true, false, true])).toThrow(PolynomialError)
    const vectors = descriptors.linear(irreps('2x1o'), irreps('2x1o'))
    const relabelled = new EquivariantPolynomial(vectors.inputs, [new IrrepsAndLayout(irreps('2x1o'), mulIr)], vectors.polynomial)
    expect(() => EquivariantPolynomial.stack([vectors, relabelled], [false, false, true])).toThrow(LayoutError)
    const [rep] = vectors.outputs
    const bare = new EquivariantPolynomial(vectors.inputs, [new Bare(rep)], vectors.polynomial)
    expect(() => EquivariantPolynomial.stack([bare, bare], [false, false, true])).toThrow(InputError)
    expect(() => bare.splitOperandByIrrep(-1)).toThrow(InputError)
  })

  test('operands permuted, kept, dropped', () => {
    const permuted = linear.permuteInputs([1, 0])
    expect(permuted.inputs[0]).toBe(linear.inputs[1])
    const inputs = inputsOf(linear)
    const [exchanged = HostArray.zeros([0])] = permuted.evaluate(...[...inputs].reverse())
    expect(exchanged.maxAbsDifference(linear.evaluate(...inputs)[0] ?? exchanged)).toBeLessThan(1e-14)
    const [gradient] = linear.backward([true, true], [true])
    expect(gradient.permuteOutputs([1, 0]).outputs[0]).toBe(gradient.outputs[1])
    const kept = gradient.filterKeepOutputs([false, true]).filterDropUnusedOperands()
    expect(kept.numOperands).toBe(3)
    expect(violation(kept)).toBeLessThan(1e-12)
    expect(() => gradient.filterKeepOutputs([false, false])).toThrow(PolynomialError)
    const [doubled = HostArray.zeros([0])] = linear.scale(2).evaluate(...inputs)
    expect(doubled.maxAbsDifference(linear.evaluate(...inputs)[0]?.scale(2) ?? doubled)).toBeLessThan(1e-14)
  })

  test('errors', () => {
    expect(() => new EquivariantPolynomial([linear.inputs[0]], linear.outputs, linear.polynomial)).toThrow(DimensionError)
    const wrong = new IrrepsAndLayout(irreps('5x0e'), irMul)
    expect(() => new EquivariantPolynomial(linear.inputs, [wrong], linear.polynomial)).toThrow('of dimension 5, but its operand has size 4')
    expect(() => linear.splitOperandByIrrep(9)).toThrow(InputError)
  })
})

/** A representation that does not say of which irreps it is made. */
class Bare extends Rep {
  readonly dim: number
  readonly #rep: Rep

  constructor(rep: Rep) {
    super()
    this.dim = rep.dim
    this.#rep = rep
  }

  algebra(): HostArray {
    return this.#rep.algebra()
  }

  continuousGenerators(): HostArray {
    return this.#rep.continuousGenerators()
  }

  discreteGenerators(): HostArray {
    return this.#rep.discreteGenerators()
  }

  trivial(): Rep {
    return this.#rep.trivial()
  }
}
