import { InputError, ShapeError, SubscriptsError } from '@equivar/core'
import type { NDArray } from '../array/ndarray.ts'
import { formatShape } from '../array/shape.ts'
import { mul } from './elementwise.ts'
import { matmul, permute, reshape, sum } from './structure.ts'

/** An array whose axes have letters. */
interface Labelled {
  readonly labels: readonly string[]
  readonly x: NDArray
}

/**
 * Einstein sums: `einsum('bij,jk->bik', x, y)` is `out[b,i,k] = Σ_j x[b,i,j] y[j,k]`.
 *
 * Operands are contracted from left to right, each pair by one matrix product. A letter occurs once in an operand.
 *
 * @throws {SubscriptsError} if the subscripts are malformed. @throws {ShapeError} if a letter has two extents.
 */
export function einsum(subscripts: string, ...operands: readonly NDArray[]): NDArray {
  const { inputs, output } = parse(subscripts, operands.length)
  const extents = new Map<string, number>()
  const terms = inputs.map((labels, i): Labelled => {
    const x = operands[i]
    if (!x || x.ndim !== labels.length)
      throw new ShapeError(`einsum '${subscripts}': operand ${i} has shape ${x ? formatShape(x.shape) : 'none'} for the letters '${labels.join('')}'`)
    for (const [axis, label] of labels.entries()) {
      const extent = x.shape[axis] ?? 0
      if ((extents.get(label) ?? extent) !== extent)
        throw new ShapeError(`einsum '${subscripts}': letter ${label} has extent ${extents.get(label) ?? 0} and, in operand ${i}, ${extent}`)
      extents.set(label, extent)
    }
    return { labels, x }
  })
  const [first, ...rest] = terms
  if (!first) throw new InputError('einsum: needs at least one array')
  let result = first
  for (const [i, term] of rest.entries()) {
    const later = new Set([...output, ...rest.slice(i + 1).flatMap((other) => other.labels)])
    result = contract(result, term, later, extents)
  }
  return arrange(keepOnly(result, new Set(output)), output)
}

function parse(subscripts: string, count: number): { readonly inputs: readonly (readonly string[])[]; readonly output: readonly string[] } {
  const match = /^([a-zA-Z]*(?:,[a-zA-Z]*)*)->([a-zA-Z]*)$/.exec(subscripts.replaceAll(' ', ''))
  if (!match) throw new SubscriptsError(`einsum: '${subscripts}' is malformed; write letters like 'ij,jk->ik'`)
  const inputs = (match[1] ?? '').split(',').map((part) => [...part])
  const output = [...(match[2] ?? '')]
  if (inputs.length !== count) throw new SubscriptsError(`einsum '${subscripts}' names ${inputs.length} operands, got ${count}`)
  for (const labels of [...inputs, output])
    if (new Set(labels).size !== labels.length) throw new SubscriptsError(`einsum '${subscripts}': '${labels.join('')}' repeats a letter; take the diagonal first`)
  const known = new Set(inputs.flat())
  for (const label of output) if (!known.has(label)) throw new SubscriptsError(`einsum '${subscripts}': the output letter ${label} occurs in no operand`)
  return { inputs, output }
}

/** `out[batch, a, b] = Σ_contracted left · right`; letters that nobody needs later are summed. */
function contract(first: Labelled, second: Labelled, later: ReadonlySet<string>, extents: ReadonlyMap<string, number>): Labelled {
  const left = keepOnly(first, new Set([...later, ...second.labels]))
  const right = keepOnly(second, new Set([...later, ...left.labels]))
  const shared = left.labels.filter((label) => right.labels.includes(label))
  const batch = shared.filter((label) => later.has(label))
  const contracted = shared.filter((label) => !later.has(label))
  const freeLeft = left.labels.filter((label) => !shared.includes(label))
  const freeRight = right.labels.filter((label) => !shared.includes(label))
  const shape = (labels: readonly string[]) => labels.map((label) => extents.get(label) ?? 1)
  const size = (labels: readonly string[]) => shape(labels).reduce((a, b) => a * b, 1)
  const labels = [...batch, ...freeLeft, ...freeRight]
  if (contracted.length === 0) {
    const a = reshape(arrange(left, [...batch, ...freeLeft]), [...shape(batch), ...shape(freeLeft), ...freeRight.map(() => 1)])
    const b = reshape(arrange(right, [...batch, ...freeRight]), [...shape(batch), ...freeLeft.map(() => 1), ...shape(freeRight)])
    return { labels, x: mul(a, b) }
  }
  const a = reshape(arrange(left, [...batch, ...freeLeft, ...contracted]), [size(batch), size(freeLeft), size(contracted)])
  const b = reshape(arrange(right, [...batch, ...contracted, ...freeRight]), [size(batch), size(contracted), size(freeRight)])
  return { labels, x: reshape(matmul(a, b), shape(labels)) }
}

function keepOnly({ labels, x }: Labelled, needed: ReadonlySet<string>): Labelled {
  const axes = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]))
  return { labels: labels.filter((label) => needed.has(label)), x: sum(x, { axes }) }
}

function arrange({ labels, x }: Labelled, order: readonly string[]): NDArray {
  return permute(
    x,
    order.map((label) => labels.indexOf(label)),
  )
}
