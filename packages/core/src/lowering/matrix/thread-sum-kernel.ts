import { type Expression, type Kernel, KernelBuilder, type Memory, varying } from '../../kernels/index.ts'
import { as, loadColumns, storeColumns, zeros } from './products.ts'
import { sumDeclarations, type SumKernelOptions, sumPathEntry } from './sum-declarations.ts'

/** Steps of the sum whose elements of g are asked for at once. */
const stepsAtOnce = 2
/** Steps whose elements of x are asked for at once, at most. */
const mostRowsAtOnce = 8

/**
 * What `sumKernel` computes, for lanes that are threads: a program keeps the sums of its block in registers while it walks over its
 * share of the entries, `shape.rows` rows by `shape.width` columns. Elements of x come through the memory of the program, `[step][row]`.
 */
export function threadSumKernel(options: SumKernelOptions): Kernel {
  const { shape, math, sums: scalar, unitX, unitG } = options
  const { rows: tileRows, vectors, lanes, depth } = shape
  const b = new KernelBuilder('sumOfProducts', { lanes, gridRank: 3 })
  const { x, g, sums, paths, factors, order, xIndices, gIndices, ...own } = sumDeclarations(b, options, 'write')
  const { firstPath, lastPath, firstRow, firstColumn, rows, columns, rowStride, xStride, gStride, target, first, count } = own
  const [xs, sources, components] = [b.shared('xs', math, depth * tileRows), b.shared('sources', 'i32', depth), b.shared('components', 'i32', depth)]

  const rowsAtOnce = Math.min(mostRowsAtOnce, depth)
  const none = () => zeros(b, math, tileRows * vectors).map((zero) => varying(zero))
  const totals = b.loop(firstPath, lastPath, { carry: none() }, (path, sofar) => {
    const ofPath = (j: number) => paths.load(path.mul(sumPathEntry).add(j)).convert('index')
    const [inner, xOffset, xInner, xRow, gOffset, gInner, gColumn] = [ofPath(0), ofPath(1), ofPath(2), ofPath(3), ofPath(4), ofPath(5), ofPath(6)]
    const steps = count.mul(inner)
    const products = b.loop(0, steps, { step: depth, carry: none() }, (start, sumsBefore) => {
      const length = steps.sub(start).min(depth)
      b.barrier()
      b.loop(0, length, { step: rowsAtOnce }, (step) => {
        // Steps beyond the last repeat it; nobody reads them.
        const places = Array.from({ length: rowsAtOnce }, (_, j) => {
          const at = start.add(step.add(j).min(length.sub(1)))
          const [place, component] = [first.add(at.div(inner)), at.rem(inner)]
          return { component, entry: order ? order.entries.load(place).convert('index') : place }
        })
        const source = (indices: Memory | undefined, entry: Expression) => (indices ? indices.load(entry).convert('index') : entry)
        const values = places.map(({ component, entry }) => {
          const base = source(xIndices, entry).mul(xStride).add(xOffset).add(component.mul(xInner)).add(firstRow.mul(xRow))
          return as(loadColumns(b, x, base, unitX ? 'unit' : xRow, rows), math)
        })
        for (const [j, { component, entry }] of places.entries()) {
          const value = values[j]
          if (value) xs.storeLanes(step.add(j).mul(tileRows), value, { active: tileRows })
          sources.store(step.add(j), source(gIndices, entry).convert('i32'))
          components.store(step.add(j), component.convert('i32'))
        }
      })
      b.barrier()
      const add = (step: Expression, inside: readonly Expression[], number: number): readonly Expression[] => {
        const numbers = [...Array(number).keys()]
        const bases = numbers.map((j) => {
          const [source, component] = [sources.load(step.add(j)).convert('index'), components.load(step.add(j)).convert('index')]
          return source.mul(gStride).add(gOffset).add(component.mul(gInner)).add(firstColumn.mul(gColumn))
        })
        const vectorsOf = bases.map((base) =>
          Array.from({ length: vectors }, (_, v) => {
            const shift = unitG ? v * lanes : gColumn.mul(v * lanes)
            return as(loadColumns(b, g, base.add(shift), unitG ? 'unit' : gColumn, columns.sub(v * lanes)), math)
          }),
        )
        return numbers.reduce<readonly Expression[]>((sum, j) => {
          const elements = Array.from({ length: tileRows }, (_, r) => xs.load(step.add(j).mul(tileRows).add(r)))
          return sum.flatMap((total, position) => {
            const [element, column] = [elements[Math.floor(position / vectors)], vectorsOf[j]?.[position % vectors]]
            return element && column ? [element.fma(column, total)] : []
          })
        }, inside)
      }
      const whole = length.div(stepsAtOnce).mul(stepsAtOnce)
      const most = b.loop(0, whole, { step: stepsAtOnce, carry: sumsBefore }, (step, inside) => add(step, inside, stepsAtOnce))
      return b.loop(whole, length, { carry: most }, (step, inside) => add(step, inside, 1))
    })
    const factor = factors.load(path)
    return products.flatMap((sum, position) => {
      const total = sofar[position]
      return total ? [sum.fma(factor, total)] : []
    })
  })
  for (let r = 0; r < tileRows; r++)
    b.branch(rows.greater(r), () => {
      for (let v = 0; v < vectors; v++) {
        const total = totals[r * vectors + v]
        if (total) storeColumns(b, sums, target.add(rowStride.mul(r)).add(v * lanes), 'unit', as(total, scalar), columns.sub(v * lanes))
      }
    })
  return b.build()
}
