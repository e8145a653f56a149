import { type Binding, preparePlan } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { createWebgpu, printWgsl, separatePlaces, type WebgpuDevice } from '@equivar/kernels-wgsl'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareGpu } from '../support/software.ts'

let device: WebgpuDevice

beforeAll(async () => {
  useSoftwareGpu()
  device = await createWebgpu({ software: true }).open()
}, 300_000)

afterAll(() => {
  device.close()
})

/** A matrix with whole numbers as elements, whose products and sums are exact in float32. */
function matrix(rows: number, columns: number, factor: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, (_, k) => ((k * factor) % 17) - 8)
}

function put(data: Float32Array): Binding {
  const binding = { memory: device.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
  device.write(binding, data)
  return binding
}

async function multiply({ m, n, k }: Pick<lowering.MatmulSizes, 'm' | 'n' | 'k'>, transposeA: boolean, transposeB: boolean) {
  const [a, b] = [matrix(m, k, 7), matrix(k, n, 11)]
  const plan = lowering.lowerMatmul({ scalar: 'f32', transposeA, transposeB }, device.capabilities).plan({ m, n, k })
  const output = put(new Float32Array(m * n))
  const prepared = preparePlan(device, plan, { inputs: [put(a), put(b)], outputs: [output] })
  for (const launch of prepared.launches) device.enqueue(launch)
  const result = new Float32Array(await device.read(output))
  prepared.release()
  const expected = result.map((_, at) => {
    const [row, column] = [Math.floor(at / n), at % n]
    let sum = 0
    for (let step = 0; step < k; step++) {
      const [left, right] = [transposeA ? step * m + row : row * k + step, transposeB ? column * k + step : step * n + column]
      sum += (a[left] ?? 0) * (b[right] ?? 0)
    }
    return sum
  })
  return { result, expected, kernels: plan.launches.map(({ kernel }) => kernel) }
}

describe('products of matrices through shared memory', () => {
  it.each([[false, false, 36, 40, 44], [true, true, 36, 40, 44], [false, false, 33, 41, 7]] as const)('transposed: %s, %s; %d × %d of %d steps', async (...given) => {
    const [transposeA, transposeB, m, n, k] = given
    const { result, expected, kernels } = await multiply({ m, n, k }, transposeA, transposeB)
    expect(kernels.map(({ name }) => name)).toContain('unitMatmul')
    expect(result).toEqual(expected)
  })

  it('keep their sums in registers from one step to the next', () => {
    const { launches } = lowering.lowerMatmul({ scalar: 'f32' }, device.capabilities).plan({ m: 4096, n: 4096, k: 4096 })
    const [kernel] = launches.map((launch) => launch.kernel)
    if (!kernel) throw new Error('a product is a launch')
    const { code } = printWgsl(kernel, { subgroupSize: 32, places: separatePlaces(kernel, () => false) })
    expect(kernel.shared.map(({ name }) => name)).toEqual(['tilesOfA', 'tilesOfB'])
    // Four steps of 8 × 8 sums a lane, in a loop of their own.
    expect(code.match(/= fma\(/g)).toHaveLength(4 * 8 * 8)
    expect(code).toMatch(/var<workgroup> s0: array<vec4<f32>, \d+>;\nvar<workgroup> s1: array<vec4<f32>, \d+>;/)
  })
})
