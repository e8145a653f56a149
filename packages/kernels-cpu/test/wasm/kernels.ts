import * as kernels from '@equivar/core/kernels'

type Expression = kernels.Expression
type Kernel = kernels.Kernel

const { KernelBuilder, math, varying } = kernels

/** Kernels of the kinds that the engine needs, small enough to be read. */

/** `y[i] += alpha · x[i]`, with a tail. */
export function saxpy(lanes: number): Kernel {
  const b = new KernelBuilder('saxpy', { lanes })
  const [n, alpha] = [b.parameter('n', 'index'), b.parameter('alpha', 'f32')]
  const x = b.buffer('x', 'f32', 'read', { extent: b.extentOf(n) })
  const y = b.buffer('y', 'f32', 'readWrite', { extent: b.extentOf(n) })
  const base = b.programId().mul(lanes)
  const active = n.sub(base)
  y.storeLanes(base, x.loadLanes(base, { active }).fma(alpha, y.loadLanes(base, { active })), { active })
  return b.build()
}

/** `y[r, c] = exp(x[r, c] − max x[r]) / Σ exp(…)`, one program a row. */
export function softmax(lanes: number): Kernel {
  const b = new KernelBuilder('softmax', { lanes })
  const columns = 37
  const [x, y] = [b.buffer('x', 'f32', 'read', { extent: b.gridExtent(0).times(columns) }), b.buffer('y', 'f32', 'write', { extent: b.gridExtent(0).times(columns) })]
  const row = b.programId().mul(columns)
  const over = (c: Expression) => b.constant('index', columns).sub(c)
  const [largest] = b.loop(0, columns, { step: lanes, carry: [varying(b.constant('f32', -Infinity))] }, (c, [most]) => [
    b.lane().less(over(c)).select(most.max(x.loadLanes(row.add(c), { active: over(c) })), most),
  ])
  const shift = largest.reduce('max')
  const [sums] = b.loop(0, columns, { step: lanes, carry: [varying(b.constant('f32', 0))] }, (c, [sum]) => {
    const e = math.exp(x.loadLanes(row.add(c), { active: over(c) }).sub(shift))
    return [sum.add(b.lane().less(over(c)).select(e, 0))]
  })
  const scale = b.constant('f32', 1).div(sums.sum())
  b.loop(0, columns, { step: lanes }, (c) => {
    const active = over(c)
    y.storeLanes(row.add(c), math.exp(x.loadLanes(row.add(c), { active }).sub(shift)).mul(scale), { active })
  })
  return b.build()
}

/** `y[r, c] = Σ_{e in starts[r] … starts[r+1] − 1} x[e, c]`: one program a receiver and span of channels. */
export function segmentSum(lanes: number, channels: number): Kernel {
  const b = new KernelBuilder('segmentSum', { lanes, gridRank: 2 })
  const numEdges = b.parameter('numEdges', 'index')
  const starts = b.buffer('starts', 'i32', 'read', { extent: b.gridExtent(0).plus(1), below: b.extentOf(numEdges).plus(1) })
  const x = b.buffer('x', 'f64', 'read', { extent: b.extentOf(numEdges).times(channels) })
  const y = b.buffer('y', 'f64', 'write', { extent: b.gridExtent(0).times(channels) })
  const [receiver, first] = [b.programId(0), b.programId(1).mul(lanes)]
  const active = b.constant('index', channels).sub(first)
  const bounds = [receiver, receiver.add(1)].map((r) => starts.load(r).convert('index')) as [Expression, Expression]
  const [total] = b.loop(...bounds, { carry: [varying(b.constant('f64', 0))] }, (edge, [sum]) => [sum.add(x.loadLanes(edge.mul(channels).add(first), { active }))])
  y.storeLanes(receiver.mul(channels).add(first), total, { active })
  return b.build()
}

/**
 * Gather, product and sum over receivers in one pass: `out[r, k, c] = Σ_e w[e, k % 4, c] (Σ_j C_kj y[e, j]) x[s, k % 4, c]`, with
 * harmonics that meet coefficients once an edge.
 */
export function convolution(channels: number, lanes: number, scalar: 'f32' | 'f64'): Kernel {
  const b = new KernelBuilder('convolution', { lanes, gridRank: 2 })
  const [numEdges, numNodes] = [b.parameter('numEdges', 'index'), b.parameter('numNodes', 'index')]
  const [edges, nodes] = [b.extentOf(numEdges), b.extentOf(numNodes)]
  const [rows, inputs] = [8, 4]
  const starts = b.buffer('starts', 'i32', 'read', { extent: b.gridExtent(0).plus(1), below: edges.plus(1) })
  const senders = b.buffer('senders', 'i32', 'read', { extent: edges, below: nodes })
  const w = b.buffer('w', scalar, 'read', { extent: edges.times(inputs * channels) })
  const x = b.buffer('x', scalar, 'read', { extent: nodes.times(inputs * channels) })
  const y = b.buffer('y', scalar, 'read', { extent: edges.times(inputs) })
  const out = b.buffer('out', scalar, 'write', { extent: b.gridExtent(0).times(rows * channels) })
  const [receiver, first] = [b.programId(0), b.programId(1).mul(lanes)]
  const active = b.constant('index', channels).sub(first)
  const bounds = [receiver, receiver.add(1)].map((r) => starts.load(r).convert('index')) as [Expression, Expression]
  const zero = varying(b.constant(scalar, 0))
  const sums: readonly Expression[] = b.loop(...bounds, { carry: Array.from({ length: rows }, () => zero) }, (edge, totals) => {
    const sender = senders.load(edge).convert('index')
    const harmonics = Array.from({ length: inputs }, (_, j) => y.load(edge.mul(inputs).add(j)))
    return totals.map((total: Expression, k: number) => {
      const m = harmonics.reduce((sum, harmonic, j) => (j === 0 ? harmonic.mul(Math.cos(k)) : harmonic.fma(Math.sin(k + j), sum)))
      const at = (row: Expression) => row.mul(inputs * channels).add(first).add((k % inputs) * channels)
      const product = x.loadLanes(at(sender), { active }).mul(m)
      return product.fma(w.loadLanes(at(edge), { active }), total)
    })
  })
  for (const [row, sum] of sums.entries()) out.storeLanes(receiver.mul(rows * channels).add(first).add(row * channels), sum, { active })
  return b.build()
}

/** `y[index[i]] = x[index[i]] + 1`, `z[size − 1 − i] = z[…] · x[i]`, where i < n. */
export function gather(lanes: number): Kernel {
  const b = new KernelBuilder('gather', { lanes })
  const [n, size] = [b.parameter('n', 'index'), b.parameter('size', 'index')]
  const index = b.buffer('index', 'i32', 'read')
  const x = b.buffer('x', 'f32', 'read')
  const y = b.buffer('y', 'f32', 'readWrite')
  const z = b.buffer('z', 'f64', 'readWrite')
  const i = b.programId().mul(lanes).add(b.lane())
  const mask = i.less(n.min(size))
  const at = index.load(i, { mask }).convert('index')
  y.store(at, x.load(at, { mask }).add(1), { mask })
  const back = size.sub(i).sub(1)
  z.store(back, z.load(back, { mask }).mul(x.load(i, { mask }).convert('f64')), { mask })
  return b.build()
}

/** `c = a · b` for square matrices of a multiple of 4, one program a tile of the result, through shared memory. */
export function matrixProduct(precision: 'exact' | 'split' | 'tf32'): Kernel {
  const size = 4
  const b = new KernelBuilder('matrixProduct', { lanes: size, gridRank: 2 })
  const n = b.parameter('n', 'index')
  const [left, right, result] = (['left', 'right', 'result'] as const).map((name) => b.buffer(name, 'f32', name === 'result' ? 'write' : 'read'))
  const [target, a, c] = (['target', 'a', 'c'] as const).map((name) => b.shared(name, 'f32', size * size))
  if (!left || !right || !result || !target || !a || !c) throw new Error('three of each')
  const [row, column] = [b.programId(0).mul(size), b.programId(1).mul(size)]
  for (let i = 0; i < size; i++) target.storeLanes(i * size, 0)
  b.loop(0, n, { step: size }, (k) => {
    for (let i = 0; i < size; i++) {
      a.storeLanes(i * size, left.loadLanes(row.add(i).mul(n).add(k)))
      c.storeLanes(i * size, right.loadLanes(k.add(i).mul(n).add(column)))
    }
    b.barrier()
    const [stride, rows, columns, depth] = [size, size, size, size]
    b.tileMultiplyAdd({ rows, columns, depth, target: { memory: target, stride }, a: { memory: a, stride }, b: { memory: c, stride }, precision })
    b.barrier()
  })
  for (let i = 0; i < size; i++) result.storeLanes(row.add(i).mul(n).add(column), target.loadLanes(i * size))
  return b.build()
}

/** Inclusive sums within each program's 8 elements, by doubling distances in shared memory. */
export function scan(): Kernel {
  const lanes = 8
  const b = new KernelBuilder('scan', { lanes })
  const x = b.buffer('x', 'u32', 'readWrite', { extent: b.gridExtent(0).times(lanes) })
  const shared = b.shared('sums', 'u32', lanes)
  const base = b.programId().mul(lanes)
  let sum = x.loadLanes(base)
  for (let distance = 1; distance < lanes; distance *= 2) {
    shared.storeLanes(0, sum)
    b.barrier()
    const before = shared.load(b.lane().sub(distance), { mask: b.lane().greaterEqual(distance) })
    b.barrier()
    sum = sum.add(before)
  }
  x.storeLanes(base, sum)
  return b.build()
}

/** `counts[k] = #{i: x[i] = k}` with atomics, first in shared memory, then in that of all programs. */
export function histogram(lanes: number): Kernel {
  const bins = 8
  const b = new KernelBuilder('histogram', { lanes })
  const n = b.parameter('n', 'index')
  const x = b.buffer('x', 'u32', 'read', { extent: b.extentOf(n), below: bins })
  const counts = b.buffer('counts', 'u32', 'readWrite', { extent: bins })
  const local = b.shared('local', 'u32', bins)
  const each = (write: (bin: Expression, mask: Expression) => void) => {
    b.loop(0, bins, { step: lanes }, (start) => {
      const bin = start.add(b.lane())
      write(bin, bin.less(bins))
    })
  }
  each((bin, mask) => local.store(bin, 0, { mask }))
  b.barrier()
  const place = b.programId().mul(lanes).add(b.lane())
  const mask = place.less(n)
  local.atomic('add', x.load(place, { mask }).convert('index'), 1, { mask })
  b.barrier()
  each((bin, own) => counts.atomic('add', bin, local.load(bin, { mask: own }), { mask: own }))
  return b.build()
}
