import { type Expression, type KernelBuilder, type Memory, type Operand, varying } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'
import type { TileShape } from './tile.ts'

/** Where the factors of a tile are: an element of a row (uniform), a vector of columns (varying), both at step `k` of the sum. */
export interface Factors {
  readonly length: Expression
  a(row: number, k: Expression): Expression
  b(vector: number, k: Expression): Expression
}

/** Zeros for the sums of a tile. */
export function zeros(b: KernelBuilder, scalar: FloatScalar, count: number): Expression[] {
  return Array.from({ length: count }, () => b.constant(scalar, 0))
}

/** `sums[row, vector] + Σ_k a[row, k] · b[k, vector]`, in the order of k; row by row. */
export function addProducts(b: KernelBuilder, sums: readonly Expression[], { vectors }: TileShape, factors: Factors): readonly Expression[] {
  return b.loop(0, factors.length, { carry: sums.map((sum) => varying(sum)) }, (k, before) => {
    const columns = Array.from({ length: vectors }, (_, v) => factors.b(v, k))
    const next: Expression[] = []
    for (let r = 0; r < sums.length / vectors; r++) {
      const element = factors.a(r, k)
      for (const [v, value] of columns.entries()) {
        const sum = before[r * vectors + v]
        if (sum) next.push(element.fma(value, sum))
      }
    }
    return next
  })
}

/** A vector of elements `stride` apart from `base` on; `active` lanes of it. */
export function loadColumns(b: KernelBuilder, memory: Memory, base: Expression, stride: Operand | 'unit', active: Expression | undefined): Expression {
  if (stride === 'unit') return memory.loadLanes(base, active ? { active } : {})
  const position = base.add(b.lane().mul(stride))
  return memory.load(position, active ? { mask: b.lane().less(active) } : {})
}

export function storeColumns(b: KernelBuilder, memory: Memory, base: Expression, stride: Operand | 'unit', value: Expression, active: Expression | undefined): void {
  if (stride === 'unit') memory.storeLanes(base, value, active ? { active } : {})
  else memory.store(base.add(b.lane().mul(stride)), value, active ? { mask: b.lane().less(active) } : {})
}

/** Runs `whole` where `columns` of them are left, and the masked form otherwise. */
export function atEdge(b: KernelBuilder, left: Expression, width: number, run: (active: Expression | undefined) => void): void {
  b.branch(
    left.greaterEqual(width),
    () => {
      run(undefined)
    },
    () => {
      run(left)
    },
  )
}

/** In another type, if it is another. */
export function as(value: Expression, scalar: FloatScalar): Expression {
  return value.scalar === scalar ? value : value.convert(scalar)
}
