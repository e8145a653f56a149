import type { SegmentedPolynomial, Term } from '../../polynomials/index.ts'
import { channelMode, type Element, ElementTable, overlap, unroll } from '../normal-form.ts'

/** Terms of one operation, those of an output element after those of the one before. */
export interface OperationTable {
  /** Input number of every factor. */
  readonly factors: readonly number[]
  /** [elements + 1]: first term of every output element. */
  readonly starts: Int32Array
  /** [terms, factors, 2]: offset and stride. */
  readonly places: Int32Array
  /** [terms] */
  readonly coefficients: Float64Array
}

/** What is to be done for one output, as numbers that a kernel reads. */
export interface OutputTable {
  readonly output: number
  /** [elements, 3]: offset, stride and channels. Together they are the whole output. */
  readonly elements: Int32Array
  readonly numElements: number
  readonly operations: readonly OperationTable[]
  /** Scalar products that all tables hold. */
  readonly numProducts: number
}

/** Tables beyond this many terms are not made. */
const maxTerms = 4_000_000

/** The table of an output; `undefined` if it would be too large. */
export function outputTable(polynomial: SegmentedPolynomial, output: number): OutputTable | undefined {
  const terms = polynomial.operations.filter(([operation]) => operation.outputBuffer(polynomial.numInputs) === polynomial.numInputs + output)
  // Lanes along a mode of the output, if all operations agree about what lies along lanes; otherwise one number at a time.
  return withChannels(polynomial, output, terms, true) ?? withChannels(polynomial, output, terms, false)
}

function withChannels(polynomial: SegmentedPolynomial, output: number, terms: readonly Term[], hasChannels: boolean): OutputTable | undefined {
  const table = new ElementTable()
  const operations: { readonly factors: readonly number[]; readonly lists: { readonly coefficient: number; readonly elements: readonly Element[] }[][] }[] = []
  let numTerms = 0
  let numProducts = 0
  for (const [operation, product] of terms) {
    const mode = hasChannels ? channelMode(product, 'output') : undefined
    const lists: { readonly coefficient: number; readonly elements: readonly Element[] }[][] = []
    for (const path of product.paths) {
      const unrolled = unroll(operation, product, path, mode, polynomial.numInputs, 1, maxTerms)
      numTerms += unrolled?.length ?? maxTerms
      if (!unrolled || numTerms > maxTerms) return undefined
      for (const { coefficient, elements, channels } of unrolled) {
        const last = elements[elements.length - 1]
        if (!last) continue
        const number = table.number(last)
        const list = lists[number] ?? []
        list.push({ coefficient, elements: elements.slice(0, -1) })
        lists[number] = list
        numProducts += channels
      }
    }
    operations.push({ factors: operation.buffers.slice(0, -1), lists })
  }
  if (hasChannels && overlap(table.elements, polynomial) !== undefined) return undefined
  addUntouched(table, output, polynomial.outputs[output]?.size ?? 0)
  const { elements } = table
  return {
    output,
    elements: Int32Array.from(elements.flatMap(({ offset, stride, channels }) => [offset, stride, channels])),
    numElements: elements.length,
    operations: operations.map(({ factors, lists }) => operationTable(factors, lists, elements.length)),
    numProducts,
  }
}

/** What no term reaches is written too: with zero. */
function addUntouched(table: ElementTable, output: number, size: number): void {
  const isTouched = new Uint8Array(size)
  for (const { offset, stride, channels } of table.elements) for (let u = 0; u < channels; u++) isTouched[offset + u * stride] = 1
  for (let offset = 0; offset < size; ) {
    if (isTouched[offset]) {
      offset++
      continue
    }
    let end = offset
    while (end < size && !isTouched[end]) end++
    table.number({ operand: output, offset, stride: 1, channels: end - offset })
    offset = end
  }
}

function operationTable(
  factors: readonly number[],
  lists: readonly (readonly { readonly coefficient: number; readonly elements: readonly Element[] }[] | undefined)[],
  numElements: number,
): OperationTable {
  const starts = new Int32Array(numElements + 1)
  for (let q = 0; q < numElements; q++) starts[q + 1] = (starts[q] ?? 0) + (lists[q]?.length ?? 0)
  const numTerms = starts[numElements] ?? 0
  const places = new Int32Array(Math.max(1, numTerms * factors.length * 2))
  const coefficients = new Float64Array(Math.max(1, numTerms))
  let at = 0
  let term = 0
  for (const list of lists)
    for (const { coefficient, elements } of list ?? []) {
      coefficients[term++] = coefficient
      for (const { offset, stride } of elements) {
        places[at++] = offset
        places[at++] = stride
      }
    }
  return { factors, starts, places, coefficients }
}
