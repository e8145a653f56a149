import { InputError, type SegmentedTensorProduct } from '@equivar/core'
import { allocate, type TypedArray } from '../../array/dtype.ts'
import { elementCount } from '../../array/shape.ts'
import type { InputAccess, OutputAccess } from '../../primitives/names.ts'
import { requireRows } from '../structure.ts'
import type { Evaluator, HostTensor } from '../tensor.ts'
import { lowerProduct } from './lower.ts'
import type { ProductDescription, Program } from './program.ts'
import { runProgram, type RowAccess } from './run.ts'

/**
 * `out_k[row(b)] += Σ_operations Σ_paths c · Π x_i[row(b)]` over all batch entries b, in order.
 *
 * The arithmetic is float64 throughout: float32 operands are widened once per call, and the result is rounded once.
 */
export const segmentedPolynomialEvaluator: Evaluator<'segmentedPolynomial'> = {
  evaluate(arrays, { polynomial, inputs, outputs, batchSize }, specs) {
    const numInputs = polynomial.inputs.length
    const operands = arrays.slice(0, numInputs)
    const indices = arrays.slice(numInputs)
    for (const [i, access] of inputs.entries())
      if (access.kind === 'indexed') requireRows(`segmentedPolynomial: input ${i}`, indices[access.index]?.data ?? [], operands[i]?.shape[0] ?? 0)
    for (const [k, access] of outputs.entries())
      if (access.kind === 'indexed') requireRows(`segmentedPolynomial: output ${k}`, indices[access.index]?.data ?? [], access.rows)

    const results = specs.map((spec) => allocate('float64', elementCount(spec.shape)))
    const buffers = [
      ...operands.map((x, i) => rowAccess(widened(x.data), polynomial.inputs[i]?.size ?? 0, inputs[i], indices)),
      ...results.map((data, k) => rowAccess(data, polynomial.outputs[k]?.size ?? 0, outputs[k], indices)),
    ]
    for (const [{ buffers: positions }, product] of polynomial.operations) {
      const output = positions.findIndex((buffer) => buffer >= numInputs)
      const accesses = positions.flatMap((buffer) => buffers[buffer] ?? [])
      runProgram(programOf(product, output), accesses, batchSize)
    }
    return results.map((result, k) => {
      if (specs[k]?.dtype !== 'float32') return result
      const rounded = allocate('float32', result.length)
      rounded.set(result)
      return rounded
    })
  },
}

/** Positions in an operand are 32-bit integers: much faster than numbers that might be fractions. */
const maxElements = 2 ** 31 - 1

function rowAccess(data: Float64Array, rowSize: number, access: InputAccess | OutputAccess | undefined, indices: readonly HostTensor[]): RowAccess {
  if (data.length > maxElements) throw new InputError(`segmentedPolynomial: an operand has ${data.length} elements, more than ${maxElements}; split the batch`)
  return {
    data,
    rowSize,
    indices: access?.kind === 'indexed' ? indices[access.index]?.data : undefined,
    rowStep: access?.kind === 'batched' ? 1 : 0,
  }
}

function widened(data: TypedArray): Float64Array {
  return data instanceof Float64Array ? data : Float64Array.from(data)
}

const programs = new WeakMap<SegmentedTensorProduct, Map<number, Program>>()

/** Lowered once a product, which never changes. */
function programOf(product: SegmentedTensorProduct, output: number): Program {
  let byOutput = programs.get(product)
  if (!byOutput) programs.set(product, (byOutput = new Map<number, Program>()))
  let program = byOutput.get(output)
  if (!program) byOutput.set(output, (program = lowerProduct(describe(product), output)))
  return program
}

function describe({ subscripts, operands, paths }: SegmentedTensorProduct): ProductDescription {
  return {
    operandModes: subscripts.operands.map((modes) => [...modes]),
    coefficientModes: [...subscripts.coefficients],
    segments: operands.map((operand) => operand.segments),
    paths,
  }
}
