import type { Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '../../polynomials/index.ts'
import type { PolynomialRequest, RowAccess } from '../request.ts'

/** A matrix inside of an operand's row: where it begins, and distances of its rows and columns. */
export interface MatrixPlace {
  readonly offset: number
  readonly row: number
  readonly column: number
}

/** `c[rows, columns] += coefficient · a[rows, inner] · b[inner, columns]` on segments. */
export interface MatrixPath {
  /** Segment of the output. */
  readonly segment: number
  readonly coefficient: number
  readonly rows: number
  readonly inner: number
  readonly columns: number
  readonly a: MatrixPlace
  readonly b: MatrixPlace
  readonly c: MatrixPlace
}

/**
 * How the entries of a batch take part. `rows`: entries have rows of their own in a and c and meet in b (one matrix for all, or one
 * a group of entries); `own`: every entry multiplies matrices of its own; `sum`: products are added up over the batch, or over
 * the entries that an index array names.
 */
export type TermKind = 'rows' | 'own' | 'sum'

export interface MatrixTerm {
  readonly kind: TermKind
  /** Inputs of the polynomial. */
  readonly a: number
  readonly b: number
  readonly output: number
  readonly paths: readonly MatrixPath[]
}

/** The terms of a polynomial that is made of products of matrices only; `undefined` for any other. */
export function matrixTerms({ polynomial, inputs, outputs }: PolynomialRequest): readonly MatrixTerm[] | undefined {
  const terms: MatrixTerm[] = []
  for (const [{ buffers }, product] of polynomial.operations) {
    const term = termOf(polynomial, buffers, product, inputs, outputs)
    if (!term) return undefined
    terms.push(term)
  }
  return terms
}

function termOf(
  { numInputs }: SegmentedPolynomial,
  buffers: readonly number[],
  product: SegmentedTensorProduct,
  inputs: readonly RowAccess[],
  outputs: readonly RowAccess[],
): MatrixTerm | undefined {
  if (buffers.length !== 3 || product.coefficientSubscripts !== '') return undefined
  const position = buffers.findIndex((buffer) => buffer >= numInputs)
  const [first, second] = [0, 1, 2].filter((k) => k !== position)
  if (first === undefined || second === undefined || position < 0) return undefined
  const access = (k: number) => inputs[buffers[k] ?? 0]
  const output = (buffers[position] ?? 0) - numInputs
  const [left, right, result] = [access(first), access(second), outputs[output]]
  if (!left || !right || !result) return undefined
  const rightIsLarger = (product.operands[second]?.size ?? 0) >= (product.operands[first]?.size ?? 0)
  const roles = rolesOf([left, right, result], isColumnOwner(product, second, position), rightIsLarger)
  if (!roles) return undefined
  const [a, b] = roles.swaps ? [second, first] : [first, second]
  const paths = pathsOf(product, a, b, position)
  return paths && { kind: roles.kind, a: buffers[a] ?? 0, b: buffers[b] ?? 0, output, paths }
}

interface Roles {
  readonly kind: TermKind
  /** The right side is a. */
  readonly swaps: boolean
}

/** Which side is a and which b: entries share b's matrices, and otherwise columns of the result lie at distance one. */
function rolesOf([left, right, result]: readonly [RowAccess, RowAccess, RowAccess], rightHasColumns: boolean, rightIsLarger: boolean): Roles | undefined {
  const kinds = `${left.kind} ${right.kind}`
  const isShared = [left, right].filter(({ kind }) => kind === 'shared').length
  if (result.kind !== 'batched') return isShared === 0 ? { kind: 'sum', swaps: !rightHasColumns } : undefined
  if (isShared === 2) return undefined
  if (isShared === 1) return { kind: 'rows', swaps: left.kind === 'shared' }
  if (kinds === 'batched batched') return { kind: 'own', swaps: !rightHasColumns }
  if (kinds === 'indexed indexed') return { kind: 'rows', swaps: !rightIsLarger }
  return { kind: 'rows', swaps: left.kind === 'indexed' }
}

/** Whether the last axis of the result belongs to an operand. */
function isColumnOwner({ subscripts }: SegmentedTensorProduct, operand: number, result: number): boolean {
  const [own = '', modes = ''] = [subscripts.operands[operand], subscripts.operands[result]]
  return modes === '' || own.includes(modes.at(-1) ?? '')
}

/** Modes that occur in exactly two operands, at most one a pair; otherwise it is no product of matrices. */
function pathsOf(product: SegmentedTensorProduct, a: number, b: number, c: number): readonly MatrixPath[] | undefined {
  const { subscripts, operands, paths } = product
  const shared = (k: number, l: number) => [...(subscripts.operands[k] ?? '')].filter((mode) => subscripts.operands[l]?.includes(mode))
  const [rows, inner, columns] = [shared(a, c), shared(a, b), shared(b, c)]
  if ([rows, inner, columns].some((modes) => modes.length > 1)) return undefined
  // With fewer modes it is a product of numbers or a scalar product, for which tiles are too large.
  if (columns.length === 0 || rows.length + inner.length === 0) return undefined
  const pairs = [...rows, ...inner, ...columns]
  if (new Set(pairs).size !== pairs.length || subscripts.modes.length !== pairs.length) return undefined
  const [operandA, operandB, operandC] = [operands[a], operands[b], operands[c]]
  if (!operandA || !operandB || !operandC) return undefined
  const place = (operand: SegmentedOperand, k: number, path: Path, row: string | undefined, column: string | undefined): MatrixPlace => {
    const segment = path.indices[k] ?? 0
    const strides = axisStrides(operand.segments[segment] ?? [])
    const stride = (mode: string | undefined) => (mode === undefined ? 0 : (strides[(subscripts.operands[k] ?? '').indexOf(mode)] ?? 0))
    return { offset: operand.offsets[segment] ?? 0, row: stride(row), column: stride(column) }
  }
  const extent = (operand: SegmentedOperand, k: number, path: Path, mode: string | undefined): number =>
    mode === undefined ? 1 : (operand.segments[path.indices[k] ?? 0]?.[(subscripts.operands[k] ?? '').indexOf(mode)] ?? 0)
  return paths.map((path) => ({
    segment: path.indices[c] ?? 0,
    coefficient: path.coefficients.data[0] ?? 0,
    rows: extent(operandC, c, path, rows[0]),
    inner: extent(operandA, a, path, inner[0]),
    columns: extent(operandC, c, path, columns[0]),
    a: place(operandA, a, path, rows[0], inner[0]),
    b: place(operandB, b, path, inner[0], columns[0]),
    c: place(operandC, c, path, rows[0], columns[0]),
  }))
}

function axisStrides(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1)
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1)
  return strides
}
