import type { Rep } from '../groups/index.ts'
import { irMul, type Irreps, IrrepsAndLayout } from '../irreps/index.ts'
import { HostArray } from '../math/host-array.ts'
import { EquivariantPolynomial, Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '../polynomials/index.ts'
import { at } from './at.ts'

/** One tensor product of a polynomial: which buffer each operand is, and the paths. */
export interface Term {
  readonly buffers: readonly number[]
  readonly subscripts: string
  readonly paths: readonly Path[]
}

/** The segmented polynomial of some terms; buffers are numbered inputs first, then outputs. */
export function segmentedPolynomial(inputs: readonly SegmentedOperand[], outputs: readonly SegmentedOperand[], terms: readonly Term[]): SegmentedPolynomial {
  const buffers = [...inputs, ...outputs]
  const operations = terms.map(({ buffers: used, subscripts, paths }) => {
    const product = new SegmentedTensorProduct(
      subscripts,
      used.map((buffer) => at(buffers, buffer)),
      paths,
    )
    return [new Operation(used), product] as const
  })
  return new SegmentedPolynomial(inputs, outputs, operations)
}

/** {@link segmentedPolynomial} of one term `in_0, in_1, … → out`. */
export function singleProduct(subscripts: string, inputs: readonly SegmentedOperand[], output: SegmentedOperand, paths: readonly Path[]): SegmentedPolynomial {
  return segmentedPolynomial(inputs, [output], [{ buffers: [...inputs, output].map((_, buffer) => buffer), subscripts, paths }])
}

/** The polynomial together with what its operands are: all in layout (ir, mul). */
export function equivariant(
  inputs: readonly [Irreps, ...Irreps[]],
  output: Irreps,
  polynomial: SegmentedPolynomial,
): EquivariantPolynomial {
  const rep = (irreps: Irreps): Rep => new IrrepsAndLayout(irreps, irMul)
  const [first, ...rest] = inputs
  return new EquivariantPolynomial([rep(first), ...rest.map(rep)], [rep(output)], polynomial)
}

/** One segment (dim, mul) for each segment of irreps. */
export function irrepsOperand(irreps: Irreps): SegmentedOperand {
  return new SegmentedOperand(irreps.segments.map(({ mul, ir }) => [ir.dim, mul]), 2)
}

/** One segment (mul) for each component of each segment of irreps. */
export function flattenedOperand(irreps: Irreps): SegmentedOperand {
  return new SegmentedOperand(irreps.segments.flatMap(({ mul, ir }) => Array.from({ length: ir.dim }, () => [mul])), 1)
}

/** Number of the first component of each segment in {@link flattenedOperand}. */
export function componentOffsets(irreps: Irreps): readonly number[] {
  let next = 0
  return irreps.segments.map(({ ir }) => {
    const offset = next
    next += ir.dim
    return offset
  })
}

/** A path with one number as coefficient. */
export function scalarPath(indices: readonly number[], coefficient: number): Path {
  return new Path(indices, HostArray.scalar(coefficient))
}

/** `array[index]`, an array of rank one less. */
export function subarray(array: HostArray, index: number): HostArray {
  const shape = array.shape.slice(1)
  const size = shape.reduce((product, extent) => product * extent, 1)
  return new HostArray(shape, array.data.slice(index * size, (index + 1) * size))
}
