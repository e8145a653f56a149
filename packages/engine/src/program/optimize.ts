import { InternalError } from '@equivar/core'
import type { AbstractValue } from '../graph/value.ts'
import type { Storage } from '../memory/storage.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'
import { paramsKey } from './params-key.ts'
import { simplify } from './simplify.ts'
import { withFunctions } from './subgraphs.ts'

/** A graph while it is written: what a rule of {@link simplify} looks at and makes. */
export class GraphWriter {
  readonly tensors: AbstractValue[] = []
  readonly constants = new Map<TensorId, Storage>()
  readonly steps: Step[] = []
  /** The step that makes a tensor. */
  readonly #maker = new Map<TensorId, PrimitiveStep>()
  readonly #known = new Map<string, readonly TensorId[]>()

  spec(id: TensorId): AbstractValue {
    const spec = this.tensors[id]
    if (!spec) throw new InternalError(`a program has no tensor ${id}`)
    return spec
  }

  maker(id: TensorId): PrimitiveStep | undefined {
    return this.#maker.get(id)
  }

  add({ dtype, shape }: AbstractValue): TensorId {
    return this.tensors.push({ dtype, shape }) - 1
  }

  /** A constant; equal single numbers are one constant. */
  constant(spec: AbstractValue, storage: Storage): TensorId {
    const number = numberIn(storage)
    const key = number === undefined ? `constant ${paramsKey(storage)} ${spec.shape.join()}` : `number ${spec.dtype} ${spec.shape.join()} ${paramsKey(number)}`
    const [known] = this.#known.get(key) ?? []
    if (known !== undefined) return known
    const id = this.add(spec)
    this.constants.set(id, storage)
    this.#known.set(key, [id])
    return id
  }

  /** The number that all elements of a tensor are, if that is known. */
  splat(id: TensorId): TensorId | undefined {
    const storage = this.constants.get(id)
    if (storage) return numberIn(storage) === undefined ? undefined : id
    const maker = this.#maker.get(id)
    return maker?.primitive === 'broadcastTo' || maker?.primitive === 'reshape' ? this.splat(maker.inputs[0] ?? -1) : undefined
  }

  /** The same as a number. */
  number(id: TensorId): number | undefined {
    const at = this.splat(id)
    const storage = at === undefined ? undefined : this.constants.get(at)
    return storage && numberIn(storage)
  }

  /** Outputs of a primitive: those of an equal step that is there, or of a new one. */
  step(primitive: PrimitiveName, inputs: readonly TensorId[], params: AnyParams, outputs: readonly AbstractValue[]): readonly TensorId[] {
    const key = `${primitive} ${inputs.join()} ${paramsKey(params)}`
    const known = this.#known.get(key)
    if (known) return known
    const ids = outputs.map((spec) => this.add(spec))
    const step: PrimitiveStep = { kind: 'primitive', primitive, params, inputs, outputs: ids }
    this.steps.push(step)
    for (const id of ids) this.#maker.set(id, step)
    this.#known.set(key, ids)
    return ids
  }
}

function numberIn(storage: Storage): number | undefined {
  return storage.length === 1 ? storage.view()?.[0] : undefined
}

/**
 * The same program with fewer steps: equal steps are one, copies and pairs of steps that undo each other are gone, and so is what no
 * output needs. Values are kept but for the sign of a zero that a zero was added to.
 *
 * The constants of the result are among those of `graph`, which still owns them.
 */
export function optimize(graph: ProgramGraph): ProgramGraph {
  const writer = new GraphWriter()
  const found = new Map<TensorId, TensorId>()
  const at = (id: TensorId): TensorId => {
    const known = found.get(id)
    if (known === undefined) throw new InternalError(`tensor ${id} of a program is used before it is made`)
    return known
  }
  const specOf = (id: TensorId): AbstractValue => {
    const spec = graph.tensors[id]
    if (!spec) throw new InternalError(`a program has no tensor ${id}`)
    return spec
  }
  const inputs = graph.inputs.map((id) => {
    const own = writer.add(specOf(id))
    found.set(id, own)
    return own
  })
  for (const [id, storage] of graph.constants) found.set(id, writer.constant(specOf(id), storage))
  for (const step of graph.steps) {
    if (step.kind !== 'primitive') throw new InternalError('steps are optimised before they are fused')
    const own = step.inputs.map(at)
    const specs = step.outputs.map(specOf)
    const ids = simplify(writer, step.primitive, own, withFunctions(step.params, optimize, graph.device), specs)
    for (const [k, id] of step.outputs.entries()) found.set(id, ids[k] ?? -1)
  }
  const { tensors, constants, steps } = writer
  return withoutDead({ device: graph.device, tensors, inputs, constants, steps, outputs: graph.outputs.map(at) })
}

/** Leaves out steps and constants that no output needs, and numbers tensors anew. */
export function withoutDead(graph: ProgramGraph): ProgramGraph {
  const needed = new Set(graph.outputs)
  const steps: Step[] = []
  for (const whole of [...graph.steps].reverse()) {
    if (!whole.outputs.some((id) => needed.has(id))) continue
    const step = withoutKept(whole, needed)
    for (const id of readBy(step)) needed.add(id)
    steps.push(step)
  }
  steps.reverse()
  const tensors: AbstractValue[] = []
  const numbers = new Map<TensorId, TensorId>()
  const number = (id: TensorId): TensorId => {
    let own = numbers.get(id)
    if (own === undefined) {
      const spec = graph.tensors[id]
      if (!spec) throw new InternalError(`a program has no tensor ${id}`)
      numbers.set(id, (own = tensors.push(spec) - 1))
    }
    return own
  }
  const inputs = graph.inputs.map(number)
  const constants = new Map([...graph.constants].filter(([id]) => needed.has(id)).map(([id, storage]) => [number(id), storage]))
  const renumbered = steps.map((step): Step => {
    const own = { inputs: step.inputs.map(number), outputs: step.outputs.map(number) }
    return step.kind === 'fused' ? { ...step, ...own, scalars: step.scalars.map(number) } : { ...step, ...own }
  })
  return { ...graph, tensors, inputs, constants, steps: renumbered, outputs: graph.outputs.map(number) }
}

/** A scan keeps its carries for derivatives; where none were taken it does not need to. */
function withoutKept(step: Step, needed: ReadonlySet<TensorId>): Step {
  if (step.kind !== 'primitive' || !('keepsCarries' in step.params)) return step
  const outputs = step.outputs.slice(0, step.params.body.outputs.length)
  return step.outputs.slice(outputs.length).some((id) => needed.has(id)) ? step : { ...step, params: { ...step.params, keepsCarries: false }, outputs }
}

function readBy(step: Step): readonly TensorId[] {
  return step.kind === 'fused' ? [...step.inputs, ...step.scalars] : step.inputs
}
