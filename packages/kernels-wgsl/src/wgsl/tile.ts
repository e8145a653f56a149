import type * as kernels from '@equivar/core/kernels'
import type { MemoryPrinter } from './memory.ts'
import type { PrinterState } from './state.ts'

/** Rows that a lane multiplies with one column at once, so that an element of the right tile serves several sums. */
const rowsAtOnce = [4, 3, 2, 1]

/** `target[i, j] += Σ_k a[i, k] · b[k, j]`: a lane owns columns of some rows, with their sums in registers. */
export function multiplyTiles(state: PrinterState, memory: MemoryPrinter, { rows, columns, depth, target, a, b }: kernels.TileInstruction): void {
  const height = rowsAtOnce.find((count) => rows % count === 0) ?? 1
  const [cell, row, column, k] = [state.temporary(), state.temporary(), state.temporary(), state.temporary()]
  const at = ({ offset, order, stride }: kernels.TileRef, i: string, j: string) => {
    const [far, near] = order === 'rows' ? [i, j] : [j, i]
    return `${state.use(offset)} + (${far}) * ${stride} + ${near}`
  }
  const shared = ({ slot }: kernels.TileRef): kernels.MemoryRef => ({ space: 'shared', slot })
  const own = Array.from({ length: height }, (_, r) => ({ row: `${row} + ${r}`, sum: state.temporary() }))
  const { lanes } = state.group
  state.block(`for (var ${cell} = ${state.lane}; ${cell} < ${(rows / height) * columns}; ${cell} += ${lanes})`, () => {
    state.line(`let ${row} = ${cell} / ${columns} * ${height};`)
    state.line(`let ${column} = ${cell} % ${columns};`)
    for (const { row: i, sum } of own) state.line(`var ${sum} = ${memory.read(shared(target), at(target, i, column))};`)
    state.block(`for (var ${k} = 0i; ${k} < ${depth}; ${k}++)`, () => {
      const right = state.temporary()
      state.line(`let ${right} = ${memory.read(shared(b), at(b, k, column))};`)
      for (const { row: i, sum } of own) state.line(`${sum} = fma(${memory.read(shared(a), at(a, i, k))}, ${right}, ${sum});`)
    })
    for (const { row: i, sum } of own) state.line(memory.write(shared(target), at(target, i, column), sum))
  })
}
