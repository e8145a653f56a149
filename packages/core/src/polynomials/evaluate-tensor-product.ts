import { ShapeError } from '../errors.ts'
import { HostArray, sizeOf, stridesOf } from '../math/host-array.ts'
import type { TensorProductParts } from './parts.ts'

/**
 * `out[b, s_last] += Σ c · op_0[b, s_0] · …` for every path, summed over all modes that the last operand does not have.
 * Leading axes of the inputs broadcast. Plain loops: the oracle that faster evaluations are held against.
 *
 * @param inputs one array for every operand but the last, last axis of the operand's size.
 * @param batch leading shape of the result; by default what the inputs broadcast to.
 */
export function evaluateLastOperand(
  parts: TensorProductParts,
  inputs: readonly HostArray[],
  batch: readonly number[] = broadcastShapes(inputs.map(leading)),
): HostArray {
  const last = parts.operands.length - 1
  const output = parts.operands[last]
  if (inputs.length !== last || !output) throw new ShapeError(`'${parts.subscripts.toString()}': needs ${last} inputs, got ${inputs.length}`)
  for (const [k, input] of inputs.entries()) {
    const size = parts.operands[k]?.size ?? 0
    if (input.shape[input.ndim - 1] !== size)
      throw new ShapeError(`'${parts.subscripts.toString()}': input ${k} has shape [${input.shape.join(', ')}], its operand has size ${size}; the last axis must be ${size}`)
  }
  const rows = sizeOf(batch)
  const out = new Float64Array(rows * output.size)
  const rowOf = inputs.map((input) => broadcastRows(leading(input), batch))
  for (const path of pathLoops(parts))
    for (let row = 0; row < rows; row++) {
      const base = inputs.map((_, k) => (rowOf[k]?.[row] ?? 0) * (parts.operands[k]?.size ?? 0))
      for (const { coefficient, offsets } of path) {
        let product = coefficient
        for (const [k, input] of inputs.entries()) product *= input.data[(base[k] ?? 0) + (offsets[k] ?? 0)] ?? Number.NaN
        const target = row * output.size + (offsets[last] ?? 0)
        out[target] = (out[target] ?? 0) + product
      }
    }
  return new HostArray([...batch, output.size], out)
}

function leading(input: HostArray): readonly number[] {
  return input.shape.slice(0, -1)
}

interface Item {
  readonly coefficient: number
  /** Element of every operand's flat array. */
  readonly offsets: readonly number[]
}

/** Every path, unrolled over all its modes. */
function* pathLoops({ subscripts, operands, paths }: TensorProductParts): Generator<Item[]> {
  const modes = subscripts.modes
  for (const path of paths) {
    const shapes = operands.map((operand, k) => operand.segments[path.indices[k] ?? 0] ?? [])
    const extents = modes.map((mode) => {
      const k = subscripts.operands.findIndex((own) => own.includes(mode))
      return shapes[k]?.[subscripts.operands[k]?.indexOf(mode) ?? 0] ?? 0
    })
    const strides = shapes.map((shape, k) => modeStrides(modes, subscripts.operands[k] ?? '', shape))
    const coefficientStrides = modeStrides(modes, subscripts.coefficients, path.coefficients.shape)
    const items: Item[] = []
    for (const index of allIndices(extents)) {
      const coefficient = path.coefficients.data[dot(coefficientStrides, index)] ?? 0
      if (coefficient === 0) continue
      items.push({ coefficient, offsets: strides.map((own, k) => (operands[k]?.offsets[path.indices[k] ?? 0] ?? 0) + dot(own, index)) })
    }
    yield items
  }
}

function modeStrides(modes: readonly string[], own: string, shape: readonly number[]): number[] {
  const strides = stridesOf(shape)
  return modes.map((mode) => (own.includes(mode) ? (strides[own.indexOf(mode)] ?? 0) : 0))
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}

/** All multi-indices below the extents, the last one fastest. */
export function* allIndices(extents: readonly number[]): Generator<number[]> {
  const total = sizeOf(extents)
  const index = extents.map(() => 0)
  for (let n = 0; n < total; n++) {
    yield index
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1
      index[axis] = next < (extents[axis] ?? 0) ? next : 0
      if (index[axis] !== 0) break
    }
  }
}

/** Shape that all shapes broadcast to, aligned at the right. @throws {ShapeError} if they do not fit. */
export function broadcastShapes(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1
    for (const shape of shapes) {
      const own = shape[shape.length - rank + axis] ?? 1
      if (own === 1 || own === extent) continue
      if (extent !== 1) throw new ShapeError(`batch shapes ${shapes.map((s) => `[${s.join(', ')}]`).join(' and ')} do not broadcast; make them equal or 1`)
      extent = own
    }
    return extent
  })
}

/** Row of an array of leading shape `own` for every row of `batch`. */
function broadcastRows(own: readonly number[], batch: readonly number[]): number[] {
  const strides = stridesOf(own)
  const aligned = batch.map((_, axis) => {
    const mine = axis - (batch.length - own.length)
    return mine >= 0 && own[mine] !== 1 ? (strides[mine] ?? 0) : 0
  })
  // The generator reuses one array, so each index is read before the next is made.
  return Array.from(allIndices(batch), (index) => dot(aligned, index))
}
