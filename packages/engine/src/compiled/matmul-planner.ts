import { InternalError, lowering } from '@equivar/core'
import { type Planner, storageTypes } from './planner.ts'

/** `c[…] = op(a[…]) · op(b[…])` by register tiles; see `lowering.lowerMatmul`. */
export const matmulPlanner: Planner<'matmul'> = {
  plan([a, b], { transposeA, transposeB }, [c], target) {
    const scalar = storageTypes[c.dtype]
    if (scalar !== 'f32' && scalar !== 'f64') throw new InternalError(`matmul of ${c.dtype}: its shape rule lets floating point through only`)
    const [m, n, k] = [c.shape.at(-2) ?? 0, c.shape.at(-1) ?? 0, a.shape.at(transposeA ? -2 : -1) ?? 0]
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    return lowering.lowerMatmul({ scalar, transposeA, transposeB }, target).plan({ m, n, k, batchA, batchB })
  },
}
