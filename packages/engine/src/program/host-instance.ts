import { InternalError } from '@equivar/core'
import { describe } from '../array/ndarray.ts'
import type { AbstractValue } from '../graph/value.ts'
import { Storage } from '../memory/storage.ts'
import { evaluators } from '../naive/table.ts'
import type { HostTensor } from '../naive/tensor.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { ProgramGraph, TensorId } from './graph.ts'
import type { Instance } from './instance.ts'
import { releaseGraph } from './trace.ts'

interface ErasedEvaluator {
  evaluate(inputs: readonly HostTensor[], params: AnyParams, outputs: readonly AbstractValue[]): readonly HostTensor['data'][]
}
const naive: { readonly [P in PrimitiveName]: ErasedEvaluator } = evaluators

/** One primitive in plain TypeScript. */
function evaluateOnHost(primitive: PrimitiveName, inputs: readonly HostTensor[], params: AnyParams, outputs: readonly AbstractValue[]): readonly HostTensor['data'][] {
  return naive[primitive].evaluate(inputs, params, outputs)
}

/** Runs the steps of a program one by one in plain TypeScript; what is between them is free as soon as no step needs it. */
export function hostInstance(graph: ProgramGraph): Instance {
  const { tensors, inputs: inputIds, constants, steps, outputs: outputIds, device } = graph
  const lastUse = new Map<TensorId, number>()
  for (const [k, step] of steps.entries()) for (const id of step.inputs) lastUse.set(id, k)
  for (const id of outputIds) lastUse.set(id, steps.length)

  const run = (inputs: readonly Storage[]): readonly Storage[] => {
    const elements = new Map<TensorId, HostTensor['data']>()
    const given = new Map<HostTensor['data'], Storage>()
    const bind = (id: TensorId, storage: Storage | undefined) => {
      const view = storage?.view()
      if (!storage || !view) throw new InternalError('an input of a program has no elements that the host sees')
      elements.set(id, view)
      given.set(view, storage)
    }
    for (const [i, id] of inputIds.entries()) bind(id, inputs[i])
    for (const [id, storage] of constants) bind(id, storage)
    const at = (id: TensorId): HostTensor => {
      const data = elements.get(id)
      const spec = tensors[id]
      if (!data || !spec) throw new InternalError(`tensor ${id} of a program is used before it is made`)
      return { data, shape: spec.shape, dtype: spec.dtype }
    }
    for (const [k, step] of steps.entries()) {
      if (step.kind !== 'primitive') throw new InternalError('fused steps have no evaluation in plain TypeScript')
      const specs = step.outputs.map((id) => tensors[id]).filter((spec) => spec !== undefined)
      const results = evaluateOnHost(step.primitive, step.inputs.map(at), step.params, specs)
      for (const [i, id] of step.outputs.entries()) {
        const data = results[i]
        if (data) elements.set(id, data)
      }
      for (const id of step.inputs) if (lastUse.get(id) === k) elements.delete(id)
    }
    const made = new Map<HostTensor['data'], Storage>()
    return outputIds.map((id) => {
      const { data } = at(id)
      const shared = given.get(data) ?? made.get(data)
      if (shared) return shared.retain()
      const storage = Storage.ofHost(data, device)
      made.set(data, storage)
      return storage
    })
  }
  return {
    graph,
    run,
    memory: { kernels: 0, launches: 0, arenaBytes: 0, peakBytes: 0, intermediateBytes: 0 },
    explain: () =>
      steps.map((step) => ({
        primitives: step.kind === 'primitive' ? [step.primitive] : [],
        kernels: [],
        flops: 0,
        bytes: 0,
        method: 'host',
        outputs: step.outputs.map((id) => describe(tensors[id] ?? { dtype: 'float32', shape: [] })),
      })),
    dispose: () => releaseGraph(graph),
  }
}
