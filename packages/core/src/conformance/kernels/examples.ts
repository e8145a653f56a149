import { type Expression, type Kernel, KernelBuilder, math, varying } from '../../kernels/index.ts'
import { type SegmentedPolynomial, type SegmentedTensorProduct } from '../../polynomials/index.ts'

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
  const extent = b.gridExtent(0).times(columns)
  const [x, y] = [b.buffer('x', 'f32', 'read', { extent }), b.buffer('y', 'f32', 'write', { extent })]
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
export function segmentSum(lanes: number, channels: number, scalar: 'f32' | 'f64'): Kernel {
  const b = new KernelBuilder('segmentSum', { lanes, gridRank: 2 })
  const numEdges = b.parameter('numEdges', 'index')
  const starts = b.buffer('starts', 'i32', 'read', { extent: b.gridExtent(0).plus(1), below: b.extentOf(numEdges).plus(1) })
  const x = b.buffer('x', scalar, 'read', { extent: b.extentOf(numEdges).times(channels) })
  const y = b.buffer('y', scalar, 'write', { extent: b.gridExtent(0).times(channels) })
  const [receiver, first] = [b.programId(0), b.programId(1).mul(lanes)]
  const active = b.constant('index', channels).sub(first)
  const bounds = [receiver, receiver.add(1)].map((r) => starts.load(r).convert('index')) as [Expression, Expression]
  const zero = varying(b.constant(scalar, 0))
  const [total] = b.loop(...bounds, { carry: [zero] }, (edge, [sum]) => [sum.add(x.loadLanes(edge.mul(channels).add(first), { active }))])
  y.storeLanes(receiver.mul(channels).add(first), total, { active })
  return b.build()
}

/**
 * Gather, channel-wise tensor product and sum over receivers in one pass: what is made of a polynomial's paths
 * `z[k,u] += C_ijk w[u] x[i,u] y[j]`. Harmonics meet the coefficients once an edge, M[k,i] = Σ_j C_ijk y[j], for all channels.
 */
export function convolution(polynomial: SegmentedPolynomial, channels: number, lanes: number, scalar: 'f32' | 'f64'): Kernel {
  const b = new KernelBuilder('convolution', { lanes, gridRank: 2 })
  const [numEdges, numNodes] = [b.parameter('numEdges', 'index'), b.parameter('numNodes', 'index')]
  const [edges, nodes] = [b.extentOf(numEdges), b.extentOf(numNodes)]
  const [weightSize = 0, featureSize = 0, harmonicSize = 0] = polynomial.inputs.map(({ size }) => size)
  const outputSize = polynomial.outputs[0]?.size ?? 0
  const starts = b.buffer('starts', 'i32', 'read', { extent: b.gridExtent(0).plus(1), below: edges.plus(1) })
  const senders = b.buffer('senders', 'i32', 'read', { extent: edges, below: nodes })
  const w = b.buffer('w', scalar, 'read', { extent: edges.times(weightSize) })
  const x = b.buffer('x', scalar, 'read', { extent: nodes.times(featureSize) })
  const y = b.buffer('y', scalar, 'read', { extent: edges.times(harmonicSize) })
  const out = b.buffer('out', scalar, 'write', { extent: b.gridExtent(0).times(outputSize) })

  const product = onlyProduct(polynomial)
  const [receiver, first] = [b.programId(0), b.programId(1).mul(lanes)]
  const active = b.constant('index', channels).sub(first)
  const zero = varying(b.constant(scalar, 0))
  const bounds = [receiver, receiver.add(1)].map((r) => starts.load(r).convert('index')) as [Expression, Expression]
  const sums: readonly Expression[] = b.loop(...bounds, { carry: Array.from({ length: outputSize / channels }, () => zero) }, (edge, totals) => {
    const next = [...totals]
    const sender = senders.load(edge).convert('index')
    for (const { indices, coefficients } of product.paths) {
      const [wAt = 0, xAt = 0, yAt = 0, outAt = 0] = indices.map((segment, k) => product.operands[k]?.offsets[segment] ?? 0)
      const [ni = 0, nj = 0, nk = 0] = coefficients.shape
      const weight = w.loadLanes(edge.mul(weightSize).add(first).add(wAt), { active })
      for (let k = 0; k < nk; k++) {
        let z: Expression | undefined
        for (let i = 0; i < ni; i++) {
          let m: Expression | undefined
          for (let j = 0; j < nj; j++) {
            const c = coefficients.get(i, j, k)
            if (c === 0) continue
            const harmonic = y.load(edge.mul(harmonicSize).add(yAt + j))
            m = m ? harmonic.fma(c, m) : harmonic.mul(c)
          }
          if (!m) continue
          const feature = x.loadLanes(sender.mul(featureSize).add(first).add(xAt + i * channels), { active })
          z = z ? feature.fma(m, z) : feature.mul(m)
        }
        const row = outAt / channels + k
        const total = next[row]
        if (z && total) next[row] = z.fma(weight, total)
      }
    }
    return next
  })
  for (const [row, sum] of sums.entries()) out.storeLanes(receiver.mul(outputSize).add(first).add(row * channels), sum, { active })
  return b.build()
}

function onlyProduct(polynomial: SegmentedPolynomial): SegmentedTensorProduct {
  const [operation, ...others] = polynomial.operations
  if (!operation || others.length > 0) throw new Error('the convolution is made for polynomials of one product')
  return operation[1]
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
