import { type Expression, type Kernel, KernelBuilder, type Memory } from '../../kernels/index.ts'
import { accessOf } from '../channels/declarations.ts'
import type { PolynomialRequest } from '../request.ts'

/** Output elements of a program. */
export const elementsPerBlock = 16

/** Terms that are summed before they meet the others. */
const termsPerSum = 64

/** What decides a kernel that reads its polynomial from tables: nothing of the polynomial but which operands are multiplied. */
export interface TableSpec {
  readonly request: PolynomialRequest
  readonly output: number
  /** Input numbers of the factors of every operation. */
  readonly operations: readonly (readonly number[])[]
  readonly lanes: number
  /** Whether results are parts that are added up by another kernel. */
  readonly isPartial: boolean
}

/** What the buffers of the kernel are, in order. */
export type TableBuffer =
  | { readonly kind: 'input'; readonly operand: number }
  | { readonly kind: 'indices'; readonly index: number }
  | { readonly kind: 'starts' | 'entries'; readonly index: number }
  | { readonly kind: 'elements' | 'result' }
  | { readonly kind: 'termStarts' | 'places' | 'coefficients'; readonly operation: number }

export interface TableKernel {
  readonly kernel: Kernel
  readonly buffers: readonly TableBuffer[]
}

/**
 * `out[row, element] = Σ_entries Σ_operations Σ_terms c · Π inputs[row_k, place_k]` with elements, places and coefficients from
 * tables. Parameters: batch size, entries a split, number of elements, width of an output row.
 */
export function tableKernel({ request, output, operations, lanes, isPartial }: TableSpec): TableKernel {
  const b = new KernelBuilder('polynomialFromTables', { lanes, gridRank: 2 })
  const { mathScalar } = request
  const [batchSize, perSplit, numElements, width] = (['batchSize', 'entriesPerSplit', 'numElements', 'width'] as const).map((name) => b.parameter(name, 'index')) as [Expression, Expression, Expression, Expression]
  const buffers: TableBuffer[] = []
  const declared = new Map<string, Memory>()
  const buffer = (source: TableBuffer, scalar: 'f32' | 'f64' | 'i32', access: 'read' | 'write') => {
    const name = `${source.kind}${'operand' in source ? source.operand : 'index' in source ? source.index : 'operation' in source ? source.operation : ''}`
    const known = declared.get(name)
    if (known) return known
    buffers.push(source)
    const memory = b.buffer(name, scalar, access)
    declared.set(name, memory)
    return memory
  }
  const input = (operand: number) => buffer({ kind: 'input', operand }, request.inputScalars[operand] ?? 'f32', 'read')
  const integers = (source: TableBuffer, position: Expression) => buffer(source, 'i32', 'read').load(position).convert('index')
  const result = buffer({ kind: 'result' }, isPartial ? mathScalar : (request.outputScalars[output] ?? 'f32'), 'write')
  const row = b.programId(0)
  const access = accessOf(request.outputs, output)

  const product = (entry: Expression, channel: Expression, mask: Expression, factors: readonly number[], operation: number, term: Expression): Expression => {
    let value = buffer({ kind: 'coefficients', operation }, mathScalar, 'read').load(term)
    for (const [k, operand] of factors.entries()) {
      const place = term.mul(factors.length).add(k).mul(2)
      const offset = integers({ kind: 'places', operation }, place)
      const stride = integers({ kind: 'places', operation }, place.add(1))
      const own = accessOf(request.inputs, operand)
      const size = request.polynomial.inputs[operand]?.size ?? 0
      const of = own.kind === 'indexed' ? integers({ kind: 'indices', index: own.index }, entry) : entry
      const start = own.kind === 'shared' ? b.constant('index', 0) : of.mul(size)
      value = value.mul(input(operand).load(start.add(offset).add(channel.mul(stride)), { mask }).convert(mathScalar))
    }
    return value
  }
  const ofEntry = (entry: Expression, channel: Expression, mask: Expression, element: Expression, total: Expression): Expression => {
    let sum = total
    for (const [operation, factors] of operations.entries()) {
      const [first, last] = [integers({ kind: 'termStarts', operation }, element), integers({ kind: 'termStarts', operation }, element.add(1))]
      // Sums of sums: thousands of terms one after another would lose digits.
      const [next] = b.loop(first, last, { step: termsPerSum, carry: [{ varying: sum }] }, (start, [before]) => {
        const end = start.add(termsPerSum).min(last)
        const [part] = b.loop(start, end, { carry: [{ varying: b.constant(mathScalar, 0) }] }, (term, [total]) => [
          total.add(product(entry, channel, mask, factors, operation, term)),
        ])
        return [before.add(part)]
      })
      sum = next
    }
    return sum
  }
  const firstElement = b.programId(1).mul(elementsPerBlock)
  b.loop(firstElement, firstElement.add(elementsPerBlock).min(numElements), {}, (element) => {
    const [offset, stride, channels] = [0, 1, 2].map((k) => integers({ kind: 'elements' }, element.mul(3).add(k))) as [Expression, Expression, Expression]
    b.loop(0, channels, { step: lanes }, (base) => {
      const channel = base.add(b.lane())
      const mask = channel.less(channels)
      const zero = b.constant(mathScalar, 0)
      const overRun = (first: Expression, last: Expression, entryAt: (position: Expression) => Expression) => {
        const carry = [{ varying: zero }] as const
        const [total] = b.loop(first, last, { carry }, (position, [before]) => [ofEntry(entryAt(position), channel, mask, element, before)])
        return total
      }
      let total: Expression
      if (access.kind === 'batched') total = ofEntry(row, channel, mask, element, zero)
      else if (access.kind === 'shared') total = overRun(row.mul(perSplit), batchSize.min(row.mul(perSplit).add(perSplit)), (position) => position)
      else {
        const { index } = access
        const [first, last] = [integers({ kind: 'starts', index }, row), integers({ kind: 'starts', index }, row.add(1))]
        total = overRun(first, last, (position) => integers({ kind: 'entries', index }, position))
      }
      result.store(row.mul(width).add(offset).add(channel.mul(stride)), total.convert(result.scalar), { mask })
    })
  })
  return { kernel: b.build(), buffers }
}
