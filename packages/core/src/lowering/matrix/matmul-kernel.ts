import { type Expression, type Kernel, KernelBuilder } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'
import { finishProduct, type ProductEnd } from './epilogue.ts'
import { addProducts, atEdge, loadColumns, stepMemory, storeColumns, zeros } from './products.ts'
import type { TileShape } from './tile.ts'

export interface MatmulKernelOptions extends ProductEnd {
  readonly shape: TileShape
  readonly scalar: FloatScalar
  /** Rows of the left matrices lie at distance one instead of steps of the sum. */
  readonly transposeA: boolean
  /** Columns of the right matrices lie in panels, see `packKernel`, or as they are, at distance one. */
  readonly packed: boolean
}

/**
 * `c[batch] = activation(scale · a[batch] · b[batch] + bias)`, or that added to what is there. Grid: (blocks of rows, blocks of columns,
 * batch). Matrices of a and b that belong to entry t of the batch begin at `(t div inner) · outer stride + (t mod inner) · inner stride`.
 */
export function matmulKernel(options: MatmulKernelOptions): Kernel {
  const { shape, scalar, transposeA, packed } = options
  const { rows, vectors, width, lanes } = shape
  const b = new KernelBuilder('matmul', { lanes, gridRank: 3 })
  const parameter = (name: string) => b.parameter(name, 'index')
  const [m, n, k] = [parameter('m'), parameter('n'), parameter('k')]
  const [rowBlock, columnBlock] = [parameter('rowBlock'), parameter('columnBlock')]
  const [inner, aOuter, aInner, bOuter, bInner] = [parameter('inner'), parameter('aOuter'), parameter('aInner'), parameter('bOuter'), parameter('bInner')]
  const [aStart, bStart, cStart] = [parameter('aStart'), parameter('bStart'), parameter('cStart')]
  const scale = options.scaled ? b.parameter('scale', scalar) : undefined
  const left = b.buffer('a', scalar, 'read')
  const right = b.buffer('b', scalar, 'read')
  const result = b.buffer('c', scalar, options.accumulate ? 'readWrite' : 'write')
  const bias = options.bias ? b.buffer('bias', scalar, 'read') : undefined

  const steps = stepMemory(b, shape, scalar)

  const batch = b.programId(2)
  const at = (start: Expression, outer: Expression, own: Expression) => start.add(batch.div(inner).mul(outer)).add(batch.rem(inner).mul(own))
  const [aBase, bBase] = [at(aStart, aOuter, aInner), at(bStart, bOuter, bInner)]
  const cBase = cStart.add(batch.mul(m).mul(n))
  const [firstRow, firstColumn] = [b.programId(0).mul(rowBlock), b.programId(1).mul(columnBlock)]
  const [lastRow, lastColumn] = [firstRow.add(rowBlock).min(m), firstColumn.add(columnBlock).min(n)]

  b.loop(firstColumn, lastColumn, { step: width }, (column) => {
    const remaining = n.sub(column)
    const panel = packed ? bBase.add(column.mul(k)) : bBase.add(column)
    b.loop(firstRow, lastRow, { step: rows }, (row) => {
      // Rows beyond the last repeat it: they compute and store the same.
      const own = Array.from({ length: rows }, (_, r) => (r === 0 ? row : row.add(r).min(m.sub(1))))
      const starts = own.map((r) => (transposeA ? aBase.add(r) : aBase.add(r.mul(k))))
      const sums = (active: Expression | undefined) =>
        addProducts(b, zeros(b, scalar, rows * vectors), shape, {
          length: k,
          a: (r, step, mask) => left.load((starts[r] ?? aBase).add(transposeA ? step.mul(m) : step), mask ? { mask } : {}),
          b: (v, step) =>
            packed
              ? right.loadLanes(panel.add(step.mul(width)).add(v * lanes))
              : loadColumns(b, right, panel.add(step.mul(n)).add(v * lanes), 'unit', active?.sub(v * lanes)),
        }, steps)
      const finish = (totals: readonly Expression[], active: Expression | undefined) => {
        for (let v = 0; v < vectors; v++) {
          const only = active?.sub(v * lanes)
          const shift = bias && loadColumns(b, bias, column.add(v * lanes), 'unit', only)
          const places = own.map((r) => cBase.add(r.mul(n)).add(column).add(v * lanes))
          const values = places.map((place, r) => {
            const total = totals[r * vectors + v]
            return total && finishProduct(total, options, { scale, shift, before: () => loadColumns(b, result, place, 'unit', only) })
          })
          for (const [r, place] of places.entries()) {
            const value = values[r]
            if (value) storeColumns(b, result, place, 'unit', value, only)
          }
        }
      }
      if (packed) {
        const totals = sums(undefined)
        atEdge(b, remaining, width, (active) => {
          finish(totals, active)
        })
      } else {
        atEdge(b, remaining, width, (active) => {
          finish(sums(active), active)
        })
      }
    })
  })
  return b.build()
}
