import * as kernels from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import { bothResults } from './run.ts'

type Expression = kernels.Expression

const laneCounts = [1, 3, 4, 5, 8, 13, 32]
const arrayOf = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array } as const

interface Shape {
  readonly lanes: number
  readonly inputs: number
  readonly outputs: number
  readonly scalar: kernels.StorageType
  /** Where outputs begin within their row, of which more is left as it was. */
  readonly skip: number
  readonly isMasked: boolean
  readonly isReversed: boolean
}

/** `y[n, k] = x[n, k mod inputs] + k x[n, 0] + y[n, k]`, a row a lane. */
function rowKernel({ lanes, inputs, outputs, scalar, skip, isMasked, isReversed }: Shape): kernels.Kernel {
  const b = new kernels.KernelBuilder('rows', { lanes })
  const n = b.parameter('n', 'index')
  const [x, y] = [b.buffer('x', scalar, 'read'), b.buffer('y', scalar, 'readWrite')]
  const row = b.programId().mul(lanes).add(b.lane())
  const options = isMasked ? { mask: row.less(n) } : {}
  const from = isReversed ? n.sub(row).sub(1) : row
  const values = Array.from({ length: inputs }, (_, k) => x.load(from.mul(inputs).add(k), options))
  const at = (k: number) => row.mul(outputs + 2 * skip).add(skip + k)
  const before = Array.from({ length: outputs }, (_, k) => y.load(at(k), options))
  b.barrier()
  const value = (k: number): Expression => {
    const [first, own, old] = [values[0], values[k % inputs], before[k]]
    if (!first || !own || !old) throw new Error('a value for every place')
    return own.add(first.mul(k)).add(old)
  }
  // Not in their order, as a kernel may have them.
  const order = Array.from({ length: outputs }, (_, k) => (k * 5) % outputs)
  const places = new Set(order).size === outputs ? order : Array.from({ length: outputs }, (_, k) => k)
  for (const k of places) y.store(at(k), value(k), options)
  return b.build()
}

describe('lanes at a constant distance', () => {
  it.each(laneCounts)('whose elements are side by side, %i lanes', (lanes) => {
    for (const scalar of ['f32', 'f64', 'i32'] as const)
      for (const [inputs, outputs, skip] of [[3, 16, 0], [1, 1, 1], [2, 2, 0], [4, 4, 0], [5, 9, 1], [7, 3, 2]] as const)
        for (const [isMasked, isReversed] of [[true, false], [false, false], [false, true]] as const) {
          const kernel = rowKernel({ lanes, inputs, outputs, scalar, skip, isMasked, isReversed })
          const programs = 3
          const [all, n] = [programs * lanes, programs * lanes - (isMasked ? Math.ceil(lanes / 2) : 0)]
          const make = (length: number) => new arrayOf[scalar](Array.from({ length }, (_, k) => Math.sin(k) * 50))
          const buffers = { x: make(all * inputs), y: make(all * (outputs + 2 * skip)) }
          const { expected, found } = bothResults(kernel, { grid: [programs], parameters: { n }, buffers })
          expect(found, JSON.stringify({ scalar, inputs, outputs, skip, isMasked, isReversed })).toEqual(expected)
        }
  })

  it('are stored before they are read again, and the last of two stores stays', () => {
    const b = new kernels.KernelBuilder('again', { lanes: 4 })
    const x = b.buffer('x', 'f32', 'readWrite')
    const at = (k: number) => b.lane().mul(4).add(k)
    for (let k = 0; k < 4; k++) x.store(at(k), k)
    x.store(at(1), 7)
    b.barrier()
    const back = x.load(at(1))
    b.barrier()
    x.store(at(2), back)
    b.barrier()
    const whole = x.loadLanes(4)
    b.barrier()
    x.storeLanes(0, whole)
    const { expected, found } = bothResults(b.build(), { grid: [1], buffers: { x: new Float32Array(16) } })
    expect(found).toEqual(expected)
  })
})
