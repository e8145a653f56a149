import { InternalError } from '@equivar/core'
import type { DType } from '../array/dtype.ts'
import type { Shape } from '../array/shape.ts'
import { elementwisePlanners } from '../kernels/elementwise/planners.ts'
import type { ElementwiseDag, ElementwiseName, ElementwiseNode } from '../kernels/index.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { FusedStep, PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'
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
  const units = new Units(graph, isElementwise, limits)
  for (const [k, step] of graph.steps.entries()) if (step.kind === 'primitive' && isElementwise(step)) units.join(k)
  mergeCheap(units)
  const writer = new FusionWriter(graph)
  return withoutDead({ ...graph, steps: units.inOrder().map((unit) => writer.stepOf(unit)) })
}

function isElementwise({ primitive }: PrimitiveStep): boolean {
  return primitive === 'broadcastTo' || isElementwiseName(primitive)
}

function isElementwiseName(primitive: PrimitiveName): primitive is ElementwiseName {
  return Object.hasOwn(elementwisePlanners, primitive)
}

class FusionWriter {
  readonly #graph: ProgramGraph
  readonly #users = new Map<TensorId, Set<Step>>()
  readonly #results: ReadonlySet<TensorId>

  constructor(graph: ProgramGraph) {
    this.#graph = graph
    this.#results = new Set(graph.outputs)
    for (const step of graph.steps)
      for (const id of step.inputs) {
        const users = this.#users.get(id)
        if (users) users.add(step)
        else this.#users.set(id, new Set([step]))
      }
  }

  stepOf({ steps }: Unit): Step {
    const [first] = steps
    if (!first) throw new InternalError('a group of steps is empty')
    if (!steps.every((step) => step.kind === 'primitive' && isElementwise(step))) return first
    const own = steps.filter((step) => step.kind === 'primitive')
    if (own.length === 1 && !first.inputs.some((id) => this.#isScalar(id))) return first
    return this.#fused(own)
  }

  #fused(steps: readonly PrimitiveStep[]): Step {
    const members = new Set<Step>(steps)
    const made = new Set(steps.flatMap(({ outputs }) => outputs))
    const given = [...new Set(steps.flatMap(({ inputs }) => inputs))].filter((id) => !made.has(id))
    const scalars = given.filter((id) => this.#isScalar(id))
    const inputs = given.filter((id) => !this.#isScalar(id))
    const values = new Map<TensorId, number>()
    for (const [k, id] of [...inputs, ...scalars].entries()) values.set(id, k)
    const nodes: ElementwiseNode[] = []
    const add = (node: ElementwiseNode): number => inputs.length + scalars.length + nodes.push(node) - 1
    for (const { primitive, params, inputs: args, outputs } of steps) {
      const own = args.map((id) => values.get(id) ?? -1)
      const [output = -1] = outputs
      // Everything is broadcast to the shape of the kernel anyway.
      values.set(output, isElementwiseName(primitive) ? add({ op: primitive, args: own, params } as ElementwiseNode) : (own[0] ?? -1))
    }
    const isGiven = (value: number) => value < inputs.length + scalars.length
    const outputs = [...made].filter((id) => this.#results.has(id) || [...(this.#users.get(id) ?? [])].some((user) => !members.has(user)))
    const written = outputs.map((id) => {
      const value = values.get(id) ?? -1
      return isGiven(value) ? add({ op: 'identity', args: [value], params: {} }) : value
    })
    const dag: ElementwiseDag = { inputs: inputs.map((id) => this.#dtype(id)), scalars: scalars.map((id) => this.#dtype(id)), nodes, outputs: written }
    const fused: FusedStep = { kind: 'fused', fusion: { dag }, inputs, scalars, outputs }
    return fused
  }

  /** Numbers are given at launch, so that one kernel serves all of them. */
  #isScalar(id: TensorId): boolean {
    const storage = this.#graph.constants.get(id)
    return storage?.length === 1 && Number.isFinite(storage.view()?.[0])
  }

  #dtype(id: TensorId): DType {
    return specOf(this.#graph, id).dtype
  }
}

export function specOf({ tensors }: ProgramGraph, id: TensorId): { readonly dtype: DType; readonly shape: Shape } {
  const spec = tensors[id]
  if (!spec) throw new InternalError(`a program has no tensor ${id}`)
  return spec
}
