import { createCpu } from '@equivar/kernels-cpu'
import { afterAll, expect, it } from 'vitest'
import { planElementwise, type ElementwiseDag } from '../../src/kernels/index.ts'
import { both, Random, run, simd, tensor } from './support.ts'

const devices = [1, 2].map((threads) => createCpu({ threads }).openSync())
afterAll(() => {
  for (const device of devices) device.close()
})

it('results are the same bits on any number of threads', async () => {
  const random = new Random(61)
  const x = tensor('float32', [300_000], () => random.between(-1, 1))
  const indices = tensor('int32', [300_000], () => random.integer(0, 99))
  const key = tensor('uint32', [4], (i) => i + 3)
  const cases = [
    (k: number) => both({ primitive: 'sum', inputs: [x], params: { axes: [0] } }, simd, devices[k]),
    (k: number) => both({ primitive: 'cumulativeSum', inputs: [x], params: { axis: 0, reverse: false } }, simd, devices[k]),
    (k: number) => both({ primitive: 'segmentSum', inputs: [x, indices], params: { numSegments: 100 } }, simd, devices[k]),
    (k: number) => both({ primitive: 'argsort', inputs: [x], params: {} }, simd, devices[k]),
    (k: number) => both({ primitive: 'bincount', inputs: [indices], params: { numBins: 100 } }, simd, devices[k]),
    (k: number) => both({ primitive: 'random', inputs: [key], params: { shape: [300_000], distribution: 'normal', dtype: 'float32' } }, simd, devices[k]),
  ]
  for (const result of cases) expect((await result(0)).actual).toEqual((await result(1)).actual)
})

it('a fused graph gives what its primitives give, one after another', async () => {
  const dag: ElementwiseDag = {
    inputs: ['float32', 'float32', 'bool'],
    scalars: ['float32'],
    nodes: [
      { op: 'mul', args: [0, 3], params: {} },
      { op: 'sigmoid', args: [4], params: {} },
      { op: 'where', args: [2, 5, 1], params: {} },
      { op: 'less', args: [6, 1], params: {} },
      { op: 'cast', args: [7], params: { dtype: 'int32' } },
      { op: 'constant', args: [], params: { value: 3, dtype: 'int32' } },
      { op: 'add', args: [8, 9], params: {} },
    ],
    outputs: [6, 7, 10],
  }
  const random = new Random(62)
  const [rows, columns, scale] = [40, 37, 1.5]
  const a = Float32Array.from({ length: rows * columns }, () => random.between(-3, 3))
  const b = Float32Array.from({ length: columns }, () => random.between(0, 1))
  const mask = Uint32Array.from({ length: rows }, () => random.integer(0, 1))
  const plan = planElementwise(dag, [[rows, columns], [columns], [rows, 1]], simd, [scale])
  expect(plan.launches).toHaveLength(1)
  const outputs = (['f32', 'u32', 'i32'] as const).map((scalar) => ({ scalar, length: a.length }))
  const [chosen, isLess, count] = await run(plan, { inputs: [a, b, mask], outputs }, devices[0])
  for (const [i, x] of a.entries()) {
    const other = b[i % columns] ?? 0
    const expected = mask[Math.floor(i / columns)] ? 1 / (1 + Math.exp(-Math.fround(x * scale))) : other
    expect(Math.abs((chosen?.[i] ?? Number.NaN) - expected)).toBeLessThanOrEqual(2 ** -21 * expected)
    expect(isLess?.[i]).toBe((chosen?.[i] ?? 0) < other ? 1 : 0)
    expect(count?.[i]).toBe((isLess?.[i] ?? 0) + 3)
  }
})
