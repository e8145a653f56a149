import type { ParamsOf, PrimitiveName } from '../primitives/names.ts'
import { Node, Value } from './value.ts'

let tracing = false

/** Whether a function is being traced: arrays of which only shape and dtype are known are then made without elements. */
export function isTracing(): boolean {
  return tracing
}

/** Runs `f` as the body of a function that is traced. */
export function whileTracing<R>(f: () => R): R {
  const before = tracing
  tracing = true
  try {
    return f()
  } finally {
    tracing = before
  }
}

/** The abstract result, in the shape and dtype of `like`, of a primitive that is remembered and not executed. */
export function recordedOnly<P extends PrimitiveName>(primitive: P, inputs: readonly Value[], params: ParamsOf<P>, like: Value, tracked: boolean): Value
export function recordedOnly(primitive: PrimitiveName, inputs: readonly Value[], params: ParamsOf<PrimitiveName>, like: Value, tracked: boolean): Value {
  const output = new Node(primitive, params, inputs, (node) => [new Value(like, undefined, node, tracked)]).outputs[0]
  return output ?? like
}
