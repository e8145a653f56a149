import { type Expression, type Kernel, KernelBuilder, type Memory } from '../../kernels/index.ts'
import { sumDeclarations, type SumKernelOptions, sumPathEntry } from './sum-declarations.ts'
import { UnitProduct } from './unit-product.ts'
import type { UnitShape } from './unit-shape.ts'

export interface UnitSumOptions extends SumKernelOptions {
  readonly unit: UnitShape
  /** Elements of x and g that are moved at once; they divide everything that places them, which is counted in them. */
  readonly vectors: { readonly x: number; readonly g: number }
}

/**
 * What `sumKernel` computes, by matrix units: a block of sums a program, entries are the steps of its products, one inner step of a path
 * after another. All paths of a block have one factor.
 */
export function unitSumKernel(options: UnitSumOptions): Kernel {
  const { unit, unitX, unitG, vectors, math } = options
  const b = new KernelBuilder('unitSum', { lanes: unit.lanes, gridRank: 3 })
  const { x, g, sums, paths, factors, order, xIndices, gIndices, ...own } = sumDeclarations(b, options, 'write')
  const { firstPath, lastPath, firstRow, firstColumn, rows, columns, rowStride, xStride, gStride, target, first, count } = own
  const entries = count.max(0)
  const elementOf = (indices: Memory | undefined, stride: Expression, step: Expression, other: Expression, extent: Expression) => {
    const place = first.add(step)
    const mask = step.less(entries).and(other.less(extent))
    const entry = order ? order.entries.load(place, { mask }).convert('index') : place
    return { mask, row: (indices ? indices.load(entry, { mask }).convert('index') : entry).mul(stride) }
  }
  const product = new UnitProduct(b, unit)
  const none = b.constant(math, 0)
  const [factor, ...totals] = b.loop(firstPath, lastPath, { carry: [none, ...product.zero()] }, (path, [, ...before]) => {
    const ofPath = (j: number) => paths.load(path.mul(sumPathEntry).add(j)).convert('index')
    const [inner, xOffset, xInner, xRow, gOffset, gInner, gColumn] = [ofPath(0), ofPath(1), ofPath(2), ofPath(3), ofPath(4), ofPath(5), ofPath(6)]
    const after = b.loop(0, inner, { carry: before }, (component, own) => {
      const xBase = xOffset.add(component.mul(xInner)).add(firstRow.mul(xRow)).mul(vectors.x)
      const gBase = gOffset.add(component.mul(gInner)).add(firstColumn.mul(gColumn)).mul(vectors.g)
      return product.add(own, entries, {
        memory: x,
        vector: vectors.x,
        element: (r, s, start) => {
          const { mask, row } = elementOf(xIndices, xStride.mul(vectors.x), start.add(s), r, rows)
          return { mask, position: xBase.add(row).add(unitX ? r : r.mul(xRow)) }
        },
      }, {
        memory: g,
        vector: vectors.g,
        element: (s, c, start) => {
          const { mask, row } = elementOf(gIndices, gStride.mul(vectors.g), start.add(s), c, columns)
          return { mask, position: gBase.add(row).add(unitG ? c : c.mul(gColumn)) }
        },
      })
    })
    return [factors.load(path), ...after]
  })
  product.finish(totals, 1, (r, c, [sum]) => {
    if (sum) sums.store(target.add(r.mul(rowStride)).add(c), sum.mul(factor), { mask: r.less(rows).and(c.less(columns)) })
  })
  return b.build()
}
