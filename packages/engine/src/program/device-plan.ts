import { InternalError, type BackendDevice, type lowering } from '@equivar/core'
import { elementCount } from '../array/shape.ts'
import { targetOf } from '../compiled/backend.ts'
import { indexUses } from '../compiled/index-uses.ts'
import { orderSource, planPrimitive } from '../compiled/table.ts'
import type { AbstractValue } from '../graph/value.ts'
import { wordBytes } from '../memory/words.ts'
import type { StepExplanation } from './explain.ts'
import { explainPrimitive } from './explain-step.ts'
import { planFusion } from './fusion.ts'
import type { ProgramGraph, PrimitiveStep, TensorId } from './graph.ts'

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
  readonly step: number
  readonly launch: lowering.PlannedLaunch
  readonly buffers: readonly BufferId[]
}

/** What the host does between launches: a primitive without a kernel, a look at indices, the order of an index array. */
export type HostWork =
  | { readonly kind: 'evaluate'; readonly step: number; readonly primitive: PrimitiveStep; readonly inputs: readonly BufferId[]; readonly outputs: readonly BufferId[] }
  | { readonly kind: 'check'; readonly step: number; readonly what: string; readonly rows: number; readonly indices: BufferId }
  | { readonly kind: 'sort'; readonly step: number; readonly rows: number; readonly indices: BufferId; readonly starts: BufferId; readonly entries: BufferId }

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
  readonly work: readonly (BufferLaunch | HostWork)[]
  readonly checks: readonly InputCheck[]
  readonly explanations: readonly StepExplanation[]
}

const scalarBytes = { f32: 4, f64: 8, i32: 4, u32: 4 } as const

/** Bytes of an array in device memory. */
export function bytesOf({ dtype, shape }: AbstractValue): number {
  return elementCount(shape) * wordBytes[dtype]
}

/** Launches of a program in order, on memory that has no places yet. */
export function planDevice(graph: ProgramGraph, backend: BackendDevice, checksIndices: boolean): DevicePlan {
  return new Planning(graph, backend, checksIndices).plan()
}

class Planning {
  readonly #graph: ProgramGraph
  readonly #backend: BackendDevice
  readonly #checksIndices: boolean
  readonly #buffers: Buffer[] = []
  readonly #places: (BufferId | undefined)[]
  readonly #tables = new Map<ConstantData, BufferId>()
  readonly #orders = new Map<string, BufferId>()
  readonly #work: (BufferLaunch | HostWork)[] = []
  readonly #checks = new Map<string, InputCheck>()

  constructor(graph: ProgramGraph, backend: BackendDevice, checksIndices: boolean) {
    this.#graph = graph
    this.#backend = backend
    this.#checksIndices = checksIndices
    this.#places = graph.tensors.map(() => undefined)
  }

  plan(): DevicePlan {
    const { inputs, constants, steps } = this.#graph
    for (const [input, id] of inputs.entries()) this.#places[id] = this.#add({ kind: 'input', input }, bytesOf(this.#spec(id)))
    for (const id of constants.keys()) this.#places[id] = this.#add({ kind: 'constant', tensor: id }, bytesOf(this.#spec(id)))
    const explanations = steps.map((_, step) => this.#planStep(step))
    const places = this.#places.map((place) => place ?? -1)
    return { buffers: this.#buffers, places, work: this.#work, checks: [...this.#checks.values()], explanations }
  }

  #planStep(step: number): StepExplanation {
    const own = this.#graph.steps[step]
    if (!own) throw new InternalError(`a program has no step ${step}`)
    const [inputs, outputs] = [own.inputs.map((id) => this.#spec(id)), own.outputs.map((id) => this.#spec(id))]
    const target = targetOf(this.#backend)
    if (own.kind === 'primitive' && this.#checksIndices) this.#planChecks(step, own, inputs)
    const plan = own.kind === 'fused' ? planFusion(own.fusion, inputs, own.scalars.map((id) => this.#number(id)), outputs, target) : planPrimitive(own.primitive, inputs, own.params, outputs, target)
    if (plan && 'alias' in plan) {
      const [output = -1] = own.outputs
      this.#places[output] = this.#place(own.inputs[plan.alias] ?? -1)
      return explainPrimitive(own, inputs, outputs, plan, target)
    }
    for (const [k, id] of own.outputs.entries()) this.#places[id] = this.#add({ kind: 'inner' }, bytesOf(outputs[k] ?? this.#spec(id)))
    if (!plan) {
      if (own.kind !== 'primitive' || !this.#backend.view) throw new InternalError(`${this.#backend.name}: there is no kernel for ${own.kind === 'primitive' ? own.primitive : 'a fused step'}`)
      this.#work.push({ kind: 'evaluate', step, primitive: own, inputs: own.inputs.map((id) => this.#place(id)), outputs: own.outputs.map((id) => this.#place(id)) })
      return explainPrimitive(own, inputs, outputs, undefined, target)
    }
    const temporaries = plan.temporaries.map(({ scalar, length }) => this.#add({ kind: 'inner' }, length * scalarBytes[scalar]))
    for (const launch of plan.launches) {
      // Nothing to do, so not even a reason to compile.
      if (launch.grid.includes(0)) continue
      const buffers = launch.buffers.map((slot): BufferId => {
        switch (slot.kind) {
          case 'input':
            return this.#place(own.inputs[slot.index] ?? -1)
          case 'output':
            return this.#place(own.outputs[slot.index] ?? -1)
          case 'temporary':
            return temporaries[slot.index] ?? missing('temporary', slot.index)
          case 'constant':
            return this.#table(slot.data)
          case 'order':
            if (own.kind !== 'primitive') return missing('order', slot.index)
            return this.#order(step, own, inputs, slot.index, slot.part)
        }
      })
      this.#work.push({ kind: 'launch', step, launch, buffers })
    }
    return explainPrimitive(own, inputs, outputs, plan, target)
  }

  #planChecks(step: number, { primitive, params, inputs: ids }: PrimitiveStep, inputs: readonly AbstractValue[]): void {
    for (const { input, rows, what } of indexUses(primitive, inputs, params)) {
      const indices = this.#place(ids[input] ?? -1)
      const kind = this.#buffers[indices]?.kind.kind
      if (kind === 'inner') {
        // What is computed from checked indices is checked where the host can look.
        if (this.#backend.view) this.#work.push({ kind: 'check', step, what, rows, indices })
      } else {
        const key = `${indices} ${rows}`
        if (!this.#checks.has(key)) this.#checks.set(key, { buffer: indices, rows, what })
      }
    }
  }

  #order(step: number, { params, inputs: ids }: PrimitiveStep, inputs: readonly AbstractValue[], index: number, part: OrderPart): BufferId {
    const { input, rows } = orderSource(inputs, params, index)
    const indices = this.#place(ids[input] ?? -1)
    const key = (which: OrderPart) => `${indices} ${rows} ${which}`
    const known = this.#orders.get(key(part))
    if (known !== undefined) return known
    const isInner = this.#buffers[indices]?.kind.kind === 'inner'
    const length = elementCount(inputs[input]?.shape ?? [])
    const add = (which: OrderPart): BufferId => {
      const bytes = 4 * (which === 'starts' ? rows + 1 : length)
      const id = this.#add(isInner ? { kind: 'inner' } : { kind: 'order', of: indices, rows, part: which }, bytes)
      this.#orders.set(key(which), id)
      return id
    }
    const [starts, entries] = [add('starts'), add('entries')]
    if (isInner) {
      if (!this.#backend.view) throw new InternalError(`${this.#backend.name}: the order of indices that are computed inside of a program`)
      this.#work.push({ kind: 'sort', step, rows, indices, starts, entries })
    }
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
