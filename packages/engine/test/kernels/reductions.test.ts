import { describe, expect, it } from 'vitest'
import { both, expectSame, gpu, Random, simd, tensor } from './support.ts'

const targets = [simd, gpu]
const shapes: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[20], [0]],
  [[30000], [0]],
  [[3, 20000], [1]],
  [[20000, 3], [0]],
  [[3000, 40], [0]],
  [[300, 3], [1]],
  [[300, 20], [1]],
  [[50, 3, 3], [1]],
  [[50, 3, 3], [2]],
  [[50, 3, 3], [1, 2]],
  [[6, 7, 8, 9], [0, 2]],
  [[6, 7, 8, 9], [1, 3]],
  [[4, 5, 300], [0, 1, 2]],
  [[5, 1, 4], [1]],
  [[5, 4], []],
  [[2, 2, 2], [1]],
  [[2, 9000, 10], [1]],
]

/** Differences are measured beside the sum of magnitudes. */
async function expectSums(shape: readonly number[], axes: readonly number[], target: typeof simd): Promise<void> {
  const random = new Random(21)
  for (const dtype of ['float32', 'float64'] as const) {
    const x = tensor(dtype, shape, () => random.between(-1, 1))
    const sizes = await both({ primitive: 'sum', inputs: [tensor(dtype, shape, (i) => Math.abs(x.data[i] ?? 0))], params: { axes } }, target)
    const sums = await both({ primitive: 'sum', inputs: [x], params: { axes } }, target)
    const tolerance = dtype === 'float32' ? 1e-6 : 1e-14
    sums.expected[0]?.forEach((b: number, i: number) => {
      expect(Math.abs((sums.actual[0]?.[i] ?? Number.NaN) - b)).toBeLessThanOrEqual(tolerance * (sizes.expected[0]?.[i] ?? 0))
    })
    expect(sums.actual[0]?.length).toBe(sums.expected[0]?.length)
  }
}

describe('reductions', () => {
  it.each(shapes)('sum of %j over %j', async (shape, axes) => {
    const random = new Random(22)
    for (const target of targets) {
      await expectSums(shape, axes, target)
      for (const dtype of ['int32', 'uint32'] as const)
        await expectSame({ primitive: 'sum', inputs: [tensor(dtype, shape, () => random.integer(0, 99))], params: { axes } }, { target })
    }
  })

  it.each(shapes)('max of %j over %j', async (shape, axes) => {
    const random = new Random(23)
    for (const target of targets)
      for (const dtype of ['float32', 'float64', 'int32', 'uint32'] as const) {
        const draw = () => (dtype.startsWith('f') ? random.between(-2, -1) : random.integer(dtype === 'uint32' ? 0 : -99, -1))
        await expectSame({ primitive: 'max', inputs: [tensor(dtype, shape, dtype === 'uint32' ? () => random.integer(0, 99) : draw)], params: { axes } }, { target })
      }
  })

  it('of nothing', async () => {
    await expectSame({ primitive: 'sum', inputs: [tensor('float32', [3, 0], () => 0)], params: { axes: [1] } })
    await expectSame({ primitive: 'sum', inputs: [tensor('int32', [0, 3], () => 0)], params: { axes: [1] } })
    await expectSame({ primitive: 'max', inputs: [tensor('float32', [0, 3], () => 0)], params: { axes: [1] } })
  })

  it('max passes NaN on', async () => {
    for (const [shape, axes] of [[[40], [0]], [[4, 40], [0]], [[4, 40], [1]]] as const)
      await expectSame({ primitive: 'max', inputs: [tensor('float32', shape, (i) => (i % 17 === 3 ? Number.NaN : i))], params: { axes } })
  })

  it('sums of f32 stay accurate when there are many', async () => {
    const { actual, expected } = await both({ primitive: 'sum', inputs: [tensor('float32', [400_000], () => 0.1)], params: { axes: [0] } })
    expect(Math.abs((actual[0]?.[0] ?? 0) / (expected[0]?.[0] ?? 1) - 1)).toBeLessThan(3e-7)
  })
})

describe('cumulative sums', () => {
  it.each([
    [[10], 0],
    [[5000], 0],
    [[3, 4500], 1],
    [[100, 30], 1],
    [[100, 30], 0],
    [[4, 50, 3], 1],
    [[4, 50, 20], 1],
    [[0, 5], 1],
    [[5, 0], 1],
  ] as const)('of %j along %d', async (shape, axis) => {
    const random = new Random(24)
    for (const target of targets)
      for (const reverse of [false, true]) {
        for (const dtype of ['int32', 'uint32'] as const)
          await expectSame({ primitive: 'cumulativeSum', inputs: [tensor(dtype, shape, () => random.integer(0, 99))], params: { axis, reverse } }, { target })
        for (const dtype of ['float32', 'float64'] as const) {
          const relative = dtype === 'float32' ? 1e-6 : 1e-13
          const inputs = [tensor(dtype, shape, () => random.between(0.5, 1))]
          await expectSame({ primitive: 'cumulativeSum', inputs, params: { axis, reverse } }, { target, relative })
        }
      }
  })
})
