import { type Expression, type KernelBuilder, type Memory, type Operand, varying } from '../../kernels/index.ts'
import type { FloatScalar } from '../request.ts'
import type { TileShape } from './tile.ts'

/** Where the factors of a tile are: an element of a row, a vector of columns (varying), both at step `k` of the sum. */
export interface Factors {
  readonly length: Expression
  /** Uniform for a uniform step; lane by lane for a varying one, where the mask holds. */
  a(row: number, k: Expression, mask?: Expression): Expression
  b(vector: number, k: Expression): Expression
}

/** Steps whose elements of a row are read at once. */
const stepsAtOnce = 4

/** Memory for elements of rows, if the shape asks for it: `[row][step]`. */
export function stepMemory(b: KernelBuilder, { rows, depth }: TileShape, scalar: FloatScalar): Memory | undefined {
  return depth > 0 ? b.shared('steps', scalar, rows * depth) : undefined
}

/** Zeros for the sums of a tile. */
export function zeros(b: KernelBuilder, scalar: FloatScalar, count: number): Expression[] {
  return Array.from({ length: count }, () => b.constant(scalar, 0))
}

/** `sums[row, vector] + Σ_k a[row, k] · b[k, vector]`, in the order of k; row by row. */
export function addProducts(b: KernelBuilder, sums: readonly Expression[], shape: TileShape, factors: Factors, memory?: Memory): readonly Expression[] {
  const rows = sums.length / shape.vectors
  const carry = sums.map((sum) => varying(sum))
  if (!memory) return b.loop(0, factors.length, { carry }, (k, before) => addStep(before, shape, (r) => factors.a(r, k), (v) => factors.b(v, k)))
  const { depth } = shape
  return b.loop(0, factors.length, { step: depth, carry }, (first, before) => {
    const count = factors.length.sub(first).min(depth)
    b.barrier()
    const mask = b.lane().less(count)
    for (let r = 0; r < rows; r++) memory.storeLanes(r * depth, factors.a(r, first.add(b.lane()), mask))
    b.barrier()
    const step = (k: Expression, inside: readonly Expression[], steps: number): readonly Expression[] => {
      const elements = Array.from({ length: rows }, (_, r) => Array.from({ length: steps }, (_, j) => memory.load(k.add(r * depth + j))))
      return Array.from({ length: steps }).reduce<readonly Expression[]>(
        (sofar, _, j) => addStep(sofar, shape, (r) => elements[r]?.[j], (v) => factors.b(v, first.add(k).add(j))),
        inside,
      )
    }
    const whole = count.div(stepsAtOnce).mul(stepsAtOnce)
    const most = b.loop(0, whole, { step: stepsAtOnce, carry: before }, (k, inside) => step(k, inside, stepsAtOnce))
    return b.loop(whole, count, { carry: most }, (k, inside) => step(k, inside, 1))
  })
}

/** One step of the sum. */
function addStep(
  sums: readonly Expression[],
  { vectors }: TileShape,
  element: (row: number) => Expression | undefined,
  vector: (v: number) => Expression,
): readonly Expression[] {
  const columns = Array.from({ length: vectors }, (_, v) => vector(v))
  return sums.flatMap((sum, position) => {
    const [own, column] = [element(Math.floor(position / vectors)), columns[position % vectors]]
    return own && column ? [own.fma(column, sum)] : []
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
