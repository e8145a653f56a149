import * as kernels from '@equivar/core/kernels'

type Expression = kernels.Expression
const { KernelBuilder, varying } = kernels

/** Twelve independent sums of products, nothing from memory: what the registers allow. */
export function sumOfProducts(): kernels.Kernel {
  const b = new KernelBuilder('sumOfProducts', { lanes: 4 })
  const n = b.parameter('n', 'index')
  const x = b.buffer('x', 'f32', 'read', { extent: 8 })
  const y = b.buffer('y', 'f32', 'write', { extent: b.gridExtent(0).times(4) })
  const [factor, start] = [x.loadLanes(0), x.loadLanes(4)]
  const carry = Array.from({ length: 12 }, (_, k) => start.mul(k))
  const next = (_: Expression, totals: readonly Expression[]) => totals.map((total) => total.fma(factor, start))
  const sums: readonly Expression[] = b.loop(0, n, { carry }, next)
  y.storeLanes(b.programId().mul(4), sums.reduce((total, sum) => total.add(sum)))
  return b.build()
}

/** `c[i, j] = Σ_k a[i, k] b[k, j]` with b of size × size, a block of rows and columns a program. */
export function matrixProduct(rows: number, lanes: number, size: number): kernels.Kernel {
  const b = new KernelBuilder('matrixProduct', { lanes, gridRank: 2 })
  const elements = b.gridExtent(0).times(rows * size)
  const left = b.buffer('a', 'f32', 'read', { extent: elements })
  const right = b.buffer('b', 'f32', 'read', { extent: size * size })
  const out = b.buffer('c', 'f32', 'write', { extent: elements })
  const [row, column] = [b.programId(0).mul(rows), b.programId(1).mul(lanes)]
  const zero = varying(b.constant('f32', 0))
  const sums: readonly Expression[] = b.loop(0, size, { carry: Array.from({ length: rows }, () => zero) }, (k, totals: readonly Expression[]) => {
    const factor = right.loadLanes(k.mul(size).add(column))
    return totals.map((total, r) => left.load(row.add(r).mul(size).add(k)).fma(factor, total))
  })
  for (const [r, sum] of sums.entries()) out.storeLanes(row.add(r).mul(size).add(column), sum)
  return b.build()
}

/** The same with the program's columns of b copied side by side first, for many rows. */
export function packedMatrixProduct(rows: number, lanes: number, size: number, rowsOfProgram: number): kernels.Kernel {
  const b = new KernelBuilder('packedMatrixProduct', { lanes, gridRank: 2 })
  const elements = b.gridExtent(1).times(rowsOfProgram * size)
  const left = b.buffer('a', 'f32', 'read', { extent: elements })
  const right = b.buffer('b', 'f32', 'read', { extent: size * size })
  const out = b.buffer('c', 'f32', 'write', { extent: elements })
  const panel = b.shared('panel', 'f32', size * lanes)
  const [column, firstRow] = [b.programId(0).mul(lanes), b.programId(1).mul(rowsOfProgram)]
  b.loop(0, size, {}, (k) => panel.storeLanes(k.mul(lanes), right.loadLanes(k.mul(size).add(column))))
  b.barrier()
  const zero = varying(b.constant('f32', 0))
  b.loop(0, rowsOfProgram, { step: rows }, (top) => {
    const row = firstRow.add(top)
    const sums: readonly Expression[] = b.loop(0, size, { carry: Array.from({ length: rows }, () => zero) }, (k, totals: readonly Expression[]) => {
      const factor = panel.loadLanes(k.mul(lanes))
      return totals.map((total, r) => left.load(row.add(r).mul(size).add(k)).fma(factor, total))
    })
    for (const [r, sum] of sums.entries()) out.storeLanes(row.add(r).mul(size).add(column), sum)
  })
  return b.build()
}

/** Messages `w[e, c] x[sender, c] · (C y[e])` summed for every receiver, eight sums a channel. */
export function segmentProduct(channels: number, lanes: number): kernels.Kernel {
  const b = new KernelBuilder('segmentProduct', { lanes, gridRank: 2 })
  const [numEdges, numNodes] = [b.parameter('numEdges', 'index'), b.parameter('numNodes', 'index')]
  const [edges, nodes] = [b.extentOf(numEdges), b.extentOf(numNodes)]
  const [rows, inputs] = [8, 4]
  const starts = b.buffer('starts', 'i32', 'read', { extent: b.gridExtent(1).plus(1), below: edges.plus(1) })
  const senders = b.buffer('senders', 'i32', 'read', { extent: edges, below: nodes })
  const w = b.buffer('w', 'f32', 'read', { extent: edges.times(inputs * channels) })
  const x = b.buffer('x', 'f32', 'read', { extent: nodes.times(inputs * channels) })
  const y = b.buffer('y', 'f32', 'read', { extent: edges.times(inputs) })
  const out = b.buffer('out', 'f32', 'write', { extent: b.gridExtent(1).times(rows * channels) })
  const [first, receiver] = [b.programId(0).mul(lanes), b.programId(1)]
  const bounds = [receiver, receiver.add(1)].map((r) => starts.load(r).convert('index')) as [Expression, Expression]
  const zero = varying(b.constant('f32', 0))
  const sums: readonly Expression[] = b.loop(...bounds, { carry: Array.from({ length: rows }, () => zero) }, (edge, totals: readonly Expression[]) => {
    const sender = senders.load(edge).convert('index')
    const harmonics = Array.from({ length: inputs }, (_, j) => y.load(edge.mul(inputs).add(j)))
    return totals.map((total, k) => {
      const m = harmonics.reduce((sum, harmonic, j) => (j === 0 ? harmonic.mul(Math.cos(k)) : harmonic.fma(Math.sin(k + j), sum)))
      const at = (row: Expression) => row.mul(inputs * channels).add(first).add((k % inputs) * channels)
      return x.loadLanes(at(sender)).mul(m).fma(w.loadLanes(at(edge)), total)
    })
  })
  for (const [row, sum] of sums.entries()) out.storeLanes(receiver.mul(rows * channels).add(first).add(row * channels), sum)
  return b.build()
}

/** Sixteen polynomials of vectors, a vector a lane: `y[n, k] = p_k(x[n])`. */
export function polynomialOfVectors(lanes: number, outputs: number): kernels.Kernel {
  const b = new KernelBuilder('polynomialOfVectors', { lanes })
  const n = b.parameter('n', 'index')
  const x = b.buffer('x', 'f32', 'read', { extent: b.extentOf(n).times(3) })
  const y = b.buffer('y', 'f32', 'write', { extent: b.extentOf(n).times(outputs) })
  const vector = b.programId().mul(lanes).add(b.lane())
  const mask = vector.less(n)
  const [u, v, w] = [0, 1, 2].map((axis) => x.load(vector.mul(3).add(axis), { mask })) as [Expression, Expression, Expression]
  const square = u.mul(u).add(v.mul(v)).add(w.mul(w))
  const values = [u, v, w, square]
  while (values.length < outputs) {
    const [a, c] = [values[values.length - 3], values[values.length - 4]]
    if (a && c) values.push(a.fma(c, square.mul(values.length)))
  }
  for (const [k, value] of values.entries()) y.store(vector.mul(outputs).add(k), value, { mask })
  return b.build()
}

/** Sums of products of a few vectors with as many different coefficients as there are terms. */
export function manyCoefficients(lanes: number, numTerms: number): kernels.Kernel {
  const b = new KernelBuilder('manyCoefficients', { lanes })
  const inputs = 16
  const x = b.buffer('x', 'f32', 'read', { extent: b.gridExtent(0).times(inputs * lanes) })
  const y = b.buffer('y', 'f32', 'write', { extent: b.gridExtent(0).times(lanes) })
  const values = Array.from({ length: inputs }, (_, k) => x.loadLanes(b.programId().mul(inputs * lanes).add(k * lanes)))
  const valueAt = (k: number) => values[k % inputs] ?? x.loadLanes(0)
  let sum = valueAt(0)
  for (let k = 0; k < numTerms; k++) sum = valueAt(k).mul(valueAt(k * 7 + 3)).fma(Math.sin(k), sum)
  y.storeLanes(b.programId().mul(lanes), sum)
  return b.build()
}

/** A product of tiles in shared memory, again and again. */
export function tileProduct(rows: number, columns: number, depth: number): kernels.Kernel {
  const b = new KernelBuilder('tileProduct', { lanes: 8 })
  const out = b.buffer('out', 'f32', 'write', { extent: 8 })
  const [target, left, right] = [b.shared('target', 'f32', rows * columns), b.shared('left', 'f32', rows * depth), b.shared('right', 'f32', depth * columns)]
  for (const memory of [target, left, right]) memory.storeLanes(0, 1)
  b.barrier()
  const tiles = { target: { memory: target, stride: columns }, a: { memory: left, stride: depth }, b: { memory: right, stride: columns } }
  b.tileMultiplyAdd({ rows, columns, depth, ...tiles })
  b.barrier()
  out.store(0, target.load(0), { mask: b.programId().less(1) })
  return b.build()
}
