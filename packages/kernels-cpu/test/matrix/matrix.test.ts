import { descriptors, HostArray, Irreps, type SegmentedPolynomial } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { afterAll, describe, expect, test } from 'vitest'
import { createCpu, type CpuDevice } from '../../src/index.ts'
import { numbers, orderOf, recordPlan, upload } from './on-device.ts'

const devices: readonly CpuDevice[] = [createCpu({ threads: 1 }).openSync(), createCpu({ threads: 2 }).openSync()]
afterAll(() => {
  for (const device of devices) device.close()
})

type Scalar = lowering.FloatScalar
const stored = (scalar: Scalar, values: Float64Array) => (scalar === 'f32' ? Float32Array.from(values) : values)
const tolerances = { f32: 1e-5, f64: 1e-12 }

/** What every device gives, the same bits from each. */
function runEverywhere(
  plan: (device: CpuDevice) => lowering.Plan,
  data: readonly (Float32Array | Float64Array | Int32Array)[],
  sizes: readonly number[],
  scalar: Scalar,
  order?: ReturnType<typeof orderOf>,
): Float64Array[] {
  const results = devices.map((device) => {
    const outputs = sizes.map((size) => upload(device, stored(scalar, new Float64Array(size).fill(NaN))))
    const orders = order ? new Map([[0, { starts: upload(device, order.starts), entries: upload(device, order.entries) }]]) : new Map<number, never>()
    const recording = recordPlan(device, plan(device), { inputs: data.map((own) => upload(device, own)), outputs, orders })
    recording.replay()
    const values = outputs.map((output) => {
      const bytes = device.view(output).slice().buffer
      return Float64Array.from(scalar === 'f32' ? new Float32Array(bytes) : new Float64Array(bytes))
    })
    recording.dispose()
    return values
  })
  const [first = [], ...others] = results
  for (const other of others) expect(other).toEqual(first)
  return first
}

function expectClose(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  let [difference, largest] = [actual.length === expected.length ? 0 : NaN, 0]
  for (const [i, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs((actual[i] ?? NaN) - value))
    largest = Math.max(largest, Math.abs(value))
  }
  expect(difference / (largest || 1)).toBeLessThan(tolerance)
}

describe('products of matrices', () => {
  const sizes = [[1, 1, 1], [5, 13, 33], [33, 123, 5], [123, 33, 13], [200, 64, 64], [64, 40, 1000], [8, 300, 128]] as const
  for (const scalar of ['f32', 'f64'] as const)
    test(`odd sizes, ${scalar}, with every transpose`, () => {
      for (const [m, n, k] of sizes)
        for (const transposeA of [false, true])
          for (const transposeB of [false, true]) {
            const [a, b] = [stored(scalar, numbers(m * k, 1)), stored(scalar, numbers(k * n, 2))]
            const expected = new Float64Array(m * n)
            for (let i = 0; i < m; i++)
              for (let j = 0; j < n; j++)
                for (let p = 0; p < k; p++) {
                  const [left, right] = [transposeA ? p * m + i : i * k + p, transposeB ? j * k + p : p * n + j]
                  expected[i * n + j] = (expected[i * n + j] ?? 0) + (a[left] ?? 0) * (b[right] ?? 0)
                }
            const plan = (device: CpuDevice) => lowering.lowerMatmul({ scalar, transposeA, transposeB }, device.capabilities).plan({ m, n, k })
            const [c] = runEverywhere(plan, [a, b], [m * n], scalar)
            expectClose(c ?? new Float64Array(), expected, tolerances[scalar])
          }
    })
})

/** Forward, and the gradients of both inputs. */
function passes(polynomial: SegmentedPolynomial, weights: lowering.RowAccess) {
  const batched = { kind: 'batched' } as const
  const [backward] = polynomial.backward([true, true], [true])
  return [
    { polynomial, inputs: [weights, batched], outputs: [batched] },
    { polynomial: backward, inputs: [weights, batched, batched], outputs: [weights, batched] },
  ]
}

describe('linear layers', () => {
  const layers = [['5x0e+3x1o', '13x0e+2x1o'], ['33x0e+5x1o+2x2e', '4x0e+9x1o+17x2e+1x3o'], ['3x0e+4x0e+20x1o', '7x0e+20x1o']] as const
  const numSpecies = 7
  for (const [irrepsIn, irrepsOut] of layers)
    for (const scalar of ['f32', 'f64'] as const)
      for (const kind of ['shared', 'indexed'] as const)
        test(`${irrepsIn} → ${irrepsOut}, ${scalar}, ${kind} weights, forward and backward`, () => {
          const { polynomial: layer } = descriptors.linear(new Irreps('O3', irrepsIn), new Irreps('O3', irrepsOut))
          for (const batch of [1, 33, 123])
            for (const { polynomial, inputs, outputs } of passes(layer, kind === 'shared' ? { kind } : { kind, index: 0 })) {
              // Unsorted; species 2 has no entry.
              const indices = Int32Array.from({ length: batch }, (_, e) => [6, 0, 5, 1, 4, 3, 0][(e * 11) % 7] ?? 0)
              const rows = (access: lowering.RowAccess) => (access.kind === 'shared' ? 1 : access.kind === 'batched' ? batch : numSpecies)
              const rowOf = (access: lowering.RowAccess, e: number) => (access.kind === 'shared' ? 0 : access.kind === 'batched' ? e : (indices[e] ?? 0))
              const data = inputs.map((access, i) => stored(scalar, numbers(rows(access) * (polynomial.inputs[i]?.size ?? 0), i + 1)))
              const outputSizes = outputs.map((access, o) => rows(access) * (polynomial.outputs[o]?.size ?? 0))
              const expected = outputSizes.map((size) => new Float64Array(size))
              for (let e = 0; e < batch; e++) {
                const own = inputs.map((access, i) => {
                  const size = polynomial.inputs[i]?.size ?? 0
                  return new HostArray([size], Float64Array.from(data[i]?.subarray(rowOf(access, e) * size, (rowOf(access, e) + 1) * size) ?? []))
                })
                for (const [o, value] of polynomial.evaluate(...own).entries()) {
                  const [total, access] = [expected[o], outputs[o]]
                  if (!total || !access) continue
                  for (const [i, element] of value.data.entries()) {
                    const at = rowOf(access, e) * value.data.length + i
                    total[at] = (total[at] ?? 0) + element
                  }
                }
              }
              const plan = (device: CpuDevice) => {
                const scalars = { inputScalars: inputs.map(() => scalar), outputScalars: outputs.map(() => scalar), mathScalar: scalar }
                const lowered = lowering.lowerMatrix({ polynomial, inputs, outputs, ...scalars }, device.capabilities)
                if (!lowered) throw new Error('a linear layer is a sum of products of matrices')
                return lowered.plan({ batchSize: batch, inputRows: inputs.map(rows), outputRows: outputs.map(rows) })
              }
              const results = runEverywhere(plan, [...data, indices], outputSizes, scalar, orderOf(indices, numSpecies))
              for (const [o, result] of results.entries()) expectClose(result, expected[o] ?? new Float64Array(), tolerances[scalar])
            }
        })
})
