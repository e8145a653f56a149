import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type { EmitOptions } from './emit.ts'
import { type Form, IndexForms } from './forms.ts'
import type { MemoryNumber, Value } from './graph.ts'
import { GraphBuilder } from './graph-builder.ts'
import { argumentLayout, sharedOffsets } from './layout.ts'
import { at, bytesOf, Lanes, many, one, type Operand, type Width } from './spread.ts'

/** A byte address and what is added to it in the instruction. */
export interface Address {
  readonly base: Value
  readonly offset: number
  /** Whether the base is certainly an address, also where nothing is accessed. */
  readonly isSure: boolean
}

/** Memory of a kernel as code sees it. */
export interface Place {
  readonly number: MemoryNumber
  readonly address: Value
  readonly scalar: kernels.StorageType
  readonly isShared: boolean
}

/** Offsets in instructions up to this are sure to be reached from a true address. */
const largestOffset = 2 ** 30

/** What all parts of the emitter know of the kernel and of the place where they write. */
export class EmitterState {
  readonly kernel: kernels.Kernel
  readonly options: EmitOptions
  readonly graph = new GraphBuilder()
  readonly lanes: Lanes
  readonly forms: IndexForms
  readonly values = new Map<kernels.ValueId, Operand>()
  /** Numbers of active lanes that are known to be all of them, and masks known to be true, where code is written now. */
  readonly known = new Set<kernels.ValueId>()
  readonly #arguments: Value
  readonly #shared: readonly number[]
  readonly #layout: ReturnType<typeof argumentLayout>

  constructor(kernel: kernels.Kernel, options: EmitOptions) {
    this.kernel = kernel
    this.options = options
    this.lanes = new Lanes(this.graph, kernel.lanes)
    this.forms = new IndexForms(kernel)
    this.#arguments = this.graph.parameter(0, 'i32')
    this.#layout = argumentLayout(kernel)
    this.#shared = sharedOffsets(kernel)
  }

  use(id: kernels.ValueId): Operand {
    const value = this.values.get(id)
    if (!value) throw new InternalError(`kernel '${this.kernel.name}': value %${id} has no code`)
    return value
  }

  type(id: kernels.ValueId): kernels.KernelType {
    return at(this.kernel.types, id)
  }

  /** Something of the argument block, read once. */
  argument(offset: number, scalar: kernels.KernelParameter['scalar'] = 'u32'): Value {
    const name = scalar === 'f32' || scalar === 'f64' ? (`${scalar}_load` as const) : 'i32_load'
    return this.graph.op(name, [this.#arguments], { offset })
  }

  gridExtent(axis: number): Value {
    return this.argument(at(this.#layout.gridOffsets, axis))
  }

  parameter(slot: number): Value {
    return this.argument(at(this.#layout.parameterOffsets, slot), at(this.kernel.parameters, slot).scalar)
  }

  place({ space, slot }: kernels.MemoryRef): Place {
    if (space === 'buffer')
      return { number: slot, address: this.argument(at(this.#layout.bufferOffsets, slot)), scalar: at(this.kernel.buffers, slot).scalar, isShared: false }
    const address = this.graph.op('i32_add', [this.argument(this.#layout.sharedOffset), this.graph.i32(at(this.#shared, slot))])
    return { number: this.kernel.buffers.length + slot, address, scalar: at(this.kernel.shared, slot).scalar, isShared: true }
  }

  /**
   * Where the element of lane 0 is. The constant part of the index goes into the instruction if the rest cannot be negative;
   * what changes in outer loops only is added first.
   */
  address(place: Place, form: Form, { isFolded = true } = {}): Address {
    const bytes = bytesOf(place.scalar)
    const offset = form.constant * bytes
    const canFold = isFolded && offset >= 0 && offset < largestOffset && this.forms.isNonNegative(form)
    const base = this.sum(place.address, form, bytes)
    return canFold ? { base, offset, isSure: true } : { base: this.graph.op('i32_add', [base, this.graph.i32(offset)]), offset: 0, isSure: false }
  }

  /** `start + scale · (form − its constant)`, without the lanes' part. */
  sum(start: Value, form: Form, scale: number): Value {
    const terms = [...form.terms].map(([id, factor]) => ({ value: this.lanes.number(this.use(id)), factor: factor * scale }))
    terms.sort((a, b) => a.value.region.depth - b.value.region.depth || a.value.stamp - b.value.stamp)
    return terms.reduce((total, { value, factor }) => this.graph.op('i32_add', [total, this.graph.op('i32_mul', [value, this.graph.i32(factor)])]), start)
  }

  /** The number that a form is. */
  number(form: Form): Value {
    return this.graph.op('i32_add', [this.sum(this.graph.i32(0), form, 1), this.graph.i32(form.constant)])
  }

  /** Lane numbers. */
  laneNumbers(): Operand {
    const { lanes, graph } = this
    if (lanes.isSingle) return one('index', graph.i32(0))
    const parts = Array.from({ length: lanes.partsOf(4) }, (_, part) => this.#laneNumbersOf(part))
    return many('index', parts)
  }

  /** Which lanes are below a number. */
  lanesBelow(active: Value, width: Width): readonly Value[] {
    const { lanes } = this
    const masks = lanes.map('i32x4_lt_s', [lanes.parts(this.laneNumbers()), lanes.parts(one('index', active))])
    return lanes.parts(many('bool', masks, 4), width)
  }

  #laneNumbersOf(part: number): Value {
    const { graph } = this
    const first = graph.op('i32x4_splat', [graph.i32(4 * part)])
    const within = [1, 2, 3].reduce((vector, lane) => graph.op('i32x4_replace_lane', [vector, graph.i32(lane)], { lane }), graph.op('i32x4_splat', [graph.i32(0)]))
    return part === 0 ? within : graph.op('i32x4_add', [within, first])
  }
}
