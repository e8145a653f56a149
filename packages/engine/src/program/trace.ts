import { InputError, InternalError } from '@equivar/core'
import { abstractArray } from '../array/create.ts'
import type { Device } from '../array/device.ts'
import { describe, type NDArray } from '../array/ndarray.ts'
import { withMethod, withPrecision, type MethodChoice, type Precision } from '../compiled/modes.ts'
import { withRecording } from '../graph/mode.ts'
import { trackedFromOutside } from '../graph/outside.ts'
import { whileTracing } from '../graph/tracing.ts'
import { nextId, type AbstractValue, type Node, type Value } from '../graph/value.ts'
import { scope } from '../memory/scope.ts'
import type { Storage } from '../memory/storage.ts'
import type { ProgramGraph, Step, TensorId } from './graph.ts'
import { rebuild, structureOf, type Structure } from './tree.ts'

export interface Trace {
  readonly graph: ProgramGraph
  /** Of what the function returned. */
  readonly structure: Structure
}

export interface TraceRequest {
  readonly f: (...inputs: readonly unknown[]) => unknown
  /** Of the list of inputs. */
  readonly structure: Structure
  readonly inputs: readonly AbstractValue[]
  readonly device: Device
  readonly method: MethodChoice
  readonly precision: Precision
  /** Whether derivatives with respect to arrays outside of the function would get lost. */
  readonly isOuterRecording: boolean
}

/**
 * Runs a function once with arrays that have shapes and no elements, and gives what it would compute. What it does with arrays that it
 * closes over is computed at once; their memory is held until {@link releaseGraph}.
 *
 * @throws {InputError} if the function returns a promise or anything but arrays, or reads elements.
 */
export function trace(request: TraceRequest): Trace {
  const { f, structure, inputs, device, method, precision, isOuterRecording } = request
  const mark = nextId()
  // Handed out beside the scope, which would look through all of it for arrays.
  const found: Trace[] = []
  scope(() => {
    const leaves = inputs.map(({ shape, dtype }) => abstractArray(shape, dtype, device))
    const parts = rebuild(structure, leaves)
    if (!isList(parts)) throw new InternalError('the inputs of a program are no list')
    const run = () => withRecording(true, () => whileTracing(() => synchronous(f(...parts))))
    const result = withMethod(method, () => withPrecision(precision, run))
    const results: NDArray[] = []
    const resultStructure = structureOf('compile: the result of the function', result, results)
    const outputs = results.map((array) => array.value)
    for (const value of outputs)
      if (value.device !== device)
        throw new InputError(`compile: the function returns an array on device '${value.device}', but the program runs on '${device}'; move it with to() outside of the program`)
    if (isOuterRecording) refuseOuterTracked(outputs, mark)
    found.push({ graph: graphOf(device, leaves.map((leaf) => leaf.value), outputs), structure: resultStructure })
  })
  const [result] = found
  if (!result) throw new InternalError('a trace without a result')
  return result
}

/** Gives back the memory of constants. */
export function releaseGraph({ constants }: ProgramGraph): void {
  for (const storage of constants.values()) storage.release()
}

function graphOf(device: Device, inputs: readonly Value[], outputs: readonly Value[]): ProgramGraph {
  const tensors: AbstractValue[] = []
  const ids = new Map<Value, TensorId>()
  const constants = new Map<TensorId, Storage>()
  const register = (value: Value): TensorId => {
    const id = tensors.push({ shape: value.shape, dtype: value.dtype }) - 1
    ids.set(value, id)
    return id
  }
  const inputIds = inputs.map(register)
  const nodes = nodesOf(outputs, ids)
  const idOf = (value: Value): TensorId => {
    const known = ids.get(value)
    if (known !== undefined) return known
    if (!value.storage) throw new InternalError(`a traced function uses ${describe(value)}, which nothing made`)
    const id = register(value)
    constants.set(id, value.storage)
    return id
  }
  const steps = nodes.map((node): Step => {
    const own = node.inputs.map(idOf)
    return { kind: 'primitive', primitive: node.primitive, params: node.params, inputs: own, outputs: node.outputs.map(register) }
  })
  const outputIds = outputs.map(idOf)
  for (const storage of constants.values()) storage.retain()
  return { device, tensors, inputs: inputIds, constants, steps, outputs: outputIds }
}

/** Nodes that abstract values came from, oldest first. */
function nodesOf(outputs: readonly Value[], inputs: ReadonlyMap<Value, TensorId>): Node[] {
  const nodes = new Set<Node>()
  const pending = [...outputs]
  for (let value = pending.pop(); value; value = pending.pop()) {
    const { node } = value
    if (value.storage || inputs.has(value) || (node && nodes.has(node))) continue
    if (!node)
      throw new InputError(`compile: the function uses ${describe(value)}, an abstract array from elsewhere; pass it as an input`)
    nodes.add(node)
    pending.push(...node.inputs)
  }
  return [...nodes].sort((a, b) => a.id - b.id)
}

/** What a program gives is not connected to anything outside, so it must not look as if it were. */
function refuseOuterTracked(outputs: readonly Value[], mark: number): void {
  const value = trackedFromOutside(outputs, mark)
  if (value)
    throw new InputError(
      `compile: a result depends on the tracked array ${describe(value)} from outside of the function, and derivatives do not flow out of a program; take them inside, pass it as an input, or use stopGradient`,
    )
}

function synchronous(result: unknown): unknown {
  if (result instanceof Promise) throw new InputError('compile: the function returned a promise; await inputs before the call, and results behind it')
  return result
}

function isList(x: unknown): x is readonly unknown[] {
  return Array.isArray(x)
}
