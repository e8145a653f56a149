import { InternalError } from '@equivar/core'
import { encode } from '../array/dtype.ts'
import type { Device } from '../array/device.ts'
import { isControlFlowParams, type ControlFlowParams } from '../compiled/control-flow.ts'
import { Storage } from '../memory/storage.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { Subgraph } from '../primitives/subgraph.ts'
import type { ProgramGraph } from './graph.ts'
import { releaseGraph } from './trace.ts'

/** A function that a loop or a branch holds, as a program of its own. */
export function programOf({ tensors, numInputs, numbers, steps, outputs }: Subgraph, device: Device): ProgramGraph {
  const constants = new Map(numbers.map(({ id, value }) => [id, Storage.ofHost(encode([value], tensors[id]?.dtype ?? 'float32'), device)]))
  return { device, tensors, inputs: Array.from({ length: numInputs }, (_, i) => i), constants, steps, outputs }
}

/** The functions that a primitive holds. */
export function functionsOf(params: ControlFlowParams): readonly Subgraph[] {
  if ('ifTrue' in params) return [params.ifTrue, params.ifFalse]
  return 'condition' in params ? [params.condition, params.body] : [params.body]
}

/** Parameters with every function in them rewritten. */
export function withFunctions(params: AnyParams, rewrite: (graph: ProgramGraph) => ProgramGraph, device: Device): AnyParams {
  if (!isControlFlowParams(params)) return params
  const own = (body: Subgraph): Subgraph => {
    const graph = programOf(body, device)
    try {
      return subgraphOf(rewrite(graph))
    } finally {
      releaseGraph(graph)
    }
  }
  if ('ifTrue' in params) return { ifTrue: own(params.ifTrue), ifFalse: own(params.ifFalse) }
  return 'condition' in params ? { ...params, condition: own(params.condition), body: own(params.body) } : { ...params, body: own(params.body) }
}

function subgraphOf({ tensors, inputs, constants, steps, outputs }: ProgramGraph): Subgraph {
  const numbers = [...constants].map(([id, storage]) => ({ id, value: storage.view()?.[0] ?? Number.NaN }))
  const own = steps.map((step) => {
    if (step.kind !== 'primitive') throw new InternalError('functions in a program are optimised before they are fused')
    return step
  })
  return { tensors, numInputs: inputs.length, numbers, steps: own, outputs }
}
