import { InputError, InternalError, type BackendDevice } from '@equivar/core'
import { describe } from '../array/ndarray.ts'
import { ControlFlow, isControlFlow, isControlFlowParams } from '../compiled/control-flow.ts'
import { execute } from '../compiled/execute.ts'
import type { Storage } from '../memory/storage.ts'
import type { Subgraph } from '../primitives/subgraph.ts'
import { DeviceInstance } from './device-instance.ts'
import type { PlanOptions } from './device-plan.ts'
import type { StepExplanation } from './explain.ts'
import { fuse } from './fuse.ts'
import type { PrimitiveStep, ProgramGraph, Step, TensorId } from './graph.ts'
import { hostInstance } from './host-instance.ts'
import type { Instance, InstanceMemory } from './instance.ts'
import { withoutDead } from './optimize.ts'
import { SharedArena } from './shared-arena.ts'
import { functionsOf, programOf } from './subgraphs.ts'
import { releaseGraph } from './trace.ts'

/** How programs run. */
export interface RunOptions extends PlanOptions {
  /** Plain TypeScript where there is none. */
  readonly backend: BackendDevice | undefined
  readonly fuses: boolean
}

/** A program made ready for its shapes; takes over the graph. @throws {DeviceError} if there is no room. */
export function instanceOf(graph: ProgramGraph, options: RunOptions, arena: SharedArena | undefined): Instance {
  if (graph.steps.some((step) => step.kind === 'primitive' && step.primitive === 'neighborGraph') && (graph.steps.some(isFlow) || !options.backend))
    throw new InputError('compile: neighborGraph needs kernels, and a program without loops and branches; search before the loop, or use findNeighbors')
  if (graph.steps.some(isFlow)) return new ControlFlowInstance(graph, options, arena)
  return options.backend && arena ? new DeviceInstance(graph, options.backend, arena, options) : hostInstance(graph)
}

/** Steps without loops and branches, or one that is a loop or a branch. */
type Part =
  | { readonly kind: 'steps'; readonly instance: Instance; readonly inputs: readonly TensorId[]; readonly outputs: readonly TensorId[] }
  | { readonly kind: 'flow'; readonly step: PrimitiveStep }

/** A function that a loop or a branch holds, replayed as a program. */
interface Body {
  readonly instance: Instance
  /** If it is the function's own. */
  readonly arena: SharedArena | undefined
}

/** Runs a program with loops and branches: what is between them, and the functions that they hold, are programs of their own. */
class ControlFlowInstance implements Instance {
  readonly graph: ProgramGraph
  readonly #options: RunOptions
  readonly #parts: Part[] = []
  readonly #bodies = new Map<Subgraph, Body>()
  readonly #lastUse = new Map<TensorId, number>()
  readonly #flow: ControlFlow

  constructor(graph: ProgramGraph, options: RunOptions, arena: SharedArena | undefined) {
    this.graph = graph
    this.#options = options
    this.#flow = new ControlFlow(graph.device, execute, (body, inputs) => this.#bodies.get(body)?.instance.run(inputs) ?? missing())
    try {
      let steps: Step[] = []
      const close = () => {
        if (steps.length > 0) this.#parts.push(this.#partOf(steps, arena))
        steps = []
      }
      for (const step of graph.steps) {
        if (!isFlow(step)) {
          steps.push(step)
          continue
        }
        close()
        this.#parts.push({ kind: 'flow', step })
        if (!isControlFlowParams(step.params)) continue
        for (const body of functionsOf(step.params)) if (!this.#bodies.has(body)) this.#bodies.set(body, this.#bodyOf(body, step.primitive === 'scan' ? arena : undefined))
      }
      close()
    } catch (error) {
      this.#disposeParts()
      throw error
    }
    for (const [k, part] of this.#parts.entries()) for (const id of inputsOf(part)) this.#lastUse.set(id, k)
    for (const id of graph.outputs) this.#lastUse.set(id, this.#parts.length)
  }

  get memory(): InstanceMemory {
    const parts = [...this.#parts.flatMap((part) => (part.kind === 'steps' ? [part.instance] : [])), ...[...this.#bodies.values()].map(({ instance }) => instance)]
    const sum = (of: (memory: InstanceMemory) => number) => parts.reduce((total, { memory }) => total + of(memory), 0)
    return {
      kernels: sum(({ kernels }) => kernels),
      launches: sum(({ launches }) => launches),
      arenaBytes: sum(({ arenaBytes }) => arenaBytes),
      peakBytes: sum(({ peakBytes }) => peakBytes),
      intermediateBytes: sum(({ intermediateBytes }) => intermediateBytes),
    }
  }

  explain(): readonly StepExplanation[] {
    return this.#parts.flatMap((part) => (part.kind === 'steps' ? part.instance.explain() : [this.#explainFlow(part.step)]))
  }

  run(inputs: readonly Storage[]): readonly Storage[] {
    const found = new Map<TensorId, Storage>()
    const at = (id: TensorId): Storage => found.get(id) ?? missing()
    try {
      for (const [i, id] of this.graph.inputs.entries()) found.set(id, (inputs[i] ?? missing()).retain())
      for (const [id, storage] of this.graph.constants) found.set(id, storage.retain())
      for (const [k, part] of this.#parts.entries()) {
        const results = part.kind === 'steps' ? part.instance.run(part.inputs.map(at)) : this.#runFlow(part.step, part.step.inputs.map(at))
        const outputs = part.kind === 'steps' ? part.outputs : part.step.outputs
        for (const [i, id] of outputs.entries()) found.set(id, results[i] ?? missing())
        for (const id of [...inputsOf(part), ...outputs])
          if ((this.#lastUse.get(id) ?? -1) <= k) {
            found.get(id)?.release()
            found.delete(id)
          }
      }
      return this.graph.outputs.map((id) => at(id).retain())
    } finally {
      for (const storage of found.values()) storage.release()
    }
  }

  dispose(): void {
    this.#disposeParts()
    releaseGraph(this.graph)
  }

  #disposeParts(): void {
    for (const part of this.#parts) if (part.kind === 'steps') part.instance.dispose()
    for (const { instance, arena } of this.#bodies.values()) {
      instance.dispose()
      arena?.dispose()
    }
    this.#parts.length = 0
    this.#bodies.clear()
  }

  #runFlow({ params, outputs }: PrimitiveStep, inputs: readonly Storage[]): readonly Storage[] {
    const { tensors } = this.graph
    return isControlFlowParams(params) ? this.#flow.evaluate(params, inputs, outputs.map((id) => tensors[id] ?? missing())) : missing()
  }

  /** Steps as a program from what they need to what others need of them. */
  #partOf(steps: readonly Step[], arena: SharedArena | undefined): Part {
    const { graph } = this
    const made = new Set(steps.flatMap(({ outputs }) => outputs))
    const isOwn = new Set(steps)
    const needed = new Set([...graph.outputs, ...graph.steps.flatMap((step) => (isOwn.has(step) ? [] : step.inputs))])
    const inputs = [...new Set(steps.flatMap((step) => step.inputs))].filter((id) => !made.has(id) && !graph.constants.has(id))
    const outputs = [...made].filter((id) => needed.has(id))
    const own = withoutDead({ ...graph, inputs, steps, outputs })
    for (const storage of own.constants.values()) storage.retain()
    return { kind: 'steps', instance: ready(own, this.#options, arena), inputs, outputs }
  }

  /** Steps of a scan follow each other in memory that other parts of the program use, too; what runs in turns with another function does not. */
  #bodyOf(body: Subgraph, shared: SharedArena | undefined): Body {
    const { backend, fuses } = this.#options
    const own = shared ? undefined : backend && new SharedArena(backend)
    const graph = programOf(body, this.graph.device)
    return { instance: ready(backend && fuses ? fuse(graph, backend.capabilities.maxBuffers) : graph, this.#options, shared ?? own), arena: own }
  }

  #explainFlow({ primitive, params, outputs }: PrimitiveStep): StepExplanation {
    const times = 'length' in params ? params.length : 1
    const inner = isControlFlowParams(params) ? functionsOf(params).flatMap((body) => this.#bodies.get(body)?.instance.explain() ?? []) : []
    const sum = (of: (step: StepExplanation) => number) => times * inner.reduce((total, step) => total + of(step), 0)
    return {
      primitives: [primitive, ...inner.flatMap(({ primitives }) => primitives)],
      kernels: inner.flatMap(({ kernels }) => kernels),
      flops: sum(({ flops }) => flops),
      bytes: sum(({ bytes }) => bytes),
      method: 'control flow',
      outputs: outputs.map((id) => describe(this.graph.tensors[id] ?? missing())),
    }
  }
}

/** An instance; if it cannot be made, the graph's constants are given back. */
function ready(graph: ProgramGraph, options: RunOptions, arena: SharedArena | undefined): Instance {
  try {
    return instanceOf(graph, options, arena)
  } catch (error) {
    releaseGraph(graph)
    throw error
  }
}

function isFlow(step: Step): step is PrimitiveStep {
  return step.kind === 'primitive' && isControlFlow(step.primitive)
}

function inputsOf(part: Part): readonly TensorId[] {
  return part.kind === 'steps' ? part.inputs : part.step.inputs
}

function missing(): never {
  throw new InternalError('a program with loops uses what it has not made')
}
