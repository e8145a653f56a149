import { type BackendDevice, type Binding, bytesPerElement, type DeviceMemory, type PreparedPlan, preparePlan, rowOrder } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import type { Dtype } from '../cases/case.ts'
import { seededNumbers } from '../cases/random.ts'
import { batched, type PolynomialProblem, rowsOf } from './problems.ts'

/** Numbers that fill larger operands again and again. */
const blockLength = 2 ** 20

export interface PreparedProblem extends PreparedPlan {
  readonly plan: lowering.Plan
}

/** Operands with seeded numbers, orders of index arrays, and compiled kernels. */
export function prepareProblem(
  device: BackendDevice,
  problem: PolynomialProblem,
  dtype: Dtype,
  lowered: lowering.LoweredPolynomial,
  plan: lowering.Plan,
): PreparedProblem {
  const owned: DeviceMemory[] = []
  const allocate = (byteLength: number): Binding => {
    const memory = device.allocate(byteLength)
    owned.push(memory)
    return { memory, byteOffset: 0, byteLength }
  }
  const upload = (data: Int32Array): Binding => {
    const binding = allocate(data.byteLength)
    device.write(binding, data)
    return binding
  }
  const release = () => {
    for (const memory of owned) memory.release()
  }
  try {
    const { polynomial, inputs, outputs, indices } = problem
    const width = bytesPerElement[dtype]
    const numbers = blockOf(dtype)
    const operands = (sizes: readonly { readonly size: number }[], accesses: readonly lowering.RowAccess[]) =>
      sizes.map(({ size }, k) => allocate(size * rowsOf(problem, accesses[k] ?? batched) * width))
    const own = operands(polynomial.inputs, inputs)
    for (const operand of own) fill(device, operand, numbers)
    const results = operands(polynomial.outputs, outputs)
    const orders = new Map(
      lowered.orders.map((index) => {
        const { data, rows } = indices[index] ?? { data: new Int32Array(), rows: 0 }
        const { starts, entries } = rowOrder(data, rows)
        return [index, { starts: upload(starts), entries: upload(entries) }] as const
      }),
    )
    const prepared = preparePlan(device, plan, { inputs: [...own, ...indices.map(({ data }) => upload(data))], outputs: results, orders })
    return {
      plan,
      launches: prepared.launches,
      release() {
        prepared.release()
        release()
      },
    }
  } catch (error) {
    release()
    throw error
  }
}

function blockOf(dtype: Dtype): Float32Array | Float64Array {
  const numbers = seededNumbers(1, blockLength, 2).map((x) => x - 1)
  return dtype === 'f32' ? Float32Array.from(numbers) : numbers
}

function fill(device: BackendDevice, { memory, byteLength }: Binding, numbers: Float32Array | Float64Array): void {
  for (let byteOffset = 0; byteOffset < byteLength; byteOffset += numbers.byteLength) {
    const length = Math.min(numbers.byteLength, byteLength - byteOffset)
    device.write({ memory, byteOffset, byteLength: length }, numbers.subarray(0, length / numbers.BYTES_PER_ELEMENT))
  }
}
