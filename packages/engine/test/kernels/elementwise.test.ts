import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import type { DType } from '../../src/array/dtype.ts'
import type { UnaryName, BinaryName } from '../../src/primitives/names.ts'
import { expectSame, gpu, Random, simd, tensor } from './support.ts'

const floats: readonly DType[] = ['float32', 'float64']
const numbers: readonly DType[] = ['float32', 'float64', 'int32', 'uint32']

const unary: readonly { readonly op: UnaryName; readonly dtypes: readonly DType[]; readonly low: number; readonly high: number }[] = [
  { op: 'neg', dtypes: numbers, low: -9, high: 9 },
  { op: 'sqrt', dtypes: floats, low: 0, high: 9 },
  { op: 'exp', dtypes: floats, low: -80, high: 80 },
  { op: 'expm1', dtypes: floats, low: -1, high: 1 },
  { op: 'log', dtypes: floats, low: 1e-30, high: 3 },
  { op: 'log1p', dtypes: floats, low: -0.9, high: 4 },
  { op: 'log1p', dtypes: floats, low: -1e-5, high: 1e-5 },
  { op: 'sin', dtypes: floats, low: -40, high: 40 },
  { op: 'cos', dtypes: floats, low: -40, high: 40 },
  { op: 'tanh', dtypes: floats, low: -4, high: 4 },
  { op: 'sigmoid', dtypes: floats, low: -30, high: 30 },
  { op: 'abs', dtypes: numbers, low: -9, high: 9 },
  { op: 'sign', dtypes: numbers, low: -2, high: 2 },
  { op: 'floor', dtypes: floats, low: -9, high: 9 },
  { op: 'reciprocal', dtypes: floats, low: -9, high: 9 },
  { op: 'square', dtypes: numbers, low: -9, high: 9 },
  { op: 'logicalNot', dtypes: ['bool'], low: 0, high: 1 },
]

describe('primitives of one input', () => {
  it.each(unary)('$op in $low … $high', async ({ op, dtypes, low, high }) => {
    const random = new Random(1)
    for (const dtype of dtypes)
      for (const target of [simd, gpu]) {
        const draw = () => (dtype === 'bool' || !floats.includes(dtype) ? random.integer(dtype === 'uint32' ? 0 : low, high) : random.between(low, high))
        await expectSame({ primitive: op, inputs: [tensor(dtype, [3, 37], draw)], params: {} }, { target })
      }
  })

  it('keeps NaN, infinities and zeros', async () => {
    const special = [Number.NaN, Infinity, -Infinity, 0, 1, -1]
    for (const op of ['neg', 'sqrt', 'exp', 'log', 'log1p', 'tanh', 'sigmoid', 'abs', 'sign', 'reciprocal', 'square'] as const)
      for (const dtype of floats) await expectSame({ primitive: op, inputs: [tensor(dtype, [6], (i) => special[i] ?? 0)], params: {} })
    for (const primitive of ['maximum', 'minimum', 'less', 'lessEqual', 'equal', 'notEqual'] as const)
      for (const dtype of floats) {
        const [a, b] = [[6, 1], [6]].map((shape) => tensor(dtype, shape, (i) => special[i] ?? 0))
        if (a && b) await expectSame({ primitive, inputs: [a, b], params: {} })
      }
  })

  it('log of float64 in all its range', async () => {
    const random = new Random(2)
    await expectSame({ primitive: 'log', inputs: [tensor('float64', [300], () => 2 ** random.between(-1020, 1023))], params: {} })
  })

  it.each([-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 5, 6, 9, 0.3, -2.7])('powConstant %d', async (exponent) => {
    const random = new Random(3)
    for (const dtype of floats)
      await expectSame({ primitive: 'powConstant', inputs: [tensor(dtype, [41], () => random.between(0.2, 5))], params: { exponent } }, { relative: dtype === 'float32' ? 2 ** -21 : 2 ** -47 })
    if (Number.isInteger(exponent)) await expectSame({ primitive: 'powConstant', inputs: [tensor('float32', [41], () => random.between(-5, -0.2))], params: { exponent } })
  })

  it('cast between all dtypes', async () => {
    const random = new Random(4)
    for (const from of [...numbers, 'bool'] as const)
      for (const dtype of [...numbers, 'bool'] as const)
        await expectSame({ primitive: 'cast', inputs: [tensor(from, [29], () => (from === 'bool' ? random.integer(0, 1) : floats.includes(from) ? random.between(0, 3) : random.integer(0, 3)))], params: { dtype } })
  })
})

const broadcasts: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [[0], [0]],
  [[5], [5]],
  [[2100], [2100]],
  [[1500], []],
  [[], [33]],
  [[7, 40], [40]],
  [[7, 40], [7, 1]],
  [[7, 1], [1, 40]],
  [[300, 3], [300, 1]],
  [[3], [300, 3]],
  [[4, 1, 9], [1, 5, 9]],
  [[4, 6, 3, 2], [6, 1, 2]],
  [[2, 3, 4, 5], [2, 1, 4, 1]],
  [[0, 4], [4]],
]
const binary: readonly BinaryName[] = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual']

describe('primitives of two inputs', () => {
  it.each(broadcasts)('broadcasts %j and %j', async (left, right) => {
    const random = new Random(5)
    for (const target of [simd, gpu])
      for (const op of ['sub', 'less'] as const)
        await expectSame({ primitive: op, inputs: [tensor('float32', left, () => random.between(-2, 2)), tensor('float32', right, () => random.between(-2, 2))], params: {} }, { target })
  })

  it.each(binary)('%s', async (op) => {
    const random = new Random(6)
    for (const dtype of numbers) {
      if (op === 'div' && !floats.includes(dtype)) continue
      const draw = () => (floats.includes(dtype) ? random.between(-3, 3) : random.integer(dtype === 'uint32' ? 0 : -3, 3))
      await expectSame({ primitive: op, inputs: [tensor(dtype, [6, 23], draw), tensor(dtype, [6, 1], draw)], params: {} })
    }
  })

  it('orders and combines booleans', async () => {
    for (const op of ['less', 'lessEqual', 'greater', 'greaterEqual', 'equal', 'notEqual', 'logicalAnd', 'logicalOr'] as const)
      await expectSame({ primitive: op, inputs: [tensor('bool', [2, 1], (i) => i), tensor('bool', [2], (i) => i)], params: {} })
  })

  it('pow with all signs', async () => {
    const random = new Random(7)
    const bases = [0, -0, 1, -1, 2, -2, 0.5, -0.5, 3.7]
    const exponents = [0, 1, -1, 2, -2, 3, 0.5, -0.5, 2.25]
    for (const dtype of floats) {
      await expectSame({ primitive: 'pow', inputs: [tensor(dtype, [9, 1], (i) => bases[i] ?? 0), tensor(dtype, [9], (i) => exponents[i] ?? 0)], params: {} }, { relative: dtype === 'float32' ? 2 ** -21 : 2 ** -48 })
      await expectSame({ primitive: 'pow', inputs: [tensor(dtype, [50], () => random.between(0.1, 9)), tensor(dtype, [50], () => random.between(-4, 4))], params: {} }, { relative: dtype === 'float32' ? 2 ** -21 : 2 ** -47 })
    }
  })
})

it('where', async () => {
  const random = new Random(8)
  for (const dtype of [...numbers, 'bool'] as const)
    await expectSame({ primitive: 'where', inputs: [tensor('bool', [5, 1], (i) => i % 2), tensor(dtype, [5, 20], () => random.integer(0, 1)), tensor(dtype, [], () => 1)], params: {} })
})

it('any shapes that broadcast', async () => {
  const axis = fc.record({ extent: fc.integer({ min: 1, max: 12 }), left: fc.boolean(), right: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(axis, { maxLength: 5 }), fc.integer(), async (axes, seed) => {
      const random = new Random(seed)
      const [a, b] = (['left', 'right'] as const).map((side) => tensor('float64', axes.map((own) => (own[side] ? own.extent : 1)), () => random.between(-1, 1)))
      if (a && b) await expectSame({ primitive: 'mul', inputs: [a, b], params: {} })
    }),
    { seed: 11, numRuns: 60 },
  )
})
