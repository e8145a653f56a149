import { InternalError } from '@equivar/core'
import type { Device } from '../array/device.ts'
import { allocate, encode } from '../array/dtype.ts'
import { elementCount } from '../array/shape.ts'
import { Value, type AbstractValue } from '../graph/value.ts'
import { Storage } from '../memory/storage.ts'
import type { CondParams, ControlFlowName, PrimitiveName, ScanParams, WhileParams } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { Subgraph } from '../primitives/subgraph.ts'

/** Runs one primitive on elements: what runs loops and branches is made of it. */
export type Execute = (application: {
  readonly primitive: PrimitiveName
  readonly inputs: readonly Value[]
  readonly params: AnyParams
  readonly outputs: readonly AbstractValue[]
  readonly device: Device
}) => Storage[]

/** Runs a function that was traced: storages of its results, one holder each. */
export type RunBody = (body: Subgraph, inputs: readonly Storage[]) => readonly Storage[]

/** A primitive that holds functions. */
export type ControlFlowParams = ScanParams | WhileParams | CondParams

export function isControlFlow(primitive: string): primitive is ControlFlowName {
  return primitive === 'scan' || primitive === 'whileLoop' || primitive === 'cond'
}

export function isControlFlowParams(params: AnyParams): params is ControlFlowParams {
  return 'body' in params || 'ifTrue' in params
}

/** Loops and branches on elements, their functions run by `run`; results have one holder each. */
export class ControlFlow {
  readonly #device: Device
  readonly #execute: Execute
  readonly #run: RunBody

  constructor(device: Device, execute: Execute, run: RunBody) {
    this.#device = device
    this.#execute = execute
    this.#run = run
  }

  /** What the primitive gives. @throws {InternalError} where it depends on elements that the host does not see. */
  evaluate(params: ControlFlowParams, inputs: readonly Storage[], specs: readonly AbstractValue[]): Storage[] {
    if ('ifTrue' in params) {
      const [condition, ...operands] = inputs
      return [...this.#run(isTrue(condition) ? params.ifTrue : params.ifFalse, operands)]
    }
    return 'condition' in params ? this.#while(params, inputs) : this.#scan(params, inputs, specs)
  }

  #while({ condition, body, numConstants }: WhileParams, inputs: readonly Storage[]): Storage[] {
    const constants = inputs.slice(0, numConstants)
    let carries = inputs.slice(numConstants).map((storage) => storage.retain())
    try {
      for (;;) {
        const [goesOn] = this.#run(condition, [...constants, ...carries])
        const runs = isTrue(goesOn)
        goesOn?.release()
        if (!runs) return carries
        const next = this.#run(body, [...constants, ...carries])
        releaseAll(carries)
        carries = [...next]
      }
    } catch (error) {
      releaseAll(carries)
      throw error
    }
  }

  #scan(params: ScanParams, inputs: readonly Storage[], specs: readonly AbstractValue[]): Storage[] {
    const { body, numConstants, numCarries, length, isReversed, keepsCarries } = params
    const constants = inputs.slice(0, numConstants)
    const rows = inputs.slice(numConstants + numCarries)
    const results: Storage[][] = specs.slice(numCarries).map(() => [])
    let carries = inputs.slice(numConstants, numConstants + numCarries).map((storage) => storage.retain())
    try {
      for (let step = 0; step < length; step++) {
        const at = isReversed ? length - 1 - step : step
        const own = rows.map((storage, i) => this.#row(storage, body.tensors[numConstants + numCarries + i], length, at))
        const made = tryRun(() => this.#run(body, [...constants, ...carries, ...own]), own)
        const next = made.slice(0, numCarries)
        const kept = keepsCarries ? carries : []
        for (const [k, storage] of [...made.slice(numCarries), ...kept].entries()) results[k]?.push(storage)
        if (!keepsCarries) releaseAll(carries)
        carries = next
      }
      if (isReversed) for (const list of results) list.reverse()
      const stacked = results.map((list, k) => this.#stack(list, specs[numCarries + k]))
      const last = carries
      carries = []
      return [...last, ...stacked]
    } finally {
      releaseAll(carries)
      for (const list of results) releaseAll(list)
    }
  }

  #row(storage: Storage, row: AbstractValue | undefined, length: number, at: number): Storage {
    if (!row) throw new InternalError('a scan has more rows than its body takes')
    const { dtype, shape } = row
    const none = shape.map(() => 0)
    const params = { starts: [at, ...none], limits: [at + 1, ...shape] }
    return this.#one('slice', [{ storage, dtype, shape: [length, ...shape] }], params, { dtype, shape: [1, ...shape] })
  }

  #stack(parts: readonly Storage[], spec: AbstractValue | undefined): Storage {
    if (!spec) throw new InternalError('a scan gives more than it says')
    const { dtype, shape } = spec
    const [, ...row] = shape
    if (parts.length === 0) return Storage.ofHost(allocate(dtype, elementCount(shape)), this.#device)
    return this.#one('concatenate', parts.map((storage) => ({ storage, dtype, shape: [1, ...row] })), { axis: 0 }, spec)
  }

  #one(primitive: PrimitiveName, inputs: readonly (AbstractValue & { readonly storage: Storage })[], params: AnyParams, output: AbstractValue): Storage {
    const values = inputs.map(({ storage, ...spec }) => valueOf(spec, storage, this.#device))
    const [storage] = this.#execute({ primitive, inputs: values, params, outputs: [output], device: this.#device })
    if (!storage) throw new InternalError(`${primitive} gave nothing`)
    return storage
  }
}

/** Runs the steps of a function one by one. */
export function runSteps({ tensors, numInputs, numbers, steps, outputs }: Subgraph, inputs: readonly Storage[], device: Device, execute: Execute): Storage[] {
  const found = new Map<number, Storage>()
  try {
    for (const [i, storage] of inputs.slice(0, numInputs).entries()) found.set(i, storage.retain())
    for (const { id, value } of numbers) found.set(id, Storage.ofHost(encode([value], at(tensors, id).dtype), device))
    for (const { primitive, params, inputs: own, outputs: made } of steps) {
      const values = own.map((id) => valueOf(at(tensors, id), storageAt(found, id), device))
      const results = execute({ primitive, params, device, inputs: values, outputs: made.map((id) => at(tensors, id)) })
      for (const [k, storage] of results.entries()) found.set(made[k] ?? -1, storage)
    }
    return outputs.map((id) => storageAt(found, id).retain())
  } finally {
    releaseAll([...found.values()])
  }
}

/** A value that holds nothing: the storage is held by whoever runs the primitive. */
function valueOf({ dtype, shape }: AbstractValue, storage: Storage, device: Device): Value {
  return new Value({ dtype, shape, device }, storage, undefined, false)
}

function isTrue(storage: Storage | undefined): boolean {
  const seen = storage?.view()
  if (!seen) throw new InternalError('a branch or a loop depends on an element that the host does not see')
  return seen[0] === 1
}

/** The rows that were cut out for a step go when it has run. */
function tryRun(run: () => readonly Storage[], own: readonly Storage[]): readonly Storage[] {
  try {
    return run()
  } finally {
    releaseAll(own)
  }
}

function releaseAll(storages: readonly Storage[]): void {
  for (const storage of storages) storage.release()
}

function at(tensors: readonly AbstractValue[], id: number): AbstractValue {
  const spec = tensors[id]
  if (!spec) throw new InternalError(`a traced function has no array ${id}`)
  return spec
}

function storageAt(found: ReadonlyMap<number, Storage>, id: number): Storage {
  const storage = found.get(id)
  if (!storage) throw new InternalError(`a traced function uses array ${id} before it is made`)
  return storage
}
