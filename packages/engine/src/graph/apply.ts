import type { Device } from '../array/device.ts'
import { isFloat } from '../array/dtype.ts'
import { NDArray } from '../array/ndarray.ts'
import { commonDevice } from '../compiled/common-device.ts'
import { execute } from '../compiled/execute.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import { shapeRules } from '../primitives/shapes/table.ts'
import { isRecording } from './mode.ts'
import { isTracing } from './tracing.ts'
import { Node, Value, type AbstractValue } from './value.ts'

interface ErasedShapeRule {
  shape(inputs: readonly AbstractValue[], params: AnyParams): readonly AbstractValue[]
}
const shapes: { readonly [P in PrimitiveName]: ErasedShapeRule } = shapeRules

/**
 * `outputs = primitive(inputs; params)`: the only way anything is computed.
 *
 * Inputs are checked, then the primitive is executed on their device unless an input is abstract, and remembered if an input is
 * abstract or (while recording) tracked. A primitive without inputs runs on `device`, the default device unless given.
 *
 * @throws {EquivarError} of the matching kind if an input was disposed or has the wrong dtype, shape, device or indices.
 */
export function apply<P extends PrimitiveName>(primitive: P, inputs: PerInput<P, NDArray>, params: ParamsOf<P>, device?: Device): PerOutput<P, NDArray>
export function apply(primitive: PrimitiveName, arrays: readonly NDArray[], params: AnyParams, given?: Device): readonly NDArray[] {
  const inputs = arrays.map((input) => input.value)
  const device = commonDevice(primitive, inputs, given)
  const outputs = shapes[primitive].shape(inputs, params)
  const isAbstract = inputs.some((value) => value.isAbstract) || isSizedWhileTracing(primitive)
  const storages = isAbstract ? undefined : execute({ primitive, inputs, params, outputs, device })
  const isTracked = isRecording() && inputs.some((value) => value.tracked) && outputs.some((spec) => isFloat(spec.dtype))
  const isRecorded = isAbstract || isTracked
  const make = (node: Node | undefined) =>
    outputs.map(({ dtype, shape }, k) => new Value({ dtype, shape, device }, storages?.[k], node, isTracked && isFloat(dtype)))
  const values = isRecorded ? new Node(primitive, params, inputs, make).outputs : make(undefined)
  return values.map((output) => new NDArray(output))
}

/** What has its size from parameters alone: a traced program may be run with other sizes, so it is not executed while tracing. */
function isSizedWhileTracing(primitive: PrimitiveName): boolean {
  return isTracing() && (primitive === 'iota' || primitive === 'broadcastTo' || primitive === 'random')
}
