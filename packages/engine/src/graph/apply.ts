import { isFloat } from '../array/dtype.ts'
import { NDArray, valueData } from '../array/ndarray.ts'
import { Storage } from '../memory/storage.ts'
import { evaluators } from '../naive/table.ts'
import type { HostTensor } from '../naive/tensor.ts'
import type { ParamsOf, PerInput, PerOutput, PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import { shapeRules } from '../primitives/shapes/table.ts'
import { isRecording } from './mode.ts'
import { Node, Value, type AbstractValue } from './value.ts'

interface ErasedShapeRule {
  shape(inputs: readonly AbstractValue[], params: AnyParams): readonly AbstractValue[]
}
interface ErasedEvaluator {
  evaluate(inputs: readonly HostTensor[], params: AnyParams, outputs: readonly AbstractValue[]): readonly HostTensor['data'][]
}
const shapes: { readonly [P in PrimitiveName]: ErasedShapeRule } = shapeRules
const naive: { readonly [P in PrimitiveName]: ErasedEvaluator } = evaluators

/**
 * `outputs = primitive(inputs; params)`: the only way anything is computed.
 *
 * Inputs are checked, then the primitive is executed unless an input is abstract, and remembered if an input is abstract
 * or (while recording) tracked.
 *
 * @throws {EquivarError} of the matching kind if an input was disposed or has the wrong dtype, shape, device or indices.
 */
export function apply<P extends PrimitiveName>(primitive: P, inputs: PerInput<P, NDArray>, params: ParamsOf<P>): PerOutput<P, NDArray>
export function apply(primitive: PrimitiveName, inputs: readonly NDArray[], params: AnyParams): readonly NDArray[] {
  const values = inputs.map((input) => input.value)
  const specs = shapes[primitive].shape(values, params)
  const isAbstract = values.some((value) => value.isAbstract)
  const storages = isAbstract ? undefined : execute(primitive, values, params, specs)
  const isRecorded = isAbstract || (isRecording() && values.some((value) => value.tracked) && specs.some((spec) => isFloat(spec.dtype)))
  const make = (node: Node | undefined) =>
    specs.map((spec, k) => new Value(spec, storages?.[k], node, isRecorded && isFloat(spec.dtype)))
  const outputs = isRecorded ? new Node(primitive, params, values, make).outputs : make(undefined)
  return outputs.map((output) => new NDArray(output))
}

function execute(primitive: PrimitiveName, values: readonly Value[], params: AnyParams, specs: readonly AbstractValue[]): Storage[] {
  const tensors = values.map((value) => ({ data: valueData(value), shape: value.shape, dtype: value.dtype }))
  const results = naive[primitive].evaluate(tensors, params, specs)
  return results.map((data) => {
    // A result that is an input's own memory (a reshape) shares it instead of counting it twice.
    const source = values.find((value) => value.storage?.data === data)
    return source?.storage?.retain() ?? new Storage(data)
  })
}
