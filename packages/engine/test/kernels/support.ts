import { interpreterBackend, preparePlan, rowOrder, type BackendDevice, type Binding } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import { createCpu } from '@equivar/kernels-cpu'
import { expect } from 'vitest'
import { dtypeOf, type DType, type TypedArray } from '../../src/array/dtype.ts'
import { storageTypes, type Alias } from '../../src/compiled/planner.ts'
import type { AbstractValue } from '../../src/graph/value.ts'
import { planners } from '../../src/kernels/index.ts'
import { evaluators } from '../../src/naive/table.ts'
import type { HostTensor } from '../../src/naive/tensor.ts'
import type { ParamsOf, PrimitiveName } from '../../src/primitives/names.ts'
import type { AnyParams } from '../../src/primitives/rules.ts'
import { shapeRules } from '../../src/primitives/shapes/table.ts'

export const simd: lowering.Target = { lanes: 'simd', vectorBytes: 16, registers: 16, maxLanes: 64, maxSharedBytes: 32768, maxBuffers: 32, matrixUnits: [] }
export const gpu: lowering.Target = { lanes: 'gpu', vectorBytes: 32, registers: 64, maxLanes: 32, maxSharedBytes: 32768, maxBuffers: 32, matrixUnits: [] }

type Storage = Float32Array | Float64Array | Int32Array | Uint32Array

interface ErasedPlanner {
  plan(inputs: readonly AbstractValue[], params: AnyParams, outputs: readonly AbstractValue[], target: lowering.Target): lowering.Plan | Alias
}
interface ErasedEvaluator {
  evaluate(inputs: readonly HostTensor[], params: AnyParams, outputs: readonly AbstractValue[]): readonly TypedArray[]
}
interface ErasedRule {
  shape(inputs: readonly AbstractValue[], params: AnyParams): readonly AbstractValue[]
}
const erasedPlanners: { readonly [P in PrimitiveName]?: ErasedPlanner } = planners
const erasedEvaluators: { readonly [P in PrimitiveName]: ErasedEvaluator } = evaluators
const erasedRules: { readonly [P in PrimitiveName]: ErasedRule } = shapeRules

function newStorage(scalar: 'f32' | 'f64' | 'i32' | 'u32', length: number): Storage {
  switch (scalar) {
    case 'f32':
      return new Float32Array(length)
    case 'f64':
      return new Float64Array(length)
    case 'i32':
      return new Int32Array(length)
    case 'u32':
      return new Uint32Array(length)
  }
}

export function count(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1)
}

function stored(data: TypedArray): Storage {
  return data instanceof Uint8Array ? Uint32Array.from(data) : data
}

let shared: BackendDevice | undefined
/** One device for all tests of a file: kernels are compiled once. */
export function interpreterDevice(): BackendDevice {
  return (shared ??= interpreterBackend().openSync())
}

let compiled: BackendDevice | undefined
/** The same kernels as WebAssembly, in this thread. */
export function compiledDevice(): BackendDevice {
  return (compiled ??= createCpu({ threads: 1 }).openSync())
}

export interface PlanData {
  readonly inputs: readonly Storage[]
  /** Scalar type and length of every output. */
  readonly outputs: readonly { readonly scalar: 'f32' | 'f64' | 'i32' | 'u32'; readonly length: number }[]
  readonly orders?: readonly { readonly indices: Int32Array; readonly rows: number }[]
}

/** What a plan writes; memory holds rubbish before. */
export async function run(plan: lowering.Plan, data: PlanData, device: BackendDevice = interpreterDevice()): Promise<readonly Storage[]> {
  const { inputs, outputs, orders = [] } = data
  const bind = (data: Storage): Binding => {
    const binding = { memory: device.allocate(data.byteLength), byteOffset: 0, byteLength: data.byteLength }
    device.write(binding, data)
    return binding
  }
  const bound = inputs.map(bind)
  const results = outputs.map(({ scalar, length }) => bind(newStorage(scalar, length).fill(77)))
  const sorted = new Map(orders.map(({ indices, rows }, k) => {
    const order = rowOrder(indices, rows)
    return [k, { starts: bind(order.starts), entries: bind(order.entries) }] as const
  }))
  const prepared = preparePlan(device, plan, { inputs: bound, outputs: results, orders: sorted })
  for (const launch of prepared.launches) device.enqueue(launch)
  const read = await Promise.all(results.map((binding) => device.read(binding)))
  prepared.release()
  for (const { memory } of [...bound, ...results, ...[...sorted.values()].flatMap(({ starts, entries }) => [starts, entries])]) memory.release()
  return read.map((bytes, k) => {
    const scalar = outputs[k]?.scalar ?? 'f32'
    const view = newStorage(scalar, outputs[k]?.length ?? 0)
    new Uint8Array(view.buffer).set(new Uint8Array(bytes))
    return view
  })
}

export interface Case<P extends PrimitiveName> {
  readonly primitive: P
  readonly inputs: readonly HostTensor[]
  readonly params: ParamsOf<P>
}

/** Outputs of a primitive by its planner's kernels, and by its evaluator. */
export async function both<P extends PrimitiveName>({ primitive, inputs, params }: Case<P>, target: lowering.Target = simd, device?: BackendDevice) {
  const outputs = erasedRules[primitive].shape(inputs, params)
  const expected = erasedEvaluators[primitive].evaluate(inputs, params, outputs)
  const plan = erasedPlanners[primitive]?.plan(inputs, params, outputs, target)
  if (!plan) throw new Error(`no planner for ${primitive}`)
  if ('alias' in plan) return { actual: [stored(inputs[plan.alias]?.data ?? new Float32Array())], expected: expected.map(stored), outputs }
  const orders = 'numSegments' in params ? [{ indices: Int32Array.from(inputs[1]?.data ?? []), rows: params.numSegments }] : []
  const memory = outputs.map(({ dtype, shape }) => ({ scalar: storageTypes[dtype], length: count(shape) }))
  return { actual: await run(plan, { inputs: inputs.map((x) => stored(x.data)), outputs: memory, orders }, device), expected: expected.map(stored), outputs }
}

/** Largest relative difference allowed for a dtype: 4 units in the last place. */
const fourUlp: { readonly [D in DType]: number } = { float32: 2 ** -21, float64: 2 ** -50, int32: 0, uint32: 0, bool: 0 }

export interface Comparison {
  readonly target?: lowering.Target
  readonly relative?: number
}

/** Compares with the evaluator: kernels that are interpreted, and, with those for processors, compiled ones. */
export async function expectSame<P extends PrimitiveName>(given: Case<P>, options: Comparison = {}): Promise<void> {
  for (const device of devicesFor(options.target)) await expectSameOn(device, given, options)
}

function devicesFor(target: lowering.Target = simd): readonly BackendDevice[] {
  return target === simd ? [interpreterDevice(), compiledDevice()] : [interpreterDevice()]
}

async function expectSameOn<P extends PrimitiveName>(device: BackendDevice, given: Case<P>, options: Comparison): Promise<void> {
  const { actual, expected } = await both(given, options.target, device)
  for (const [k, right] of expected.entries()) {
    const own = actual[k]
    expect(own?.length, given.primitive).toBe(right.length)
    const tolerance = options.relative ?? fourUlp[dtypeOf(right)]
    for (const [i, b] of right.entries()) {
      const a = own?.[i] ?? Number.NaN
      const agrees = Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.abs(b)
      const what = { shapes: given.inputs.map(({ shape }) => shape), params: given.params }
      if (!agrees) expect.fail(`${given.primitive} on ${device.name}: element ${i} is ${a}, but ${b} is expected; ${JSON.stringify(what)}`)
    }
  }
}

/** Random numbers, the same every time. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0 || 1
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0
    let x = this.#state
    x ^= x >>> 15
    x = Math.imul(x, 0x2c1b3c6d)
    x ^= x >>> 12
    return (x >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next()
  }

  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1))
  }
}

export function tensor(dtype: DType, shape: readonly number[], value: (i: number) => number): HostTensor {
  const length = count(shape)
  const data = dtype === 'bool' ? new Uint8Array(length) : newStorage(storageTypes[dtype], length)
  for (let i = 0; i < length; i++) data[i] = value(i)
  return { dtype, shape, data }
}
