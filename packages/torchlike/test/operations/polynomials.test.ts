import { descriptors, DimensionError, InputError, Irreps, irMul, mulIr, ShapeError } from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as cuet from '../../src/index.ts'
import { expectClose, given, random } from '../support/numbers.ts'

const float64 = { dtype: 'float64' } as const
const [a, b] = [new Irreps('O3', '3x0e + 2x1o'), new Irreps('O3', '1x0e + 1x1o')]
const descriptor = descriptors.fullyConnectedTensorProduct(a, b, a)
const { polynomial } = descriptor
const [weights, x, y] = descriptor.inputs.map(({ dim }, i) => random([i === 0 ? 1 : 4, dim], i + 1)) as [cuet.Tensor, cuet.Tensor, cuet.Tensor]
const product = new cuet.SegmentedPolynomial({ polynomial })
const integers = (...values: number[]) => cuet.tensor(values, { dtype: 'int32' })

const rows = async (of: cuet.Tensor) => {
  const [count = 0, width = 0] = of.shape
  const data = [...(await of.data())]
  return Array.from({ length: count }, (_, row) => data.slice(row * width, (row + 1) * width))
}
const sum = (...parts: readonly (readonly number[])[]) => given(parts[0]).map((_, i) => parts.reduce((total, part) => total + (part[i] ?? Number.NaN), 0))

describe('a segmented polynomial as a module', () => {
  test('takes rows by themselves, one for all, or by indices', async () => {
    const each = await rows(given(product.forward([weights, x, y])[0]))
    expect(each).toHaveLength(4)
    const shared = given(product.forward([weights, x, y.at([2, 3])])[0])
    expectClose(await shared.at(2).data(), given(each[2]))
    const gathered = given(product.forward([weights, x, y], { inputIndices: { 1: integers(3, 0, 3), 2: integers(3, 0, 3) } })[0])
    expectClose(await gathered.data(), [3, 0, 3].flatMap((row) => given(each[row])))
  })

  test('sums over all entries, or into rows by indices', async () => {
    const each = await rows(given(product.forward([weights, x, y])[0]))
    const [total] = product.forward([weights, x, y], { outputRows: { 0: 1 } })
    expect(total?.shape).toEqual([1, a.dim])
    expectClose(await given(total).data(), sum(...each))
    const [scattered] = product.forward([weights, x, y], { outputIndices: { 0: integers(2, 0, 2, 2) }, outputRows: { 0: 3 } })
    const [first = [], second = [], third = [], fourth = []] = each
    expectClose(await given(scattered).data(), [...second, ...first.map(() => 0), ...sum(first, third, fourth)])
  })

  test('computes in one dtype and answers in another', async () => {
    const [plain] = product.forward([weights, x, y])
    const narrow = [weights, x, y].map((input) => input.to('float32'))
    const [wide] = new cuet.SegmentedPolynomial({ polynomial, mathDtype: 'float64', outputDtypeMap: [-1] }).forward(narrow)
    const [same] = new cuet.SegmentedPolynomial({ polynomial, mathDtype: 'float64' }).forward(narrow)
    expect([plain?.dtype, wide?.dtype, same?.dtype]).toEqual(['float64', 'float64', 'float32'])
    expectClose(await given(wide).data(), await given(plain).data(), 1e-6)
    expectClose(await given(same).data(), await given(plain).data(), 1e-6)
    // Only what was lost in the inputs is lost.
    const [exact] = product.forward(narrow.map((input) => input.to('float64')))
    expectClose(await given(wide).data(), await given(exact).data(), 1e-14)
  })

  test.each([
    ['inputs that are missing', () => product.forward([weights, x]), InputError, /got 2 inputs, the polynomial has 3/],
    ['rows of another size', () => product.forward([weights, y, x]), DimensionError, /rows of input 1 have 4 numbers, the operand 9/],
    ['no matrix', () => product.forward([weights, x, y.at(0)]), ShapeError, /must be a matrix/],
    ['numbers of rows that differ', () => product.forward([weights, x, y.at([0, 2])]), ShapeError, /input 1 has 4 rows, input 2 2/],
    ['indices without rows', () => product.forward([weights, x, y], { outputIndices: { 0: integers(0, 0, 0, 0) } }), InputError, /needs outputRows\[0\]/],
    ['an operand that is not there', () => product.forward([weights, x, y], { inputIndices: { 3: integers(0) } }), InputError, /operand 3 of 3/],
    ['a map of dtypes', () => new cuet.SegmentedPolynomial({ polynomial, outputDtypeMap: [3] }), InputError, /outputDtypeMap \[3\]/],
    ['an equivariant polynomial', () => new cuet.SegmentedPolynomial({ polynomial: descriptor as never }), InputError, /pass an equivariant polynomial's \.polynomial/],
  ] as const)('refuses %s', (_, f, kind, message) => {
    expect(f).toThrow(kind)
    expect(f).toThrow(message)
  })
})

describe('an equivariant polynomial as a module', () => {
  test.each([mulIr, irMul])('is the layer of its descriptor, in layout %s', async (layout) => {
    const module = new cuet.EquivariantTensorProduct({ polynomial: descriptor, layout })
    const layer = new cuet.FullyConnectedTensorProduct({ irrepsIn1: a, irrepsIn2: b, irrepsOut: a, layout, internalWeights: false, ...float64 })
    const expected = await layer.forward(x, y, weights).data()
    expectClose(await module.forward([weights, x, y]).data(), expected)
    expectClose(await module.forward([weights, x, y], { useFallback: true }).data(), expected)
    const classes = new cuet.Linear({ irrepsIn: a, irrepsOut: b, layout, weightClasses: 3, ...float64 })
    const linear = new cuet.EquivariantTensorProduct({ polynomial: descriptors.linear(a, b), layout, useFallback: true })
    const chosen = integers(2, 0, 1, 2)
    expectClose(await linear.forward([given(classes.weight), x], { indices: chosen }).data(), await classes.forward(x, { weightIndices: chosen }).data())
  })

  test('has one layout an operand, if asked for', async () => {
    const mixed = new cuet.EquivariantTensorProduct({ polynomial: descriptor, layoutIn: [undefined, irMul, mulIr], layoutOut: mulIr })
    const swap = new cuet.TransposeIrrepsLayout({ irreps: a, source: mulIr, target: irMul, ...float64 })
    const plain = new cuet.EquivariantTensorProduct({ polynomial: descriptor, layout: mulIr })
    expectClose(await mixed.forward([weights, swap.forward(x), y]).data(), await plain.forward([weights, x, y]).data())
  })
})

describe('segments', () => {
  const transposed = new cuet.TransposeSegments({ segments: [[2, 3], [2, 2]], ...float64 })

  test('are transposed, and with them derivatives', async () => {
    const numbers = cuet.tensor([[1, 2, 3, 4, 5, 6, 10, 11, 12, 13]], { ...float64, requiresGrad: true })
    const result = transposed.forward(numbers)
    expect([...(await result.data())]).toEqual([1, 4, 2, 5, 3, 6, 10, 12, 11, 13])
    const [gradient] = cuet.grad(result.mul(cuet.arange(10).to('float64')).sum(), [numbers])
    expect([...(await gradient.data())]).toEqual([0, 2, 4, 1, 3, 5, 6, 8, 7, 9])
    expect(transposed.forward(cuet.zeros([0, 10], float64)).shape).toEqual([0, 10])
    const trivial = new cuet.TransposeSegments({ segments: [[1, 3], [2, 1]], ...float64 })
    expectClose(await trivial.forward(random([2, 5], 1)).data(), await random([2, 5], 1).data())
  })

  test('refuse rows that they do not make', () => {
    expect(() => transposed.forward(random([2, 9], 1))).toThrow(/rows of 10/)
    expect(() => new cuet.TransposeSegments({ segments: [[0, 2]] })).toThrow(/positive integers/)
  })
})
