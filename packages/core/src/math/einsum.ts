import { ShapeError, SubscriptsError } from '../errors.ts'
import { HostArray, sizeOf, stridesOf } from './host-array.ts'

interface Term {
  readonly labels: readonly string[]
  readonly array: HostArray
}

/**
 * `out[o…] = Σ Π_k array_k[i_k…]`, summed over every label that the output does not name.
 *
 * Subscripts are NumPy's: `'ij,jk->ik'`, one letter an axis; a letter repeated inside one operand takes the diagonal.
 * Without an arrow, the output holds the letters that occur once, in alphabetical order.
 *
 * @throws {SubscriptsError} if the subscripts are malformed or do not name every axis.
 * @throws {ShapeError} if one letter stands for two extents.
 */
export function einsum(subscripts: string, ...arrays: readonly HostArray[]): HostArray {
  const { inputs, output } = parse(subscripts, arrays)
  checkExtents(subscripts, inputs, arrays)
  let terms: Term[] = arrays.map((array, i) => {
    const labels = inputs[i] ?? []
    return reduceTerm({ labels, array }, neededElsewhere(inputs, i, output))
  })
  while (terms.length > 1) {
    const [first, second] = cheapestPair(terms)
    const rest = terms.filter((_, i) => i !== first && i !== second)
    const kept = new Set([...output, ...rest.flatMap((term) => term.labels)])
    terms = [...rest, contract(at(terms, first), at(terms, second), kept)]
  }
  const result = reduceTerm(at(terms, 0), new Set(output))
  return permuteIfNeeded(
    result.array,
    output.map((label) => result.labels.indexOf(label)),
  )
}

function parse(subscripts: string, arrays: readonly HostArray[]): { inputs: readonly (readonly string[])[]; output: readonly string[] } {
  const match = /^([A-Za-z]*(?:,[A-Za-z]*)*)(?:->([A-Za-z]*))?$/.exec(subscripts.replaceAll(' ', ''))
  if (!match) throw new SubscriptsError(`einsum: '${subscripts}' is malformed; write letters like 'ij,jk->ik'`)
  const inputs = (match[1] ?? '').split(',').map((labels) => [...labels])
  if (inputs.length !== arrays.length)
    throw new SubscriptsError(`einsum: '${subscripts}' names ${inputs.length} operands, but ${arrays.length} arrays were given; pass one array for each`)
  const all = inputs.flat()
  const output = match[2] === undefined ? all.filter((label) => all.filter((l) => l === label).length === 1).sort() : [...match[2]]
  for (const label of output) {
    if (!all.includes(label)) throw new SubscriptsError(`einsum: '${subscripts}': the output label '${label}' occurs in no operand`)
    if (output.filter((l) => l === label).length > 1) throw new SubscriptsError(`einsum: '${subscripts}': the output names '${label}' twice`)
  }
  return { inputs, output }
}

function checkExtents(subscripts: string, inputs: readonly (readonly string[])[], arrays: readonly HostArray[]): void {
  const extents = new Map<string, number>()
  for (const [i, array] of arrays.entries()) {
    const labels = inputs[i] ?? []
    if (labels.length !== array.ndim)
      throw new SubscriptsError(`einsum: '${subscripts}': operand ${i} is '${labels.join('')}', but its array has shape [${array.shape.join(', ')}]; name every axis`)
    for (const [axis, label] of labels.entries()) {
      const extent = array.shape[axis] ?? 0
      const known = extents.get(label) ?? extent
      if (known !== extent) throw new ShapeError(`einsum: '${subscripts}': '${label}' is ${known} in one operand and ${extent} in operand ${i}; make them equal`)
      extents.set(label, extent)
    }
  }
}

function neededElsewhere(inputs: readonly (readonly string[])[], own: number, output: readonly string[]): ReadonlySet<string> {
  return new Set([...output, ...inputs.flatMap((labels, i) => (i === own ? [] : labels))])
}

/** Takes diagonals of repeated labels and sums the labels outside `kept`. */
function reduceTerm({ labels, array }: Term, kept: ReadonlySet<string>): Term {
  const unique = [...new Set(labels)]
  const outer = unique.filter((label) => kept.has(label))
  if (outer.length === labels.length) return { labels, array }
  const inner = unique.filter((label) => !kept.has(label))
  const strides = stridesOf(array.shape)
  const extentOf = (label: string) => array.shape[labels.indexOf(label)] ?? 0
  const strideOf = (label: string) => labels.reduce((sum, l, axis) => (l === label ? sum + (strides[axis] ?? 0) : sum), 0)
  const outerOffsets = offsets(outer.map(extentOf), outer.map(strideOf))
  const innerOffsets = offsets(inner.map(extentOf), inner.map(strideOf))
  const data = new Float64Array(outerOffsets.length)
  for (const [i, base] of outerOffsets.entries()) {
    let sum = 0
    for (const offset of innerOffsets) sum += array.data[base + offset] ?? 0
    data[i] = sum
  }
  return { labels: outer, array: new HostArray(outer.map(extentOf), data) }
}

/** Flat offsets of all index tuples of `extents`, row-major. */
function offsets(extents: readonly number[], strides: readonly number[]): Int32Array {
  let out = Int32Array.of(0)
  for (const [axis, extent] of extents.entries()) {
    const stride = strides[axis] ?? 0
    const next = new Int32Array(out.length * extent)
    for (const [i, base] of out.entries()) for (let k = 0; k < extent; k++) next[i * extent + k] = base + k * stride
    out = next
  }
  return out
}

/** The pair with the smallest union of axes: a greedy order, enough for the few small operands of this library. */
function cheapestPair(terms: readonly Term[]): [number, number] {
  let best: [number, number] = [0, 1]
  let bestCost = Infinity
  for (let i = 0; i < terms.length; i++)
    for (let j = i + 1; j < terms.length; j++) {
      const [a, b] = [at(terms, i), at(terms, j)]
      const cost = sizeOf(a.array.shape) * sizeOf(b.array.shape.filter((_, axis) => !a.labels.includes(b.labels[axis] ?? '')))
      if (cost < bestCost) [best, bestCost] = [[i, j], cost]
    }
  return best
}

/** One batched matrix product: `[batch, left, summed] · [batch, summed, right]`. */
function contract(a: Term, b: Term, kept: ReadonlySet<string>): Term {
  const shared = a.labels.filter((label) => b.labels.includes(label))
  const batch = shared.filter((label) => kept.has(label))
  const summed = shared.filter((label) => !kept.has(label))
  const left = a.labels.filter((label) => !shared.includes(label))
  const right = b.labels.filter((label) => !shared.includes(label))
  const extents = (term: Term, labels: readonly string[]) => labels.map((label) => term.array.shape[term.labels.indexOf(label)] ?? 0)
  const arrange = (term: Term, labels: readonly string[]) =>
    permuteIfNeeded(
      term.array,
      labels.map((label) => term.labels.indexOf(label)),
    ).data
  const [batches, rows, inner, columns] = [sizeOf(extents(a, batch)), sizeOf(extents(a, left)), sizeOf(extents(a, summed)), sizeOf(extents(b, right))]
  const data = multiply(arrange(a, [...batch, ...left, ...summed]), arrange(b, [...batch, ...summed, ...right]), batches, rows, inner, columns)
  return { labels: [...batch, ...left, ...right], array: new HostArray([...extents(a, batch), ...extents(a, left), ...extents(b, right)], data) }
}

function multiply(a: Float64Array, b: Float64Array, batches: number, rows: number, inner: number, columns: number): Float64Array {
  const out = new Float64Array(batches * rows * columns)
  // Skipping zeros keeps the sparse tensors of this field cheap; but 0 · NaN and 0 · ∞ must still show.
  const skipZeros = b.every((value) => Number.isFinite(value))
  for (let n = 0; n < batches; n++)
    for (let i = 0; i < rows; i++) {
      const target = (n * rows + i) * columns
      for (let k = 0; k < inner; k++) {
        const factor = a[(n * rows + i) * inner + k] ?? 0
        if (factor === 0 && skipZeros) continue
        const source = (n * inner + k) * columns
        for (let j = 0; j < columns; j++) out[target + j] = (out[target + j] ?? 0) + factor * (b[source + j] ?? 0)
      }
    }
  return out
}

function permuteIfNeeded(array: HostArray, axes: readonly number[]): HostArray {
  return axes.every((axis, i) => axis === i) ? array : array.permute(axes)
}

function at(terms: readonly Term[], index: number): Term {
  const term = terms[index]
  if (!term) throw new SubscriptsError('einsum: no operand was given; pass at least one array')
  return term
}
