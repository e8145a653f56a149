import type { Device } from '../array/device.ts'
import type { DType } from '../array/dtype.ts'
import type { Storage } from '../memory/storage.ts'
import type { ParamsOf, PrimitiveName } from '../primitives/names.ts'

/** Shape and dtype: all that shape rules look at. */
export interface AbstractValue {
  readonly dtype: DType
  readonly shape: readonly number[]
}

let lastId = 0

/** Values made later have larger ids, so an id order of nodes is a topological order of the graph. */
export function nextId(): number {
  return ++lastId
}

/**
 * What an array handle points to. Without storage it is *abstract*: known by shape and dtype only.
 * A value that came out of a recorded primitive remembers its node; a tracked one without a node is a leaf.
 *
 * Lifetime: handles and the nodes that consume a value hold it. All outputs of one node live and die together, because
 * its derivative rules may read any of them.
 */
export class Value implements AbstractValue {
  readonly id: number = nextId()
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly device: Device
  readonly storage: Storage | undefined
  readonly node: Node | undefined
  readonly tracked: boolean
  #holders = 0

  constructor(spec: AbstractValue & { readonly device: Device }, storage: Storage | undefined, node: Node | undefined, tracked: boolean) {
    this.dtype = spec.dtype
    this.shape = spec.shape
    this.device = spec.device
    this.storage = storage
    this.node = node
    this.tracked = tracked
  }

  get isAbstract(): boolean {
    return this.storage === undefined
  }

  retain(): void {
    if (this.node) this.node.holders++
    else this.#holders++
  }

  release(): void {
    // A worklist instead of recursion: chains of nodes can be longer than the call stack.
    const pending: Value[] = [this]
    for (let value = pending.pop(); value; value = pending.pop()) {
      const { node } = value
      if (!node) {
        if (--value.#holders === 0) value.storage?.release()
      } else if (--node.holders === 0) {
        for (const output of node.outputs) output.storage?.release()
        pending.push(...node.inputs)
      }
    }
  }
}

/** A primitive that was applied and remembered: `outputs = primitive(inputs; params)`. */
export class Node {
  readonly id: number = nextId()
  readonly primitive: PrimitiveName
  readonly params: ParamsOf<PrimitiveName>
  readonly inputs: readonly Value[]
  readonly outputs: readonly Value[]
  /** Handles of outputs, and nodes that consume an output. */
  holders = 0

  constructor(
    primitive: PrimitiveName,
    params: ParamsOf<PrimitiveName>,
    inputs: readonly Value[],
    makeOutputs: (node: Node) => readonly Value[],
  ) {
    this.primitive = primitive
    this.params = params
    this.inputs = inputs
    for (const input of inputs) input.retain()
    this.outputs = makeOutputs(this)
  }
}
