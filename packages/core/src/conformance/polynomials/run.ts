import { type BackendDevice, type Binding, preparePlan, rowOrder } from '../../backend/index.ts'
import { DeviceError } from '../../errors.ts'
import type { LoweredPolynomial, Plan, PolynomialRequest, Target } from '../../lowering/index.ts'
import { disagreement, disagreementOfSums } from '../compare.ts'
import { type Elements, GuardedMemory } from '../guarded.ts'
import type { PolynomialCase } from './cases.ts'
import type { MethodName } from './methods.ts'
import { needsF64, toleranceOf } from './numbers.ts'
import { type Problem, problemOf } from './problem.ts'

/** How polynomials become kernels. */
export type Lower = (request: PolynomialRequest, target: Target, method: MethodName) => LoweredPolynomial

/** Enough that every thread takes part. */
export const muchWork = 1e9

/** What came out of a case. */
export interface PolynomialOutcome {
  /** `null` if nothing went wrong. */
  readonly wrong: string | null
  /** Of all bits of all outputs; `null` if something went wrong before. */
  readonly digest: string | null
}

/** @throws whatever lowering and the device throw. */
export async function runPolynomialCase(own: PolynomialCase, device: BackendDevice, lower: Lower): Promise<PolynomialOutcome> {
  const problem = problemOf(own)
  const lowered = lower(problem.request, device.capabilities, own.method)
  if (own.method !== 'auto' && lowered.method !== own.method) return failure(`method ${own.method} was asked for, and ${lowered.method} chosen`)
  const plan = lowered.plan(problem.sizes)
  const { kernels, flops, bytes } = lowered.explain(problem.sizes)
  if (kernels.length === 0 && plan.launches.length > 0) return failure('the explanation names no kernel')
  if (!(flops >= 0 && bytes >= 0)) return failure(`the explanation has ${flops} flops and ${bytes} bytes`)
  return runProblem(device, problem, lowered, plan, own.launch)
}

async function runProblem(
  device: BackendDevice,
  { request, sizes, indices, inputs, places, expected }: Problem,
  { orders }: LoweredPolynomial,
  plan: Plan,
  mode: PolynomialCase['launch'],
): Promise<PolynomialOutcome> {
  const owned: GuardedMemory[] = []
  const upload = (scalar: 'f32' | 'f64' | 'i32', data: Elements): GuardedMemory => {
    const memory = GuardedMemory.of(device, scalar, data)
    owned.push(memory)
    return memory
  }
  try {
    const own = inputs.map((data, i) => (places[i] === i ? upload(request.inputScalars[i] ?? 'f64', data) : undefined))
    const operands = places.flatMap((place) => own[place] ?? [])
    const arrays = indices.map((one) => upload('i32', one.indices))
    const outputs = request.polynomial.outputs.map(({ size }, o) => {
      const memory = new GuardedMemory(device, request.outputScalars[o] ?? 'f64', (sizes.outputRows[o] ?? 0) * size)
      owned.push(memory)
      return memory
    })
    const orderBindings = new Map<number, { starts: Binding; entries: Binding }>()
    for (const index of orders) {
      const array = indices[index]
      if (!array) return failure(`order ${index} is asked for, but there are ${indices.length} index arrays`)
      const { starts, entries } = rowOrder(array.indices, array.rows)
      orderBindings.set(index, { starts: upload('i32', starts).binding, entries: upload('i32', entries).binding })
    }
    const bindings = { inputs: [...operands, ...arrays].map(({ binding }) => binding), outputs: outputs.map(({ binding }) => binding) }
    const prepared = preparePlan(device, plan, { ...bindings, orders: orderBindings, work: muchWork })
    const { launches } = prepared
    const results: Elements[] = []
    try {
      for (const launch of launches) device.enqueue(launch)
      for (const [o, memory] of outputs.entries()) {
        const result = await memory.read(`output ${o}`)
        const tolerance = toleranceOf(request.mathScalar, request.outputScalars[o] ?? 'f64')
        const name = `output ${o}`
        const sums = expected[o] ?? { data: [], magnitudes: [] }
        const wrong = disagreement(name, result, sums.data, tolerance) ?? disagreementOfSums(name, result, sums, tolerance)
        if (wrong !== null) return failure(wrong)
        results.push(result)
      }
      return { wrong: mode === 'replay' ? await replayed(device, launches, outputs, results) : null, digest: digestOf(results) }
    } finally {
      prepared.release()
    }
  } finally {
    for (const memory of owned) memory.release()
  }
}

/** A recording, replayed twice, gives the same bits as its launches did. */
async function replayed(device: BackendDevice, launches: Parameters<BackendDevice['record']>[0], outputs: readonly GuardedMemory[], results: readonly Elements[]): Promise<string | null> {
  const recording = device.record(launches)
  try {
    for (let n = 0; n < 2; n++) {
      for (const memory of outputs) memory.poison()
      recording.replay()
      for (const [o, memory] of outputs.entries()) {
        const wrong = disagreement(`output ${o} of replay ${n + 1}, against what was enqueued`, await memory.read(`output ${o}`), results[o] ?? [], 0)
        if (wrong !== null) return wrong
      }
    }
    return null
  } finally {
    recording.dispose()
  }
}

function failure(wrong: string): PolynomialOutcome {
  return { wrong, digest: null }
}

/** A number of 64 bits of the bits of arrays: FNV-1a, twice. */
function digestOf(results: readonly Elements[]): string {
  let [first, second] = [0x811c9dc5, 0x01234567]
  for (const { buffer, byteOffset, byteLength } of results)
    for (const byte of new Uint8Array(buffer, byteOffset, byteLength)) {
      first = Math.imul(first ^ byte, 0x01000193)
      second = Math.imul(second ^ byte, 0x01000193) ^ (second >>> 15)
    }
  return [first, second].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Why a device cannot run a case at all, `null` if it can. */
export function reasonToSkip(own: PolynomialCase, { capabilities }: BackendDevice): string | null {
  if (needsF64(own.numbers) && !capabilities.floats.includes('f64')) return 'no float64'
  const problem = own.rows === 'huge' ? 2 ** 24 * 8 + 2 ** 16 : 0
  const { maxBufferBytes, maxBindingBytes = maxBufferBytes } = capabilities
  return problem > Math.min(maxBufferBytes, maxBindingBytes) ? 'buffers are too small' : null
}

/** An error as a sentence. */
export function errorText(error: unknown): string {
  if (error instanceof DeviceError || error instanceof Error) return `${error.name}: ${error.message}`
  return String(error)
}
