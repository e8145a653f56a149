import { InternalError, type BackendDevice } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'
import type { DType } from '../array/dtype.ts'
import { elementCount } from '../array/shape.ts'
import { executableOf, targetOf } from '../compiled/backend.ts'
import { indexUses } from '../compiled/index-uses.ts'
import type { Precision } from '../compiled/modes.ts'
import { orderSource, planPrimitive } from '../compiled/table.ts'
import type { AbstractValue } from '../graph/value.ts'
import { graphOrders, graphOutputs, orderPlan } from '../kernels/index.ts'
import { wordBytes } from '../memory/words.ts'
import type { StepExplanation } from './explain.ts'
import { explainPrimitive } from './explain-step.ts'
import { isLossyCast } from './casts.ts'
import { planFusion } from './fusion.ts'
import type { PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'

/** Number of a piece of memory of a program. */
export type BufferId = number

/** What is in a piece of memory. */
export type BufferKind =
  /** Between inputs and outputs. */
  | { readonly kind: 'inner' }
  | { readonly kind: 'input'; readonly input: number }
  | { readonly kind: 'constant'; readonly tensor: TensorId }
  /** A table of a plan. */
  | { readonly kind: 'table'; readonly data: ConstantData }
  /** Part of the order of an index array that is an input or a constant. */
  | { readonly kind: 'order'; readonly of: BufferId; readonly rows: number; readonly part: OrderPart }

export type OrderPart = 'starts' | 'entries'
export type ConstantData = Extract<lowering.Slot, { readonly kind: 'constant' }>['data']

export interface Buffer {
  readonly kind: BufferKind
  readonly bytes: number
}

/** A launch on buffers of a program. */
export interface BufferLaunch {
  readonly kind: 'launch'
  /** Which step of the program it belongs to. */
  readonly step: number
  readonly launch: lowering.PlannedLaunch
  readonly buffers: readonly BufferId[]
}

/** A look at elements that were computed before the steps behind it trust them; only where the host sees the device's memory. */
export type HostCheck =
  | { readonly kind: 'indices'; readonly buffer: BufferId; readonly what: string; readonly rows: number }
  | { readonly kind: 'representable'; readonly buffer: BufferId; readonly spec: AbstractValue; readonly dtype: DType }

/** Elements of an input that must lie in a range. */
export interface InputCheck {
  readonly buffer: BufferId
  readonly rows: number
  readonly what: string
}

export interface DevicePlan {
  readonly buffers: readonly Buffer[]
  /** The memory of every tensor; tensors that are aliases share it. */
  readonly places: readonly BufferId[]
  readonly work: readonly (BufferLaunch | HostCheck)[]
  readonly checks: readonly InputCheck[]
  readonly explanations: readonly StepExplanation[]
  /** Of every step, in the order of its explanation. */
  readonly kernels: readonly (readonly kernels.Kernel[])[]
}

const scalarBytes = { f32: 4, f64: 8, i32: 4, u32: 4 } as const

/** Bytes of an array in device memory. */
function bytesOf({ dtype, shape }: AbstractValue): number {
  return elementCount(shape) * wordBytes[dtype]
}

/** How a program is planned. */
export interface PlanOptions {
  readonly checksIndices: boolean
  readonly precision: Precision
}

/** Launches of a program in order, on memory that has no places yet. */
export function planDevice(graph: ProgramGraph, backend: BackendDevice, options: PlanOptions): DevicePlan {
  return new Planning(graph, backend, options).plan()
}

class Planning {
  readonly #graph: ProgramGraph
  readonly #backend: BackendDevice
  readonly #target: lowering.Target
  readonly #checksIndices: boolean
  readonly #buffers: Buffer[] = []
  readonly #places: (BufferId | undefined)[]
  readonly #tables = new Map<ConstantData, BufferId>()
  readonly #orders = new Map<string, BufferId>()
  /** Index arrays that came with their orders. */
  readonly #ordered = new Set<BufferId>()
  readonly #work: (BufferLaunch | HostCheck)[] = []
  readonly #checks = new Map<string, InputCheck>()
  readonly #kernels: (readonly kernels.Kernel[])[] = []

  constructor(graph: ProgramGraph, backend: BackendDevice, { checksIndices, precision }: PlanOptions) {
    this.#graph = graph
    this.#backend = backend
    this.#target = targetOf(backend, precision)
    this.#checksIndices = checksIndices
    this.#places = graph.tensors.map(() => undefined)
  }

  plan(): DevicePlan {
    const { inputs, constants, steps } = this.#graph
    for (const [input, id] of inputs.entries()) this.#places[id] = this.#add({ kind: 'input', input }, bytesOf(this.#spec(id)))
    for (const id of constants.keys()) this.#places[id] = this.#add({ kind: 'constant', tensor: id }, bytesOf(this.#spec(id)))
    const explanations = steps.map((step) => this.#planStep(step))
    const places = this.#places.map((place) => place ?? -1)
    return { buffers: this.#buffers, places, work: this.#work, checks: [...this.#checks.values()], explanations, kernels: this.#kernels }
  }

  #planStep(step: Step): StepExplanation {
    const [inputs, outputs] = [step.inputs.map((id) => this.#spec(id)), step.outputs.map((id) => this.#spec(id))]
    const target = this.#target
    if (step.kind === 'primitive') this.#planChecks(step, inputs)
    const plan =
      step.kind === 'fused'
        ? planFusion(step.fusion, inputs, step.scalars.map((id) => this.#number(id)), outputs, target)
        : planPrimitive(step.primitive, inputs, step.params, outputs, target)
    if ('alias' in plan) this.#places[step.outputs[0] ?? -1] = this.#place(step.inputs[plan.alias] ?? -1)
    else {
      for (const [k, id] of step.outputs.entries()) this.#places[id] = this.#add({ kind: 'inner' }, bytesOf(outputs[k] ?? this.#spec(id)))
      this.#planLaunches(plan, step.inputs.map((id) => this.#place(id)), step.outputs.map((id) => this.#place(id)), (index, part) =>
        step.kind === 'fused' ? missing('order', index) : this.#order(step, inputs, index, part),
      )
    }
    if (step.kind === 'primitive' && step.primitive === 'neighborGraph') this.#knowOrders(step.outputs)
    this.#kernels.push('alias' in plan ? [] : plan.launches.map(({ kernel }) => kernel))
    return explainPrimitive(step, inputs, outputs, plan, target)
  }

  #planLaunches(plan: lowering.Plan, inputs: readonly BufferId[], outputs: readonly BufferId[], order: (index: number, part: OrderPart) => BufferId): void {
    const temporaries = plan.temporaries.map(({ scalar, length }) => this.#add({ kind: 'inner' }, length * scalarBytes[scalar]))
    for (const launch of plan.launches) {
      // Nothing to do, so not even a reason to compile.
      if (launch.grid.includes(0)) continue
      // A compiler that works beside the host begins while the rest is planned.
      executableOf(this.#backend, launch.kernel)
      const buffers = launch.buffers.map((slot): BufferId => {
        switch (slot.kind) {
          case 'input':
            return inputs[slot.index] ?? missing('input', slot.index)
          case 'output':
            return outputs[slot.index] ?? missing('output', slot.index)
          case 'temporary':
            return temporaries[slot.index] ?? missing('temporary', slot.index)
          case 'constant':
            return this.#table(slot.data)
          case 'order':
            return order(slot.index, slot.part)
        }
      })
      this.#work.push({ kind: 'launch', step: this.#kernels.length, launch, buffers })
    }
  }

  /** What eager execution looks at before the primitive runs: at inputs and constants before a call, at what is computed during it. */
  #planChecks({ primitive, params, inputs: ids }: PrimitiveStep, inputs: readonly AbstractValue[]): void {
    if (!this.#checksIndices) return
    for (const { input, rows, what } of indexUses(primitive, inputs, params)) {
      const buffer = this.#place(ids[input] ?? -1)
      if (this.#buffers[buffer]?.kind.kind === 'inner') {
        if (this.#backend.view) this.#work.push({ kind: 'indices', what, rows, buffer })
      } else {
        const key = `${buffer} ${rows}`
        if (!this.#checks.has(key)) this.#checks.set(key, { buffer, rows, what })
      }
    }
    const [x] = inputs
    if (x && this.#backend.view && 'dtype' in params && isLossyCast(primitive, x, params.dtype))
      this.#work.push({ kind: 'representable', buffer: this.#place(ids[0] ?? -1), spec: x, dtype: params.dtype })
  }

  /** Orders that a primitive makes of its own outputs: elements that are only there to fill arrays are not in them. */
  #knowOrders(outputs: readonly TensorId[]): void {
    for (const { of, rows, starts, entries } of graphOrders) {
      const place = (output: keyof typeof graphOutputs) => this.#place(outputs[graphOutputs[output]] ?? -1)
      const numRows = (this.#spec(outputs[graphOutputs[rows]] ?? -1).shape[0] ?? 1) - (rows === 'starts' ? 1 : 0)
      this.#orders.set(`${place(of)} ${numRows} starts`, place(starts))
      this.#orders.set(`${place(of)} ${numRows} entries`, place(entries))
      this.#ordered.add(place(of))
    }
  }

  #order({ params, inputs: ids }: PrimitiveStep, inputs: readonly AbstractValue[], index: number, part: OrderPart): BufferId {
    const { input, rows } = orderSource(inputs, params, index)
    const indices = this.#place(ids[input] ?? -1)
    const key = (which: OrderPart) => `${indices} ${rows} ${which}`
    const known = this.#orders.get(key(part))
    if (known !== undefined) return known
    if (this.#ordered.has(indices)) throw new InternalError(`a program sums by edges into ${rows} rows, which neighborGraph has no order for`)
    const isInner = this.#buffers[indices]?.kind.kind === 'inner'
    const length = elementCount(inputs[input]?.shape ?? [])
    const add = (which: OrderPart): BufferId => {
      const bytes = 4 * (which === 'starts' ? rows + 1 : length)
      const id = this.#add(isInner ? { kind: 'inner' } : { kind: 'order', of: indices, rows, part: which }, bytes)
      this.#orders.set(key(which), id)
      return id
    }
    const [starts, entries] = [add('starts'), add('entries')]
    if (isInner) this.#planLaunches(orderPlan(length, rows, this.#target), [indices], [starts, entries], (of) => missing('order', of))
    return part === 'starts' ? starts : entries
  }

  #table(data: ConstantData): BufferId {
    let id = this.#tables.get(data)
    if (id === undefined) this.#tables.set(data, (id = this.#add({ kind: 'table', data }, data.byteLength)))
    return id
  }

  #add(kind: BufferKind, bytes: number): BufferId {
    return this.#buffers.push({ kind, bytes }) - 1
  }

  #number(id: TensorId): number {
    const number = this.#graph.constants.get(id)?.view()?.[0]
    if (number === undefined) throw new InternalError(`tensor ${id} of a program is no number`)
    return number
  }

  #spec(id: TensorId): AbstractValue {
    const spec = this.#graph.tensors[id]
    if (!spec) throw new InternalError(`a program has no tensor ${id}`)
    return spec
  }

  #place(id: TensorId): BufferId {
    const place = this.#places[id]
    if (place === undefined) throw new InternalError(`tensor ${id} of a program is used before it is made`)
    return place
  }
}

function missing(kind: string, index: number): never {
  throw new InternalError(`a plan uses ${kind} ${index}, which does not exist`)
}
