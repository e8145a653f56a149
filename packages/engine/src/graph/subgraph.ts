import { InputError, InternalError } from '@equivar/core'
import { fromHost } from '../array/create.ts'
import type { Device } from '../array/device.ts'
import { encode, isFloat } from '../array/dtype.ts'
import { NDArray } from '../array/ndarray.ts'
import { scope } from '../memory/scope.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { PrimitiveStep, Subgraph, TensorId } from '../primitives/subgraph.ts'
import { apply } from './apply.ts'
import { whileTracing } from './tracing.ts'
import { nextId, Value, type AbstractValue, type Node } from './value.ts'

type Lists = (...inputs: NDArray[]) => readonly NDArray[]

/** Functions as data. */
export interface TracedFunctions {
  /** Their inputs: what any of the functions closes over, then those that the functions are called with. */
  readonly subgraphs: readonly Subgraph[]
  readonly closed: readonly NDArray[]
}

/**
 * Runs functions once with arrays that have shapes and no elements. What they use besides these is closed over, single numbers apart.
 *
 * @param isTracked whether derivatives of the results will be asked for, so that derivatives inside have to stay connected.
 */
export function traceFunctions(functions: readonly Lists[], inputs: readonly AbstractValue[], device: Device, isTracked: boolean): TracedFunctions {
  const subgraphs: Subgraph[] = []
  const closed = scope(() => {
    const traced = functions.map((f) => recordCall(f, inputs, device, isTracked))
    const outside = new Set<Value>()
    for (const { used } of traced) for (const value of used) if (numberOf(value) === undefined) outside.add(value)
    for (const call of traced) subgraphs.push(subgraphOf(call, [...outside]))
    return [...outside].map((value) => new NDArray(value))
  })
  return { subgraphs, closed }
}

interface RecordedCall {
  readonly leaves: readonly Value[]
  readonly nodes: readonly Node[]
  readonly outputs: readonly Value[]
  /** From outside of the function. */
  readonly used: ReadonlySet<Value>
}

function recordCall(f: Lists, inputs: readonly AbstractValue[], device: Device, isTracked: boolean): RecordedCall {
  const mark = nextId()
  const leaves = inputs.map(({ dtype, shape }) => new Value({ dtype, shape, device }, undefined, undefined, isTracked && isFloat(dtype)))
  const results: unknown = whileTracing(() => f(...leaves.map((leaf) => new NDArray(leaf))))
  if (!isArrays(results)) throw new InputError('a function that is traced for a loop or a branch must give a list of arrays')
  const outputs = results.map(({ value }) => value)
  const own = new Set<Value>(leaves)
  const nodes = new Set<Node>()
  const used = new Set<Value>()
  const pending = [...outputs]
  for (let value = pending.pop(); value; value = pending.pop()) {
    const { node } = value
    if (own.has(value)) continue
    if (value.storage || !node || node.id <= mark) used.add(value)
    else {
      nodes.add(node)
      for (const output of node.outputs) own.add(output)
      pending.push(...node.inputs)
    }
  }
  return { leaves, nodes: [...nodes].sort((a, b) => a.id - b.id), outputs, used }
}

function subgraphOf({ leaves, nodes, outputs, used }: RecordedCall, closed: readonly Value[]): Subgraph {
  const tensors: AbstractValue[] = []
  const ids = new Map<Value, TensorId>()
  const register = (value: Value): TensorId => {
    const id = tensors.push({ dtype: value.dtype, shape: value.shape }) - 1
    ids.set(value, id)
    return id
  }
  for (const value of [...closed, ...leaves]) register(value)
  const numInputs = tensors.length
  const numbers = [...used].flatMap((value) => {
    const number = numberOf(value)
    return number === undefined ? [] : [{ id: register(value), value: number }]
  })
  const idOf = (value: Value): TensorId => ids.get(value) ?? missing()
  const steps = nodes.map(
    ({ primitive, params, inputs, outputs: made }): PrimitiveStep => ({ kind: 'primitive', primitive, params, inputs: inputs.map(idOf), outputs: made.map(register) }),
  )
  return { tensors, numInputs, numbers, steps, outputs: outputs.map(idOf) }
}

/** The only element of a constant: part of the function, and nothing that derivatives are taken with respect to. */
function numberOf({ storage, tracked }: Value): number | undefined {
  return storage?.length === 1 && !tracked ? storage.view()?.[0] : undefined
}

const applyAny = apply as (primitive: PrimitiveName, inputs: readonly NDArray[], params: AnyParams, device?: Device) => readonly NDArray[]

/** Applies what a function was recorded to do. */
export function callSubgraph({ tensors, numbers, steps, outputs }: Subgraph, inputs: readonly NDArray[], device: Device): NDArray[] {
  const found = new Map<TensorId, NDArray>(inputs.entries())
  for (const { id, value } of numbers) {
    const { dtype, shape } = tensors[id] ?? missing()
    found.set(id, fromHost(encode([value], dtype), shape, dtype, device))
  }
  const at = (id: TensorId): NDArray => found.get(id) ?? missing()
  for (const { primitive, params, inputs: own, outputs: made } of steps) {
    const results = applyAny(primitive, own.map(at), params, device)
    for (const [k, id] of made.entries()) found.set(id, results[k] ?? missing())
  }
  return outputs.map(at)
}

function missing(): never {
  throw new InternalError('a function that was traced uses an array that nothing made')
}

function isArrays(x: unknown): x is readonly NDArray[] {
  return Array.isArray(x) && x.every((item) => item instanceof NDArray)
}
