import { InternalError } from '@equivar/core'
import type { DType } from '../array/dtype.ts'
import { elementCount, sameShape, type Shape } from '../array/shape.ts'
import type { AbstractValue } from '../graph/value.ts'
import { elementwisePlanners } from '../kernels/elementwise/planners.ts'
import type { ElementwiseDag, ElementwiseName, ElementwiseNode } from '../kernels/index.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { FusedStep, PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'
import { isLossyCast } from './casts.ts'
import { paramsKey } from './params-key.ts'
import { withoutDead } from './optimize.ts'
import { mergeCheap, Units, type Unit } from './fusion-units.ts'

/** Larger graphs of one kernel have more values than registers, and take long to compile. */
const mostNodes = 40
/** Arrays that one kernel reads and writes at most. */
const mostBuffers = 20

/**
 * The same program with element-wise primitives joined: what one of them makes and only others of the group use never reaches memory.
 *
 * @param maxBuffers that one launch can have.
 */
export function fuse(graph: ProgramGraph, maxBuffers: number): ProgramGraph {
  const limits = { nodes: mostNodes, buffers: Math.min(maxBuffers, mostBuffers) }
  const units = new Units(graph, (step) => isElementwise(graph, step), limits)
  for (const [k, step] of graph.steps.entries()) if (step.kind === 'primitive' && isElementwise(graph, step)) units.join(k)
  units.moveToUsers()
  units.joinReaders()
  mergeCheap(units)
  const writer = new FusionWriter(graph)
  const steps = units.inOrder().flatMap((unit) => writer.stepsOf(unit))
  return withoutDead({ ...graph, tensors: writer.tensors, steps })
}

function isElementwise({ tensors }: ProgramGraph, { primitive, params, inputs: [input = -1] }: PrimitiveStep): boolean {
  // What a look at the elements must come before has to be in memory.
  const spec = tensors[input]
  if (spec && 'dtype' in params && isLossyCast(primitive, spec, params.dtype)) return false
  return isMove(primitive) || isElementwiseName(primitive)
}

/** Primitives that give elements of their input another place, which a kernel that reads them where they are does not need. */
function isMove(primitive: PrimitiveName): boolean {
  return primitive === 'broadcastTo' || primitive === 'reshape'
}

function isElementwiseName(primitive: PrimitiveName): primitive is ElementwiseName {
  return Object.hasOwn(elementwisePlanners, primitive)
}

class FusionWriter {
  readonly #graph: ProgramGraph
  /** Those of the graph, and views of them. */
  readonly tensors: AbstractValue[]
  readonly #users = new Map<TensorId, Set<Step>>()
  readonly #results: ReadonlySet<TensorId>

  constructor(graph: ProgramGraph) {
    this.#graph = graph
    this.tensors = [...graph.tensors]
    this.#results = new Set(graph.outputs)
    for (const step of graph.steps)
      for (const id of step.inputs) {
        const users = this.#users.get(id)
        if (users) users.add(step)
        else this.#users.set(id, new Set([step]))
      }
  }

  stepsOf({ steps, shape, fewer }: Unit): readonly Step[] {
    const own = steps.flatMap((step) => (step.kind === 'primitive' && isElementwise(this.#graph, step) ? [step] : []))
    if (!shape || own.length < steps.length || own.every(({ primitive }) => primitive === 'reshape')) return steps
    if (own.length === 1 && !own.some(({ inputs }) => inputs.some((id) => this.#isScalar(id)))) return steps
    return this.#fused(own, shape, fewer)
  }

  /** One kernel, and in front of and behind it what only gives its arrays the axes of the kernel, or their own. */
  #fused(steps: readonly PrimitiveStep[], shape: Shape, fewer: ReadonlyMap<Step, Shape>): readonly Step[] {
    const members = new Set<Step>(steps)
    const made = new Set(steps.flatMap(({ outputs }) => outputs))
    const sources = new Map<TensorId, TensorId>()
    const source = (id: TensorId): TensorId => sources.get(id) ?? id
    for (const { primitive, inputs: [input = -1], outputs: [output = -1] } of steps) if (primitive === 'reshape') sources.set(output, source(input))
    const computing = steps.filter(({ primitive }) => primitive !== 'reshape')
    const needed = [...made].filter((id) => this.#results.has(id) || [...(this.#users.get(id) ?? [])].some((user) => !members.has(user)))
    const outputs = [...new Set(needed.map(source))].filter((id) => made.has(id))
    const views: PrimitiveStep[] = []

    const scalars: TensorId[] = []
    const inputs: TensorId[] = []
    const given = new Map<string, TensorId>()
    /** What a step reads from outside, with the axes that the step runs over. */
    const view = (id: TensorId, axes: Shape): TensorId => {
      const own = specOf(this.#graph, id)
      const count = elementCount(own.shape)
      const wanted = count === elementCount(axes) ? axes : count === 1 ? [] : own.shape
      const key = `${id} ${wanted.join()}`
      let found = given.get(key)
      if (found === undefined) {
        found = sameShape(wanted, own.shape) || this.#isScalar(id) ? id : this.#reshaped(views, id, own.dtype, wanted)
        given.set(key, found)
        const list = this.#isScalar(id) ? scalars : inputs
        if (!list.includes(found)) list.push(found)
      }
      return found
    }
    const args = computing.map((step) =>
      step.inputs.map((id) => {
        const at = source(id)
        return made.has(at) ? at : view(at, fewer.get(step) ?? shape)
      }),
    )
    const numGiven = inputs.length + scalars.length
    const values = new Map([...inputs, ...scalars].map((id, k) => [id, k]))
    const nodes: ElementwiseNode[] = []
    const known = new Map<string, number>()
    // Primitives that differ by axes only are one here.
    const add = (node: ElementwiseNode): number => {
      const key = `${node.op} ${node.args.join()} ${paramsKey(node.params)}`
      const value = known.get(key) ?? numGiven + nodes.push(node) - 1
      known.set(key, value)
      return value
    }
    for (const [k, { primitive, params, outputs: [output = -1] }] of computing.entries()) {
      const own = (args[k] ?? []).map((id) => values.get(id) ?? -1)
      // Everything is broadcast to the axes of the kernel anyway.
      values.set(output, isElementwiseName(primitive) ? add({ op: primitive, args: own, params } as ElementwiseNode) : (own[0] ?? -1))
    }
    const behind: PrimitiveStep[] = []
    const written = new Map<number, TensorId>()
    for (const id of outputs) {
      const own = values.get(id) ?? -1
      const value = own < numGiven ? add({ op: 'identity', args: [own], params: {} }) : own
      const { dtype, shape: axes } = specOf(this.#graph, id)
      const first = written.get(value)
      if (first === undefined && sameShape(axes, shape)) {
        written.set(value, id)
        continue
      }
      const wide = first ?? this.tensors.push({ dtype, shape }) - 1
      written.set(value, wide)
      behind.push({ kind: 'primitive', primitive: 'reshape', params: { shape: axes }, inputs: [wide], outputs: [id] })
    }
    for (const step of steps)
      if (step.primitive === 'reshape' && needed.includes(step.outputs[0] ?? -1)) behind.push({ ...step, inputs: step.inputs.map(source) })
    if (outputs.length === 0) return behind
    const dtypes = (ids: readonly TensorId[]) => ids.map((id) => specOf(this, id).dtype)
    const dag: ElementwiseDag = { inputs: dtypes(inputs), scalars: dtypes(scalars), nodes, outputs: [...written.keys()] }
    const fused: FusedStep = { kind: 'fused', fusion: { dag }, inputs, scalars, outputs: [...written.values()] }
    return [...views, fused, ...behind]
  }

  #reshaped(views: PrimitiveStep[], id: TensorId, dtype: DType, shape: Shape): TensorId {
    const output = this.tensors.push({ dtype, shape }) - 1
    views.push({ kind: 'primitive', primitive: 'reshape', params: { shape }, inputs: [id], outputs: [output] })
    return output
  }

  /** Numbers are given at launch, so that one kernel serves all of them. */
  #isScalar(id: TensorId): boolean {
    const storage = this.#graph.constants.get(id)
    return storage?.length === 1 && Number.isFinite(storage.view()?.[0])
  }
}

function specOf({ tensors }: { readonly tensors: ProgramGraph['tensors'] }, id: TensorId): AbstractValue {
  const spec = tensors[id]
  if (!spec) throw new InternalError(`a program has no tensor ${id}`)
  return spec
}
