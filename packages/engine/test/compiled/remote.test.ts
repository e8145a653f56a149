import { descriptors, InputError, Irreps, use } from '@equivar/core'
import { beforeAll, describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { remoteBackend } from '../support/devices.ts'
import { expectClose, expectNoLeaks, randomNumbers } from '../support/numbers.ts'

const remote = remoteBackend()
const irreps = (text: string) => new Irreps('O3', text)
const { polynomial } = descriptors.channelwiseTensorProduct(irreps('2x0e + 2x1o'), irreps('0e + 1o'), irreps('0e + 1o'))

/** Results of `f` with arrays made on a device, and of the same on the processor in plain TypeScript. */
async function expectSame(f: (random: (shape: readonly number[], seed: number) => eq.NDArray, indices: eq.NDArray) => readonly eq.NDArray[]): Promise<void> {
  const on = (device: eq.Device) =>
    eq.scope(() => {
      const random = (shape: readonly number[], seed: number) => eq.array(randomNumbers(shape.reduce((a, b) => a * b, 1), seed), { shape, device })
      return f(random, eq.array([2, 0, 2, 1], { dtype: 'int32', device }))
    })
  const [results, expected] = [on('webgpu'), on('cpu')]
  expect(results).toHaveLength(expected.length)
  for (const [k, x] of results.entries()) {
    expect(x.device).toBe('webgpu')
    expectClose(await x.data(), (await expected[k]?.data()) ?? [], 1e-13)
  }
  for (const x of [...results, ...expected]) x.dispose()
}

describe('a device whose memory the host does not see', () => {
  expectNoLeaks()
  beforeAll(async () => {
    use(remote)
    await eq.device('webgpu')
  })

  test('computes what the processor does, and derivatives', async () => {
    await expectSame((random) => {
      const [x, w] = [eq.track(random([4, 3], 1)), random([3, 5], 2)]
      const y = eq.silu(eq.matmul(eq.add(eq.mul(x, 2), 1), w))
      const mask = eq.cast(eq.greater(y, 0), 'float64')
      const z = eq.concatenate([eq.sum(eq.mul(y, mask), { axes: 0 }), eq.max(y, { axes: 1 })])
      return [z, eq.norm(y, { axes: 1 }), ...eq.grad(eq.sum(eq.square(z)), [x])]
    })
  })

  test('gathers, sums into rows, and evaluates polynomials with both', async () => {
    await expectSame((random, indices) => {
      const [w, x, y] = polynomial.inputs.map(({ size }, i) => eq.track(random([i === 1 ? 3 : 4, size], i)))
      if (!w || !x || !y) throw new Error('three operands')
      const [z] = eq.segmentedPolynomial(polynomial, [w, { array: x, indices }, y], { outputs: [{ indices, rows: 3 }] })
      if (!z) throw new Error('one result')
      return [z, ...eq.grad(eq.sum(eq.square(z)), [w, x, y]), eq.segmentSum(eq.take(x, indices), indices, 3), eq.oneHot(indices, 3, 'float64')]
    })
  })

  test('has indices checked that came from the host', () => {
    eq.scope(() => {
      const x = eq.zeros([2, 3], { device: 'webgpu' })
      const indices = eq.array([0, 2], { dtype: 'int32', device: 'webgpu' })
      expect(() => eq.take(x, indices)).toThrow(/take: index 2 at position 1 is out of range for 2 rows/)
      expect(eq.oneHot(indices, 3).shape).toEqual([2, 3])
      expect(() => eq.segmentSum(x, indices, 2)).toThrow(InputError)
      expect(() => eq.segmentSum(x, indices, 2)).toThrow(/indices from 0 to 2 are out of range for 2 rows/)
    })
  })

  test('keeps nothing', () => {
    expect(remote.device.statistics().compiledKernels).toBeGreaterThan(20)
  })
})
