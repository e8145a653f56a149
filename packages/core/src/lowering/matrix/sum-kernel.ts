import { type Expression, type Kernel, KernelBuilder, type Memory, varying } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'
import { sumDeclarations, type SumKernelOptions, sumPathEntry } from './sum-declarations.ts'
import { addProducts, as, atEdge, loadColumns, zeros } from './products.ts'

/**
 * `sums[before + part][s][row, column] = Σ_paths factor · Σ_e Σ_inner x[e][inner, row] · g[e][inner, column]` over one part of the entries e of
 * row s: how gradients of shared matrices are made. Grid: (parts, blocks, rows of sums); the parts are equal shares of the entries.
 *
 * A block: first and last path, first row, first column, numbers of rows and columns, where its first element is in a row of sums,
 * and the distance of its rows. A path: inner extent, offset and distances of inner steps and rows in x, offset and distances of inner steps and columns in g.
 */
export function sumKernel(options: SumKernelOptions): Kernel {
  const { shape, math, sums: scalar, unitX, unitG, chunk } = options
  const { rows: tileRows, vectors, width, lanes } = shape
  const b = new KernelBuilder('sumOfProducts', { lanes, gridRank: 3 })
  const { x, g, sums, paths, factors, order, xIndices, gIndices, ...share } = sumDeclarations(b, options, 'readWrite')
  const { firstPath, lastPath, firstRow, firstColumn, rows, columns, rowStride, xStride, gStride, target, first, count } = share
  const panelSize = chunk * width
  const numPanels = Math.ceil(options.blockExtent / width)
  const [xs, gs] = [b.shared('xs', math, numPanels * panelSize), b.shared('gs', math, numPanels * panelSize)]

  b.loop(0, rows, {}, (r) => {
    b.loop(0, columns, { step: lanes }, (c) => {
      sums.storeLanes(target.add(r.mul(rowStride)).add(c), 0, { active: columns.sub(c) })
    })
  })
  b.loop(firstPath, lastPath, {}, (path) => {
    const ofPath = (j: number) => paths.load(path.mul(sumPathEntry).add(j)).convert('index')
    const [inner, xOffset, xInner, xRow, gOffset, gInner, gColumn] = [ofPath(0), ofPath(1), ofPath(2), ofPath(3), ofPath(4), ofPath(5), ofPath(6)]
    const factor = factors.load(path)
    const total = count.mul(inner)
    b.loop(0, total, { step: chunk }, (start) => {
      const length = total.sub(start).min(chunk)
      b.barrier()
      b.loop(0, length, {}, (r) => {
        const at = start.add(r)
        const place = first.add(at.div(inner))
        const component = at.rem(inner)
        const entry = order ? order.entries.load(place).convert('index') : place
        const source = (indices: Memory | undefined, stride: Expression) => (indices ? indices.load(entry).convert('index') : entry).mul(stride)
        const copy = (from: Memory, to: Memory, base: Expression, stride: Expression | 'unit', extent: Expression) => {
          b.loop(0, extent, { step: width }, (c) => {
            atEdge(b, extent.sub(c), width, (active) => {
              for (let v = 0; v < vectors; v++) {
                const position = c.add(v * lanes)
                const value = loadColumns(b, from, base.add(stride === 'unit' ? position : position.mul(stride)), stride, active?.sub(v * lanes))
                to.storeLanes(c.mul(chunk).add(r.mul(width)).add(v * lanes), as(value, math))
              }
            })
          })
        }
        const xBase = source(xIndices, xStride).add(xOffset).add(component.mul(xInner)).add(firstRow.mul(xRow))
        copy(x, xs, xBase, unitX ? 'unit' : xRow, rows)
        const gBase = source(gIndices, gStride).add(gOffset).add(component.mul(gInner)).add(firstColumn.mul(gColumn))
        copy(g, gs, gBase, unitG ? 'unit' : gColumn, columns)
      })
      b.barrier()
      b.loop(0, columns, { step: width }, (column) => {
        const remaining = columns.sub(column)
        const panel = column.mul(chunk)
        b.loop(0, rows, { step: tileRows }, (r0) => {
          // Panels of x are as wide as those of g, and a tile takes a part of one.
          const side = r0.div(width).mul(panelSize).add(r0.rem(width))
          const totals = addProducts(b, zeros(b, math, tileRows * vectors), shape, {
            length,
            a: (r, k) => xs.load(side.add(k.mul(width)).add(r)),
            b: (v, k) => gs.loadLanes(panel.add(k.mul(width)).add(v * lanes)),
          })
          const add = (r: number, active: Expression | undefined) => {
            const place = target.add(r0.add(r).mul(rowStride)).add(column)
            const parts = Array.from({ length: vectors }, (_, v) => {
              const options = active ? { active: active.sub(v * lanes) } : {}
              return { position: place.add(v * lanes), options }
            })
            const known = parts.map(({ position, options }) => as(sums.loadLanes(position, options), math))
            for (const [v, { position, options }] of parts.entries()) {
              const [sum, before] = [totals[r * vectors + v], known[v]]
              if (sum && before) sums.storeLanes(position, as(sum.fma(factor, before), scalar), options)
            }
          }
          const isWhole = remaining.greaterEqual(width).and(r0.add(tileRows).lessEqual(rows))
          b.branch(
            isWhole,
            () => {
              for (let r = 0; r < tileRows; r++) add(r, undefined)
            },
            () => {
              for (let r = 0; r < tileRows; r++)
                b.branch(r0.add(r).less(rows), () => {
                  add(r, remaining)
                })
            },
          )
        })
      })
    })
  })
  return b.build()
}

export interface TotalOptions {
  readonly lanes: number
  readonly math: FloatScalar
  readonly scalar: FloatScalar
  /** Vectors of a program. */
  readonly span: number
}

/** Parts that are asked for at once. */
const partsAtOnce = 4

/** `totals[i] = Σ_part parts[part][i]`, in the order of the parts. Grid: spans of `span · lanes` elements. */
export function totalKernel({ lanes, math, scalar, span }: TotalOptions): Kernel {
  const b = new KernelBuilder('totalOfParts', { lanes })
  const [size, numParts] = [b.parameter('size', 'index'), b.parameter('numParts', 'index')]
  const parts = b.buffer('parts', math, 'read')
  const totals = b.buffer('totals', scalar, 'write')
  const start = b.programId().mul(span * lanes)
  b.loop(start, start.add(span * lanes).min(size), { step: lanes }, (at) => {
    const active = size.sub(at)
    const none = varying(b.constant(math, 0))
    const whole = numParts.div(partsAtOnce).mul(partsAtOnce)
    const [most] = b.loop(0, whole, { step: partsAtOnce, carry: [none] }, (part, [sum]) => {
      const own = Array.from({ length: partsAtOnce }, (_, j) => parts.loadLanes(part.add(j).mul(size).add(at), { active }))
      return [own.reduce((total, value) => total.add(value), sum)]
    })
    const [total] = b.loop(whole, numParts, { carry: [most] }, (part, [sum]) => [sum.add(parts.loadLanes(part.mul(size).add(at), { active }))])
    totals.storeLanes(at, as(total, scalar), { active })
  })
  return b.build()
}
