import { DeviceError } from '@equivar/core'
import { requireDevice, type Device } from '../array/device.ts'
import { isFloat } from '../array/dtype.ts'
import { describe, NDArray } from '../array/ndarray.ts'
import { execute } from '../compiled/execute.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import { shapeRules } from '../primitives/shapes/table.ts'
import { isRecording } from './mode.ts'
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
  const isAbstract = inputs.some((value) => value.isAbstract)
  const storages = isAbstract ? undefined : execute({ primitive, inputs, params, outputs, device })
  const isRecorded = isAbstract || (isRecording() && inputs.some((value) => value.tracked) && outputs.some((spec) => isFloat(spec.dtype)))
  const make = (node: Node | undefined) =>
    outputs.map(({ dtype, shape }, k) => new Value({ dtype, shape, device }, storages?.[k], node, isRecorded && isFloat(dtype)))
  const values = isRecorded ? new Node(primitive, params, inputs, make).outputs : make(undefined)
  return values.map((output) => new NDArray(output))
}

function commonDevice(primitive: PrimitiveName, [first, ...others]: readonly Value[], given: Device | undefined): Device {
  if (!first) return requireDevice(primitive, given)
  for (const [i, other] of others.entries())
    if (other.device !== first.device)
      throw new DeviceError(
        `${primitive}: input 0, ${describe(first)}, is on device '${first.device}', input ${i + 1}, ${describe(other)}, on '${other.device}'; move one of them with to()`,
      )
  return first.device
}
