import { InputError, ShapeError } from '@equivar/core'
import { abstractArray } from '../array/create.ts'
import { describe, NDArray } from '../array/ndarray.ts'
import { broadcastTo, moveAxis, reshape } from '../functions/structure.ts'
import { scope } from '../memory/scope.ts'
import { batchingRules } from '../primitives/batching/table.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { ListFunction } from './custom.ts'
import { nextId, type Node, type Value } from './value.ts'

interface ErasedRule {
  batch(context: {
    readonly inputs: readonly NDArray[]
    readonly isBatched: readonly boolean[]
    readonly size: number
    readonly params: AnyParams
    readonly vmap: (f: ListFunction) => ListFunction
  }): readonly NDArray[]
}
const rules: { readonly [P in PrimitiveName]: ErasedRule } = batchingRules

export interface VmapOptions {
  /** The axis of every input that is mapped over, or null where all entries share the input. Default: 0 for all. */
  readonly inAxes?: readonly (number | null)[]
  /** Where the mapped axis is in every output. Default: 0 for all. */
  readonly outAxes?: readonly number[]
}

/**
 * `y_k[b] = f(x[b]…)_k` for all b at once: f is run once with arrays of one entry, which have shapes and no elements, and every primitive
 * that it applied is replaced by one that does all entries. Derivatives may be taken inside and outside.
 *
 * @throws {ShapeError} if extents of mapped axes differ, or an input has no such axis. @throws {InputError} if no input is mapped, or f reads
 * elements.
 */
export function vmap(f: ListFunction, options: VmapOptions = {}): ListFunction {
  return (...inputs) => {
    const axes = inputs.map((x, i) => axisOf(x, i, options.inAxes))
    const size = commonSize(inputs, axes)
    return scope(() => {
      const mark = nextId()
      const mapped = new Map<Value, NDArray>()
      const entries = inputs.map((x, i) => {
        const axis = axes[i]
        if (axis === undefined || axis === null) return x
        const entry = abstractArray(x.shape.filter((_, own) => own !== axis), x.dtype, x.device)
        mapped.set(entry.value, moveAxis(x, axis, 0))
        return entry
      })
      const outputs = f(...entries)
      replay(outputs, mapped, mark, size)
      return outputs.map((output, k) => {
        const known = mapped.get(output.value)
        const result = known ?? broadcastTo(reshape(output, [1, ...output.shape]), [size, ...output.shape])
        return moveAxis(result, 0, options.outAxes?.[k] ?? 0)
      })
    })
  }
}

/** Applies what was recorded since `mark` to all entries at once. */
function replay(outputs: readonly NDArray[], mapped: Map<Value, NDArray>, mark: number, size: number): void {
  for (const node of nodesSince(outputs, mark)) {
    if (!node.inputs.some((input) => mapped.has(input))) continue
    const results = rules[node.primitive].batch({
      inputs: node.inputs.map((input) => mapped.get(input) ?? new NDArray(input)),
      isBatched: node.inputs.map((input) => mapped.has(input)),
      size,
      params: node.params,
      vmap,
    })
    for (const [k, output] of node.outputs.entries()) {
      const result = results[k]
      if (result) mapped.set(output, result)
    }
  }
}

function nodesSince(outputs: readonly NDArray[], mark: number): Node[] {
  const nodes = new Set<Node>()
  const pending = outputs.map((output) => output.value)
  for (let value = pending.pop(); value; value = pending.pop()) {
    const { node } = value
    if (!node || node.id <= mark || nodes.has(node)) continue
    nodes.add(node)
    pending.push(...node.inputs)
  }
  return [...nodes].sort((a, b) => a.id - b.id)
}

function axisOf(x: NDArray, i: number, inAxes: VmapOptions['inAxes']): number | null {
  const axis = inAxes ? inAxes[i] : 0
  if (axis === undefined) throw new InputError(`vmap: there is no axis for input ${i}; pass one for each, null where it is shared`)
  if (axis === null) return null
  const own = axis < 0 ? axis + x.ndim : axis
  if (!(Number.isInteger(own) && own >= 0 && own < x.ndim)) throw new ShapeError(`vmap: input ${i}, ${describe(x)}, has no axis ${axis} to map over; pass null to share it`)
  return own
}

function commonSize(inputs: readonly NDArray[], axes: readonly (number | null)[]): number {
  let found: { readonly size: number; readonly input: number } | undefined
  for (const [i, x] of inputs.entries()) {
    const axis = axes[i]
    if (axis === null || axis === undefined) continue
    const size = x.shape[axis] ?? 0
    if (found && found.size !== size)
      throw new ShapeError(`vmap: input ${found.input} has ${found.size} entries, input ${i}, ${describe(x)}, has ${size} along axis ${axis}; mapped axes must have one extent`)
    found ??= { size, input: i }
  }
  if (!found) throw new InputError('vmap: no input is mapped; give at least one of inAxes a number')
  return found.size
}
