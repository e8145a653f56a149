import { type Binding, bytesPerElement, preparePlan } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { backendOn } from '../../src/device/backend.ts'
import type { CudaDevice } from '../../src/device/device.ts'
import { printPtx } from '../../src/ptx/index.ts'
import { machineDriver } from '../ptx-machine/driver.ts'

type Scalar = lowering.FloatScalar

interface Outcome {
  readonly difference: number
  readonly texts: readonly string[]
}

/** Reproducible numbers in −1 … 1. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

function product(extents: readonly number[]): number {
  return extents.reduce((total, extent) => total * extent, 1)
}

describe('products of matrices by matrix units', () => {
  let device: CudaDevice | undefined
  beforeAll(async () => {
    device = await backendOn({ loadDriver: () => machineDriver(), openStore: () => null }).open()
  })
  afterAll(() => {
    device?.close()
  })

  /** Largest difference from sums in float64, relative to the largest sum; and the kernels that were run. */
  async function differenceOf(request: lowering.MatmulRequest, sizes: lowering.MatmulSizes, units?: lowering.Target['matrixUnits']): Promise<Outcome> {
    if (!device) throw new Error('no device')
    const own = device
    const { scalar, transposeA = false, transposeB = false } = request
    const { m, n, k, batchA = [], batchB = [] } = sizes
    const round = (values: Float64Array) => (scalar === 'f32' ? Float32Array.from(values) : values)
    const [a, b] = [round(numbers(product(batchA) * m * k, 1)), round(numbers(product(batchB) * k * n, 2))]
    const [bias, before] = [round(numbers(n, 3)), round(numbers(product(batchA) * m * n, 4))]
    const put = (data: Float32Array | Float64Array): Binding => {
      const binding = { memory: own.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
      own.write(binding, data)
      return binding
    }
    const plan = lowering.lowerMatmul(request, { ...own.capabilities, ...(units ? { matrixUnits: units } : {}) }).plan(sizes)
    const [inputs, outputs] = [[put(a), put(b), put(bias)], [put(before)]]
    const prepared = preparePlan(own, plan, { inputs, outputs })
    for (const launch of prepared.launches) own.enqueue(launch)
    const bytes = await own.read(outputs[0] ?? put(before))
    const result = scalar === 'f32' ? new Float32Array(bytes) : new Float64Array(bytes)
    prepared.release()
    for (const { memory } of [...inputs, ...outputs]) memory.release()
    let [difference, largest] = [result.length * bytesPerElement[scalar] === bytes.byteLength ? 0 : Number.NaN, 0]
    for (const [at, value] of result.entries()) {
      const [entry, row, column] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n]
      const [ma, mb] = [entry * m * k, product(batchB) === 1 ? 0 : entry * k * n]
      let sum = 0
      for (let step = 0; step < k; step++) {
        const [left, right] = [transposeA ? step * m + row : row * k + step, transposeB ? column * k + step : step * n + column]
        sum += (a[ma + left] ?? 0) * (b[mb + right] ?? 0)
      }
      const moved = sum * (sizes.scale ?? 1) + (request.bias ? (bias[column] ?? 0) : 0)
      const expected = (request.activation ? Math.tanh(moved) : moved) + (request.accumulate ? (before[at] ?? 0) : 0)
      difference = Math.max(difference, Math.abs(value - expected))
      largest = Math.max(largest, Math.abs(expected))
    }
    return { difference: difference / largest, texts: plan.launches.map(({ kernel }) => printPtx(kernel, 32).text) }
  }

  const tolerance: Readonly<Record<Scalar, number>> = { f32: 1e-6, f64: 1e-14 }
  const instruction: Readonly<Record<Scalar, string>> = { f32: 'mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32', f64: 'mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64' }

  const cases = (['f32', 'f64'] as const).flatMap((scalar) =>
    [false, true].flatMap((transposeA) => [false, true].map((transposeB): readonly [string, lowering.MatmulRequest] => [`${scalar} a${transposeA ? 'ᵀ' : ''} b${transposeB ? 'ᵀ' : ''}`, { scalar, transposeA, transposeB }])),
  )
  it.each(cases)('%s', async (_, request) => {
    // Odd, in whole vectors, and with few columns.
    for (const [m, n, k] of [[33, 35, 37], [36, 40, 68], [70, 5, 9], [1, 1, 1]] as const) {
      const { difference, texts } = await differenceOf(request, { m, n, k })
      expect(difference).toBeLessThan(tolerance[request.scalar])
      expect(texts[0]).toContain(instruction[request.scalar])
      expect(texts[0]).toContain('cp.async')
    }
  })

  it.each(['f32', 'f64'] as const)('%s: what follows the product', async (scalar) => {
    const sizes = { m: 35, n: 17, k: 12, scale: 0.5 }
    for (const request of [{ scalar, bias: true, activation: 'tanh' }, { scalar, accumulate: true }] as const) expect((await differenceOf(request, sizes)).difference).toBeLessThan(tolerance[scalar])
  })

  it.each(['f32', 'f64'] as const)('%s: long sums in parts', async (scalar) => {
    // The largest tiles.
    const { difference, texts } = await differenceOf({ scalar, transposeA: true }, { m: 33, n: 20, k: 2052, scale: 2 })
    expect(difference).toBeLessThan(tolerance[scalar])
    expect(texts.length).toBe(2)
  })

  it('f32: one product instead of three, where that is accurate enough', async () => {
    const sizes = { m: 36, n: 40, k: 68 }
    const numProducts = ({ texts }: Outcome) => (texts[0] ?? '').split(instruction.f32).length - 1
    const [split, single] = [await differenceOf({ scalar: 'f32' }, sizes), await differenceOf({ scalar: 'f32' }, sizes, ['tf32', 'f64'])]
    expect(numProducts(single)).toBe(numProducts(split) / 3)
    expect(single.difference).toBeGreaterThan(2e-5)
    expect(single.difference).toBeLessThan(2e-3)
  })

  it('nothing to add up', async () => {
    const { difference } = await differenceOf({ scalar: 'f32', bias: true }, { m: 5, n: 3, k: 0 })
    expect(difference).toBe(0)
  })
})
