import { InternalError } from '@equivar/core'
import type { Device } from '../array/device.ts'
import type { ParamsOf, PrimitiveName } from '../primitives/names.ts'
import { Node, Value, type AbstractValue } from './value.ts'

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

/** Shape, dtype and device. */
export type Placed = AbstractValue & { readonly device: Device }

/** The abstract result of a primitive with one output that is remembered and not executed. */
export function recordedOnly<P extends PrimitiveName>(primitive: P, inputs: readonly Value[], params: ParamsOf<P>, result: Placed, tracked: boolean): Value
export function recordedOnly(primitive: PrimitiveName, inputs: readonly Value[], params: ParamsOf<PrimitiveName>, result: Placed, tracked: boolean): Value {
  const [output] = new Node(primitive, params, inputs, (node) => [new Value(result, undefined, node, tracked)]).outputs
  return required(output)
}

function required(output: Value | undefined): Value {
  if (!output) throw new InternalError('a recorded primitive without a result')
  return output
}
