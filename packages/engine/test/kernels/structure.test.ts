import * as fc from 'fast-check'
import { describe, it } from 'vitest'
import type { DType } from '../../src/array/dtype.ts'
import { count, expectSame, gpu, Random, simd, tensor } from './support.ts'

const dtypes: readonly DType[] = ['float32', 'float64', 'int32', 'uint32', 'bool']
const numbered = (shape: readonly number[], dtype: DType = 'float32') => tensor(dtype, shape, (i) => (dtype === 'bool' ? i % 2 : i + 1))
const targets = [simd, gpu]

describe('moves', () => {
  it.each([
    [[3], [2, 3]],
    [[2, 1], [2, 50]],
    [[1, 5, 1], [4, 5, 20]],
    [[], [1100]],
    [[4], [4]],
    [[0], [3, 0]],
  ] as const)('broadcastTo %j %j', async (from, shape) => {
    for (const dtype of dtypes) for (const target of targets) await expectSame({ primitive: 'broadcastTo', inputs: [numbered(from, dtype)], params: { shape } }, { target })
  })

  it.each([
    [[70, 90], [1, 0]],
    [[3, 400], [1, 0]],
    [[400, 3], [1, 0]],
    [[2, 3, 4], [2, 1, 0]],
    [[20, 30, 40], [0, 2, 1]],
    [[6, 5, 4, 3], [2, 0, 3, 1]],
    [[1, 5, 1, 3], [2, 1, 0, 3]],
    [[9, 40, 33], [2, 1, 0]],
    [[0, 3], [1, 0]],
  ] as const)('permute %j by %j', async (shape, axes) => {
    for (const dtype of ['float32', 'float64', 'bool'] as const)
      for (const target of targets) await expectSame({ primitive: 'permute', inputs: [numbered(shape, dtype)], params: { axes } }, { target })
  })

  it('reshape', () => expectSame({ primitive: 'reshape', inputs: [numbered([2, 6])], params: { shape: [3, 4] } }))

  it('concatenate', async () => {
    for (const target of targets) {
      await expectSame({ primitive: 'concatenate', inputs: [numbered([3, 4]), numbered([3, 0]), numbered([3, 30])], params: { axis: 1 } }, { target })
      await expectSame({ primitive: 'concatenate', inputs: [numbered([2, 3], 'bool'), numbered([5, 3], 'bool')], params: { axis: 0 } }, { target })
      await expectSame({ primitive: 'concatenate', inputs: [numbered([200, 1]), numbered([200, 2])], params: { axis: 1 } }, { target })
    }
  })

  it('slice and pad any box', async () => {
    const axis = fc.record({ low: fc.integer({ min: 0, max: 3 }), extent: fc.integer({ min: 0, max: 20 }), high: fc.integer({ min: 0, max: 3 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(axis, { minLength: 1, maxLength: 4 }), fc.constantFrom(...dtypes), async (axes, dtype) => {
        const [low, high, box] = [axes.map((own) => own.low), axes.map((own) => own.high), axes.map((own) => own.extent)]
        const whole = axes.map((own) => own.low + own.extent + own.high)
        fc.pre(count(whole) < 5000)
        await expectSame({ primitive: 'slice', inputs: [numbered(whole, dtype)], params: { starts: low, limits: low.map((start, k) => start + (box[k] ?? 0)) } })
        await expectSame({ primitive: 'pad', inputs: [numbered(box, dtype)], params: { low, high } })
      }),
      { seed: 12, numRuns: 60 },
    )
  })
})

describe('positions', () => {
  it('iota', async () => {
    for (const dtype of ['float32', 'float64', 'int32', 'uint32'] as const)
      for (const [shape, axis] of [[[2500], 0], [[4, 9], 0], [[4, 9], 1], [[3, 4, 5], 1], [[0, 3], 1]] as const)
        await expectSame({ primitive: 'iota', inputs: [], params: { shape, axis, dtype } })
  })

  it('oneHot', async () => {
    const random = new Random(13)
    for (const dtype of dtypes)
      for (const [rows, depth] of [[40, 3], [7, 89], [0, 4]] as const)
        await expectSame({ primitive: 'oneHot', inputs: [tensor('int32', [rows], () => random.integer(0, depth - 1))], params: { depth, dtype } })
  })
})

describe('rows', () => {
  it('take', async () => {
    const random = new Random(14)
    for (const dtype of dtypes)
      for (const target of targets)
        for (const [rows, width, size] of [[5, [3], 1200], [9, [4, 10], 40], [3, [], 20], [4, [35], 60], [4, [0], 3], [2, [8], 0]] as const)
          await expectSame({ primitive: 'take', inputs: [numbered([rows, ...width], dtype), tensor('int32', [size], () => random.integer(0, rows - 1))], params: {} }, { target })
  })

  const segments = [[5, [3], 1200], [90, [4, 10], 40], [3, [], 2000], [4, [35], 300], [4, [0], 3], [2, [8], 0], [0, [8], 0]] as const
  it('segmentSum', async () => {
    const random = new Random(15)
    for (const dtype of ['float32', 'float64', 'int32', 'uint32'] as const)
      for (const target of targets)
        for (const [numSegments, width, size] of segments) {
          const draw = () => (dtype === 'float32' || dtype === 'float64' ? random.between(0.5, 1) : random.integer(0, 9))
          const inputs = [tensor(dtype, [size, ...width], draw), tensor('int32', [size], () => random.integer(0, numSegments - 1))]
          await expectSame({ primitive: 'segmentSum', inputs, params: { numSegments } }, dtype === 'float64' ? { target, relative: 1e-13 } : { target })
        }
  })
})
