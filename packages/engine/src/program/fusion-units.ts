import { elementCount, sameShape, type Shape } from '../array/shape.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'

/** Steps that run together, in order. */
export interface Unit {
  readonly steps: readonly Step[]
}

interface OpenUnit {
  steps: number[]
  /** Of what it writes; `undefined` where steps cannot be joined. */
  readonly shape: Shape | undefined
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
  readonly #results: ReadonlySet<TensorId>

  constructor(graph: ProgramGraph, canJoin: (step: PrimitiveStep) => boolean, limits: FusionLimits) {
    this.#graph = graph
    this.#limits = limits
    this.#results = new Set(graph.outputs)
    this.#units = graph.steps.map((step, k) => ({
      steps: [k],
      shape: step.kind === 'primitive' && canJoin(step) ? graph.tensors[step.outputs[0] ?? -1]?.shape : undefined,
    }))
    for (const [k, { inputs, outputs }] of graph.steps.entries()) {
      for (const id of outputs) this.#makers.set(id, k)
      for (const id of inputs) this.#users.set(id, [...(this.#users.get(id) ?? []), k])
    }
  }

  /** Joins a step with the units that make its inputs, where they have its shape and nothing else comes between. */
  join(step: number): void {
    for (const maker of this.#makersOf(step).reverse()) {
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
    return producer.steps.every((k) =>
      (this.#graph.steps[k]?.outputs ?? []).every((id) => !this.#results.has(id) && (this.#users.get(id) ?? []).every((user) => this.#unit(user) === unit || this.#unit(user) === producer)),
    )
  }

  primitives({ steps }: OpenUnit): readonly PrimitiveName[] {
    return steps.flatMap((k) => {
      const step = this.#graph.steps[k]
      return step?.kind === 'primitive' ? [step.primitive] : []
    })
  }

  /** Makes one unit of two, if a kernel can have so much. The shape is that of the first. */
  tryMerge(unit: OpenUnit, producer: OpenUnit): void {
    if (this.#fits(unit, producer)) this.#merge(unit, producer)
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
        order.push({ steps: steps.flatMap((k) => this.#graph.steps[k] ?? []) })
      }
    }
    for (const unit of this.#units) if (!done.has(unit)) visit(unit)
    return order
  }

  #canMerge(a: OpenUnit, b: OpenUnit): boolean {
    if (!a.shape || !b.shape || !sameShape(a.shape, b.shape) || !this.#fits(a, b)) return false
    return !this.#isBetween(a, b) && !this.#isBetween(b, a)
  }

  #fits(a: OpenUnit, b: OpenUnit): boolean {
    const steps = [...a.steps, ...b.steps]
    if (steps.length > this.#limits.nodes) return false
    const own = new Set(steps)
    const read = new Set<TensorId>()
    const written = new Set<TensorId>()
    for (const k of steps) {
      const step = this.#graph.steps[k]
      for (const id of step?.inputs ?? []) if (!own.has(this.#makers.get(id) ?? -1)) read.add(id)
      for (const id of step?.outputs ?? []) if (this.#results.has(id) || (this.#users.get(id) ?? []).some((user) => !own.has(user))) written.add(id)
    }
    return read.size + written.size <= this.#limits.buffers
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

  #makersOf(step: number): number[] {
    return (this.#graph.steps[step]?.inputs ?? []).flatMap((id) => this.#makers.get(id) ?? [])
  }

  #unit(step: number): OpenUnit {
    const unit = this.#units[step]
    if (!unit) throw new RangeError(`no step ${step}`)
    return unit
  }

  #merge(unit: OpenUnit, other: OpenUnit): void {
    unit.steps = [...unit.steps, ...other.steps]
    for (const step of other.steps) this.#units[step] = unit
  }

  /** Elements that a unit writes. */
  elements({ shape }: OpenUnit): number {
    return elementCount(shape ?? [])
  }
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
