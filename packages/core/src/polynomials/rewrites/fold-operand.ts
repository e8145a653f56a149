import { PolynomialError } from '../../errors.ts'
import { HostArray } from '../../math/host-array.ts'
import { Operation } from '../operation.ts'
import { SegmentedOperand } from '../operand.ts'
import { Path } from '../path.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import { SegmentedTensorProduct } from '../segmented-tensor-product.ts'

/** A polynomial p as two: `p(w, x…) = main(table(w), x…)`. */
export interface FoldedParts {
  /** From the operand to one coefficient for every product of the others. */
  readonly table: PolynomialParts
  /** The same buffers, with the table in the place of the operand. */
  readonly main: PolynomialParts
  readonly numPathsBefore: number
  readonly numPaths: number
}

/** Segments of the table so far, and the linear map to them, for one set of modes. */
interface Rows {
  readonly subscripts: string
  readonly paths: Path[]
}

/**
 * Collects all paths with the same segments of the other operands: their coefficients and segments of the input `operand` become one
 * segment of a table, `t[m] = Σ_p c_p w[p]`, in which factors of one buffer may be exchanged. A table is made once for every row of w,
 * the products with it for every batch entry, so this pays where rows are shared by many entries.
 *
 * @throws {PolynomialError} if there is no such input, coefficients have modes, or an operation does not hold the input exactly once.
 */
export function foldOperand({ inputs, outputs, operations }: PolynomialParts, operand: number): FoldedParts {
  const folded = inputs[operand]
  if (!folded) throw new PolynomialError(`foldOperand: there is no input ${operand}, the polynomial has ${inputs.length}`)
  const segments: (readonly number[])[] = []
  const tables = new Map<string, Rows>()
  let numPathsBefore = 0
  const drafts = operations.map(([operation, product]) => {
    const [position, second] = operation.buffers.flatMap((buffer, k) => (buffer === operand ? [k] : []))
    if (position === undefined || second !== undefined)
      throw new PolynomialError(`foldOperand: ${operation.toString()} holds input ${operand} ${position === undefined ? 'not at all' : 'more than once'}; only what is linear in it can be folded`)
    if (product.subscripts.coefficients !== '')
      throw new PolynomialError(`foldOperand: coefficients of '${product.subscripts.toString()}' have modes; flatten them first (flattenCoefficientModes)`)
    const modes = product.subscripts.operands[position] ?? ''
    let rows = tables.get(modes)
    if (!rows) tables.set(modes, (rows = { subscripts: `${modes},${modes}`, paths: [] }))
    const known = new Map<string, number>()
    const paths: Path[] = []
    const exchangeable = sameOperands(operation, product)
    for (const { indices, coefficients } of product.paths) {
      numPathsBefore++
      const others = sortedWithin(indices, exchangeable)
      const from = indices[position] ?? 0
      const shape = folded.segments[from] ?? []
      const key = `${shape.join('x')} ${others.map((segment, k) => (k === position ? '' : segment)).join()}`
      let row = known.get(key)
      if (row === undefined) {
        row = segments.push(shape) - 1
        known.set(key, row)
        paths.push(new Path(others.map((segment, k) => (k === position ? segments.length - 1 : segment)), HostArray.scalar(1)))
      }
      rows.paths.push(new Path([from, row], coefficients))
    }
    return { operation, product, position, paths }
  })
  const table = new SegmentedOperand(segments, folded.ndim)
  const main = drafts.map(({ operation, product, position, paths }): Term => [
    operation,
    new SegmentedTensorProduct(product.subscripts, product.operands.map((own, k) => (k === position ? table : own)), paths),
  ])
  return {
    table: {
      inputs: [folded],
      outputs: [table],
      operations: [...tables.values()].map(({ subscripts, paths }) => [new Operation([0, 1]), new SegmentedTensorProduct(subscripts, [folded, table], paths)]),
    },
    main: { inputs: inputs.map((own, k) => (k === operand ? table : own)), outputs, operations: main },
    numPathsBefore,
    numPaths: segments.length,
  }
}

/** Positions of operands that are one buffer with one set of modes: their segments may be exchanged. */
function sameOperands({ buffers }: Operation, { subscripts }: SegmentedTensorProduct): readonly (readonly number[])[] {
  const groups = new Map<string, number[]>()
  for (const [k, buffer] of buffers.entries()) {
    const key = `${buffer} ${subscripts.operands[k] ?? ''}`
    groups.set(key, [...(groups.get(key) ?? []), k])
  }
  return [...groups.values()].filter((positions) => positions.length > 1)
}

function sortedWithin(indices: readonly number[], groups: readonly (readonly number[])[]): readonly number[] {
  if (groups.length === 0) return indices
  const sorted = [...indices]
  for (const positions of groups) {
    const own = positions.map((k) => indices[k] ?? 0).sort((a, b) => a - b)
    for (const [n, k] of positions.entries()) sorted[k] = own[n] ?? 0
  }
  return sorted
}
