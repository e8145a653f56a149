import { sameShape } from '../array/shape.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'
import type { TensorId } from './graph.ts'
import type { GraphWriter } from './optimize.ts'
import { broadcastsWithout } from './shapes.ts'

/** A simpler way to the outputs of a primitive, if there is one. */
type Rule = (writer: GraphWriter, inputs: readonly TensorId[], params: AnyParams, output: AbstractValue) => TensorId | undefined

/** Outputs of a primitive on tensors of a graph that is being written, by fewer steps where that is possible. */
export function simplify(
  writer: GraphWriter,
  primitive: PrimitiveName,
  inputs: readonly TensorId[],
  params: AnyParams,
  outputs: readonly AbstractValue[],
): readonly TensorId[] {
  const [output] = outputs
  if (!output) return []
  // Derivatives have been taken when a program is made; what is left of a rule is the value.
  if (primitive === 'custom') return inputs.slice(0, outputs.length)
  const simpler = rules[primitive]?.(writer, inputs, params, output)
  if (simpler !== undefined) return [simpler]
  return writer.step(primitive, broadcasting.has(primitive) ? withoutBroadcasts(writer, inputs, output) : inputs, params, outputs)
}

/** Primitives that broadcast their inputs themselves. */
const broadcasting: ReadonlySet<PrimitiveName> = new Set<PrimitiveName>([
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'pow',
  'less',
  'lessEqual',
  'greater',
  'greaterEqual',
  'equal',
  'notEqual',
  'logicalAnd',
  'logicalOr',
  'where',
])

/** Inputs before they were broadcast, as long as the result keeps its shape. */
function withoutBroadcasts(writer: GraphWriter, inputs: readonly TensorId[], output: AbstractValue): readonly TensorId[] {
  const result = [...inputs]
  for (const [i, id] of inputs.entries()) {
    const maker = writer.maker(id)
    const [source] = maker?.primitive === 'broadcastTo' ? maker.inputs : []
    if (source === undefined) continue
    const others = result.filter((_, k) => k !== i).map((other) => writer.spec(other).shape)
    if (broadcastsWithout(others, writer.spec(source).shape, output.shape)) result[i] = source
  }
  return result
}

const same: Rule = (_, [x]) => x

/** `x` where a neutral number meets it and the shape stays. */
const neutral =
  (number: number, sides: 'both' | 'right'): Rule =>
  (writer, [a = -1, b = -1], _, output) => {
    if (writer.number(b) === number && sameShape(writer.spec(a).shape, output.shape)) return a
    if (sides === 'both' && writer.number(a) === number && sameShape(writer.spec(b).shape, output.shape)) return b
    return undefined
  }

const rules: { readonly [P in PrimitiveName]?: Rule } = {
  identity: same,
  stopGradient: same,
  neg: (writer, [x = -1]) => {
    const maker = writer.maker(x)
    return maker?.primitive === 'neg' ? maker.inputs[0] : undefined
  },
  logicalNot: (writer, [x = -1]) => {
    const maker = writer.maker(x)
    return maker?.primitive === 'logicalNot' ? maker.inputs[0] : undefined
  },
  powConstant: (_, [x], params) => ('exponent' in params && params.exponent === 1 ? x : undefined),
  cast: (writer, [x = -1], _, output) => (writer.spec(x).dtype === output.dtype ? x : undefined),
  add: neutral(0, 'both'),
  sub: neutral(0, 'right'),
  mul: neutral(1, 'both'),
  div: neutral(1, 'right'),
  broadcastTo: (writer, [x = -1], _, output) => {
    const source = writer.splat(x) ?? sourceOf(writer, x, 'broadcastTo')
    if (sameShape(writer.spec(source).shape, output.shape)) return source
    return writer.step('broadcastTo', [source], { shape: output.shape }, [output])[0]
  },
  reshape: (writer, [x = -1], _, output) => filled(writer, x, output) ?? reshaped(writer, sourceOf(writer, x, 'reshape'), output),
  permute: (writer, [x = -1], params, output) => {
    if (!('axes' in params)) return undefined
    const number = filled(writer, x, output)
    if (number !== undefined) return number
    if (params.axes.every((axis, i) => axis === i)) return x
    const maker = writer.maker(x)
    if (maker?.primitive === 'permute' && 'axes' in maker.params) {
      const inner = maker.params.axes
      const [source = -1] = maker.inputs
      const axes = params.axes.map((axis) => inner[axis] ?? 0)
      return axes.every((axis, i) => axis === i) ? source : writer.step('permute', [source], { axes }, [output])[0]
    }
    // Axes of extent 1 may move without their elements moving.
    const { shape } = writer.spec(x)
    const moved = params.axes.filter((axis) => shape[axis] !== 1)
    return moved.every((axis, i) => i === 0 || (moved[i - 1] ?? 0) < axis) ? reshaped(writer, sourceOf(writer, x, 'reshape'), output) : undefined
  },
  slice: (writer, [x = -1], _, output) => filled(writer, x, output) ?? (sameShape(writer.spec(x).shape, output.shape) ? x : undefined),
  pad: (writer, [x = -1], _, output) => (sameShape(writer.spec(x).shape, output.shape) ? x : undefined),
}

/** What one number fills the output, if it is known. */
function filled(writer: GraphWriter, x: TensorId, output: AbstractValue): TensorId | undefined {
  const number = writer.splat(x)
  if (number === undefined || writer.maker(x)?.primitive !== 'broadcastTo') return undefined
  return sameShape(writer.spec(number).shape, output.shape) ? number : writer.step('broadcastTo', [number], { shape: output.shape }, [output])[0]
}

function reshaped(writer: GraphWriter, source: TensorId, output: AbstractValue): TensorId | undefined {
  return sameShape(writer.spec(source).shape, output.shape) ? source : writer.step('reshape', [source], { shape: output.shape }, [output])[0]
}

function sourceOf(writer: GraphWriter, x: TensorId, primitive: 'broadcastTo' | 'reshape'): TensorId {
  const maker = writer.maker(x)
  return maker?.primitive === primitive ? (maker.inputs[0] ?? x) : x
}
