import { elementCount, sameShape, type Shape } from '../array/shape.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'

/** Steps that run together, in order. */
export interface Unit {
  readonly steps: readonly Step[]
  /** Axes that all of them run over; `undefined` for a single step that cannot be joined. */
  readonly shape: Shape | undefined
  /** Axes of steps that run over fewer elements. */
  readonly fewer: ReadonlyMap<Step, Shape>
}

interface OpenUnit {
  steps: number[]
  /** Of what it writes; `undefined` where steps cannot be joined. */
  shape: Shape | undefined
  /** Whether it reads nothing but single numbers and arrays of its size, so that its axes do not matter. */
  isFlat: boolean
  /** Axes of steps that run over fewer elements than the unit. */
  readonly fewer: Map<number, Shape>
}

export interface FusionLimits {
  readonly nodes: number
  /** Arrays read and written. */
  readonly buffers: number
}

/** The steps of a program in units, which never depend on each other in a circle. */
export class Units {
  readonly #graph: ProgramGraph
  readonly #limits: FusionLimits
  /** The unit of every step. */
  readonly #units: OpenUnit[]
  /** The step that makes a tensor. */
  readonly #makers = new Map<TensorId, number>()
  readonly #users = new Map<TensorId, number[]>()
  /** Steps that make the inputs of every step. */
  readonly #before: readonly (readonly number[])[]
  readonly #results: ReadonlySet<TensorId>

  constructor(graph: ProgramGraph, canJoin: (step: PrimitiveStep) => boolean, limits: FusionLimits) {
    this.#graph = graph
    this.#limits = limits
    this.#results = new Set(graph.outputs)
    this.#units = graph.steps.map((step, k) => {
      const shape = step.kind === 'primitive' && canJoin(step) ? graph.tensors[step.outputs[0] ?? -1]?.shape : undefined
      const sizes = step.inputs.map((id) => elementCount(graph.tensors[id]?.shape ?? []))
      return { steps: [k], shape, isFlat: shape !== undefined && sizes.every((size) => size === 1 || size === elementCount(shape)), fewer: new Map() }
    })
    for (const [k, { inputs, outputs }] of graph.steps.entries()) {
      for (const id of outputs) this.#makers.set(id, k)
      for (const id of inputs) this.#users.set(id, [...(this.#users.get(id) ?? []), k])
    }
    this.#before = graph.steps.map(({ inputs }) => inputs.flatMap((id) => this.#makers.get(id) ?? []))
  }

  /** Joins a step with the units that make its inputs, where they have its shape and nothing else comes between. */
  join(step: number): void {
    for (const maker of [...this.#makersOf(step)].reverse()) {
      const [own, other] = [this.#unit(step), this.#unit(maker)]
      if (own !== other && this.#canMerge(own, other)) this.#merge(own, other)
    }
  }

  /** Units that can be joined, and what makes their inputs; for {@link mergeCheap}. */
  *producers(): Generator<readonly [unit: OpenUnit, producer: OpenUnit]> {
    for (const unit of new Set(this.#units)) {
      if (!unit.shape) continue
      for (const step of [...unit.steps])
        for (const maker of this.#makersOf(step)) {
          const producer = this.#unit(maker)
          if (producer !== unit && producer.shape) yield [unit, producer]
        }
    }
  }

  /** Whether nothing but one unit uses what another makes. */
  isUsedOnlyBy(producer: OpenUnit, unit: OpenUnit): boolean {
    const own = new Set([unit, producer])
    const isInner = (id: TensorId) => !this.#results.has(id) && (this.#users.get(id) ?? []).every((user) => own.has(this.#unit(user)))
    return producer.steps.every((k) => (this.#graph.steps[k]?.outputs ?? []).every(isInner))
  }

  primitives({ steps }: OpenUnit): readonly PrimitiveName[] {
    return steps.flatMap((k) => {
      const step = this.#graph.steps[k]
      return step?.kind === 'primitive' ? [step.primitive] : []
    })
  }

  /**
   * Makes one unit of two, if a kernel can have so much. The shape is that of the first, to which what it reads of the second is broadcast:
   * with the axes over which the second runs, unless these do not matter.
   */
  tryMerge(unit: OpenUnit, producer: OpenUnit): void {
    if (!this.#fits(unit, producer)) return
    const made = new Set(producer.steps.flatMap((k) => this.#graph.steps[k]?.outputs ?? []))
    const read = unit.steps.flatMap((k) => this.#graph.steps[k]?.inputs ?? []).filter((id) => made.has(id))
    const shapes = read.map((id) => this.#graph.tensors[id]?.shape ?? [])
    const axes = producer.isFlat ? shapes[0] : producer.shape
    if (!axes || !shapes.every((shape) => sameShape(withoutLeadingOnes(shape), withoutLeadingOnes(axes)))) return
    producer.shape = axes
    this.#merge(unit, producer)
  }

  /**
   * Moves steps to the only unit that uses what comes of them, where less is written and read then: what a derivative needs of a
   * function is often made of what is in memory anyway.
   */
  moveToUsers(): void {
    for (const unit of new Set(this.#units)) {
      if (!unit.shape) continue
      for (const user of this.#usersOf(unit)) if (user.shape && sameShape(user.shape, unit.shape)) this.#moveTo(user, unit)
    }
  }

  /** Joins units that read the same array, so that it is read once, and with fewer launches. */
  joinReaders(): void {
    for (const users of this.#users.values()) {
      const [first, ...others] = users
      if (first === undefined) continue
      for (const other of others) {
        const [a, b] = [this.#unit(first), this.#unit(other)]
        if (a !== b && this.#canMerge(a, b)) this.#merge(a, b)
      }
    }
  }

  #usersOf({ steps }: OpenUnit): ReadonlySet<OpenUnit> {
    const outputs = steps.flatMap((k) => this.#graph.steps[k]?.outputs ?? [])
    return new Set(outputs.flatMap((id) => (this.#users.get(id) ?? []).map((user) => this.#unit(user))))
  }

  #moveTo(user: OpenUnit, unit: OpenUnit): void {
    if (user === unit) return
    const moved = new Set<number>()
    for (const k of [...unit.steps].sort((a, b) => b - a)) {
      const outputs = this.#graph.steps[k]?.outputs ?? []
      const isMovable = (other: number) => moved.has(other) || this.#unit(other) === user
      if (outputs.every((id) => !this.#results.has(id) && (this.#users.get(id) ?? []).every(isMovable))) moved.add(k)
    }
    if (moved.size === 0 || moved.size === unit.steps.length) return
    const rest = { ...unit, steps: unit.steps.filter((k) => !moved.has(k)) }
    const grown = { ...user, steps: [...user.steps, ...moved] }
    if (grown.steps.length > this.#limits.nodes) return
    const before = this.#traffic(unit.steps) + this.#traffic(user.steps)
    const after = this.#traffic(rest.steps) + this.#traffic(grown.steps)
    if (after >= before || this.#buffersOf(grown.steps) > this.#limits.buffers) return
    unit.steps = rest.steps
    user.steps = grown.steps
    user.isFlat &&= unit.isFlat
    for (const k of moved) this.#units[k] = user
  }

  /** Elements that a kernel of these steps reads and writes. */
  #traffic(steps: readonly number[]): number {
    const { read, written } = this.#boundary(steps)
    return [...read, ...written].reduce((sum, id) => sum + elementCount(this.#graph.tensors[id]?.shape ?? []), 0)
  }

  #buffersOf(steps: readonly number[]): number {
    const { read, written } = this.#boundary(steps)
    return read.size + written.size
  }

  #boundary(steps: readonly number[]): { readonly read: ReadonlySet<TensorId>; readonly written: ReadonlySet<TensorId> } {
    const own = new Set(steps)
    const read = new Set<TensorId>()
    const written = new Set<TensorId>()
    for (const k of steps) {
      const step = this.#graph.steps[k]
      for (const id of step?.inputs ?? []) if (!own.has(this.#makers.get(id) ?? -1)) read.add(id)
      for (const id of step?.outputs ?? []) if (this.#results.has(id) || (this.#users.get(id) ?? []).some((user) => !own.has(user))) written.add(id)
    }
    return { read, written }
  }

  /** Units in an order in which they can run: as early as the first of their steps allows. */
  inOrder(): Unit[] {
    const done = new Set<OpenUnit>()
    const order: Unit[] = []
    const visit = (unit: OpenUnit) => {
      // A worklist instead of recursion: programs can be longer than the call stack.
      const pending: { unit: OpenUnit; makers: OpenUnit[] }[] = [{ unit, makers: this.#dependencies(unit) }]
      for (let top = pending.at(-1); top; top = pending.at(-1)) {
        const next = top.makers.pop()
        if (next) {
          if (!done.has(next)) pending.push({ unit: next, makers: this.#dependencies(next) })
          continue
        }
        pending.pop()
        if (done.has(top.unit)) continue
        done.add(top.unit)
        const steps = [...top.unit.steps].sort((a, b) => a - b)
        order.push({
          steps: steps.flatMap((k) => this.#graph.steps[k] ?? []),
          shape: top.unit.shape,
          fewer: new Map([...top.unit.fewer].flatMap(([k, shape]) => (this.#graph.steps[k] ? [[this.#graph.steps[k], shape] as const] : []))),
        })
      }
    }
    for (const unit of this.#units) if (!done.has(unit)) visit(unit)
    return order
  }

  #canMerge(a: OpenUnit, b: OpenUnit): boolean {
    if (!a.shape || !b.shape || !this.#fits(a, b)) return false
    const isSameSpace = sameShape(a.shape, b.shape) || ((a.isFlat || b.isFlat) && elementCount(a.shape) === elementCount(b.shape))
    if (!isSameSpace) return false
    return !this.#isBetween(a, b) && !this.#isBetween(b, a)
  }

  #fits(a: OpenUnit, b: OpenUnit): boolean {
    const steps = [...a.steps, ...b.steps]
    return steps.length <= this.#limits.nodes && this.#buffersOf(steps) <= this.#limits.buffers
  }

  /** Whether `a` depends on `b` through a unit that is neither. */
  #isBetween(a: OpenUnit, b: OpenUnit): boolean {
    const seen = new Set<OpenUnit>([a])
    const pending = this.#dependencies(a).filter((unit) => unit !== b)
    // Steps before the first of b cannot depend on it.
    const first = Math.min(...b.steps)
    for (let unit = pending.pop(); unit; unit = pending.pop()) {
      if (unit === b) return true
      if (seen.has(unit)) continue
      seen.add(unit)
      if (Math.max(...unit.steps) < first) continue
      pending.push(...this.#dependencies(unit))
    }
    return false
  }

  #dependencies(unit: OpenUnit): OpenUnit[] {
    const found = new Set<OpenUnit>()
    for (const step of unit.steps) for (const maker of this.#makersOf(step)) found.add(this.#unit(maker))
    found.delete(unit)
    return [...found]
  }

  #makersOf(step: number): readonly number[] {
    return this.#before[step] ?? []
  }

  #unit(step: number): OpenUnit {
    const unit = this.#units[step]
    if (!unit) throw new RangeError(`no step ${step}`)
    return unit
  }

  #merge(unit: OpenUnit, other: OpenUnit): void {
    for (const [k, shape] of other.fewer) unit.fewer.set(k, shape)
    if (other.shape && elementCount(other.shape) !== elementCount(unit.shape ?? [])) {
      for (const k of other.steps) if (!other.fewer.has(k)) unit.fewer.set(k, other.shape)
    } else {
      // The axes are those of the side on which they matter.
      if (unit.isFlat && !other.isFlat) unit.shape = other.shape
      unit.isFlat &&= other.isFlat
    }
    unit.steps = [...unit.steps, ...other.steps]
    for (const step of other.steps) this.#units[step] = unit
  }

  /** Elements that a unit writes. */
  elements({ shape }: OpenUnit): number {
    return elementCount(shape ?? [])
  }
}

/** The axes that decide how an array is broadcast. */
function withoutLeadingOnes(shape: Shape): Shape {
  const first = shape.findIndex((extent) => extent !== 1)
  return first < 0 ? [] : shape.slice(first)
}

/** Primitives that cost less than to write and read their result. */
const cheap: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  'neg',
  'abs',
  'square',
  'logicalNot',
  'add',
  'sub',
  'mul',
  'maximum',
  'minimum',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'equal',
  'notEqual',
  'logicalAnd',
  'logicalOr',
  'where',
  'cast',
  'broadcastTo',
  'reshape',
])
/** So many cheap primitives are computed again for every element that they are broadcast to. */
const mostRepeated = 4

/** Joins units of fewer elements with the only unit that uses them, where computing them again costs less than memory. */
export function mergeCheap(units: Units): void {
  for (let isChanged = true; isChanged; ) {
    isChanged = false
    for (const [unit, producer] of units.producers()) {
      const primitives = units.primitives(producer)
      if (primitives.length > mostRepeated || !primitives.every((name) => cheap.has(name)) || !units.isUsedOnlyBy(producer, unit)) continue
      if (units.elements(producer) === units.elements(unit)) continue
      const before = unit.steps.length
      units.tryMerge(unit, producer)
      if (unit.steps.length === before) continue
      isChanged = true
      break
    }
  }
}
