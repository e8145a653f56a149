import { type Kernel, KernelBuilder } from '../../kernels/index.ts'
import { finishProduct, type ProductEnd } from './epilogue.ts'
import { UnitProduct } from './unit-product.ts'
import type { UnitShape } from './unit-shape.ts'

export interface UnitMatmulOptions extends ProductEnd {
  readonly shape: UnitShape
  /** Elements that are moved at once; they divide everything that places them. */
  readonly vectors: { readonly a: number; readonly b: number; readonly c: number }
  /** Programs share the steps of a product; c holds their sums one behind another. */
  readonly split: boolean
}

/**
 * `c[batch] = activation(scale · op(a[batch]) · op(b[batch]) + bias)`, or that added to what is there, by matrix units. Grid: (blocks of
 * rows, blocks of columns, batch), or shares of `share` steps instead of the batch. Matrices of a and b that belong to entry t of the
 * batch begin at `(t div inner) · outer stride + (t mod inner) · inner stride`; m, n, k and these are counted in vectors where they must be whole ones.
 */
export function unitMatmulKernel(options: UnitMatmulOptions): Kernel {
  const { shape, vectors, split } = options
  const { scalar } = shape
  const [transposeA, transposeB] = [shape.orders.a === 'columns', shape.orders.b === 'columns']
  const b = new KernelBuilder('unitMatmul', { lanes: shape.lanes, gridRank: 3 })
  const parameter = (name: string, vector = 1) => b.parameter(name, 'index').mul(vector)
  const m = parameter('m', transposeA ? vectors.a : 1)
  const n = parameter('n', transposeB ? vectors.c : Math.max(vectors.b, vectors.c))
  const k = parameter('k', Math.max(transposeA ? 1 : vectors.a, transposeB ? vectors.b : 1))
  const inner = parameter('inner')
  const [aOuter, aInner, aStart] = [parameter('aOuter', vectors.a), parameter('aInner', vectors.a), parameter('aStart', vectors.a)]
  const [bOuter, bInner, bStart] = [parameter('bOuter', vectors.b), parameter('bInner', vectors.b), parameter('bStart', vectors.b)]
  const [cStart, share] = [parameter('cStart', vectors.c), parameter('share').mul(shape.depth)]
  const scale = options.scaled ? b.parameter('scale', scalar) : undefined
  const [left, right] = [b.buffer('a', scalar, 'read'), b.buffer('b', scalar, 'read')]
  const result = b.buffer('c', scalar, options.accumulate ? 'readWrite' : 'write')
  const bias = options.bias ? b.buffer('bias', scalar, 'read') : undefined

  const zero = b.constant('index', 0)
  const own = b.programId(2)
  const [batch, firstStep] = split ? [zero, own.mul(share)] : [own, zero]
  const lastStep = split ? firstStep.add(share).min(k) : k
  const aBase = aStart.add(batch.div(inner).mul(aOuter)).add(batch.rem(inner).mul(aInner))
  const bBase = bStart.add(batch.div(inner).mul(bOuter)).add(batch.rem(inner).mul(bInner))
  const cBase = cStart.add(own.mul(m).mul(n))
  const [firstRow, firstColumn] = [b.programId(0).mul(shape.rows), b.programId(1).mul(shape.columns)]

  const product = new UnitProduct(b, shape)
  const sums = product.add(product.zero(), lastStep.sub(firstStep).max(0), {
    memory: left,
    vector: vectors.a,
    element: (r, s, start) => {
      const [row, step] = [firstRow.add(r), firstStep.add(start).add(s)]
      return { position: aBase.add(transposeA ? step.mul(m).add(row) : row.mul(k).add(step)), mask: row.less(m).and(step.less(lastStep)) }
    },
  }, {
    memory: right,
    vector: vectors.b,
    element: (s, c, start) => {
      const [column, step] = [firstColumn.add(c), firstStep.add(start).add(s)]
      return { position: bBase.add(transposeB ? column.mul(k).add(step) : step.mul(n).add(column)), mask: column.less(n).and(step.less(lastStep)) }
    },
  })
  product.finish(sums, vectors.c, (r, c, own) => {
    const [row, column] = [firstRow.add(r), firstColumn.add(c)]
    const mask = row.less(m).and(column.less(n))
    const place = cBase.add(row.mul(n)).add(column)
    for (const [j, sum] of own.entries()) {
      const shift = bias?.load(column.add(j), { mask })
      const value = finishProduct(sum, options, { scale, shift, before: () => result.load(place.add(j), { mask }) })
      result.store(place.add(j), value, { mask })
    }
  })
  return b.build()
}
