import { InternalError } from '@equivar/core'
import * as lowering from '@equivar/core/lowering'
import { type Planner, storageTypes } from './planner.ts'

/** Lowered products by what their kernels depend on; a device's target is the same object every time. */
const known = new WeakMap<lowering.Target, Map<string, lowering.LoweredMatmul>>()

/** `c[…] = op(a[…]) · op(b[…])` by register tiles; see `lowering.lowerMatmul`. */
export const matmulPlanner: Planner<'matmul'> = {
  plan([a, b], { transposeA, transposeB }, [c], target) {
    const [m, n, k] = [c.shape.at(-2) ?? 0, c.shape.at(-1) ?? 0, a.shape.at(transposeA ? -2 : -1) ?? 0]
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
    return lowered(storageTypes[c.dtype], transposeA, transposeB, target).plan({ m, n, k, batchA, batchB })
  },
}

function lowered(scalar: string, transposeA: boolean, transposeB: boolean, target: lowering.Target): lowering.LoweredMatmul {
  if (scalar !== 'f32' && scalar !== 'f64') throw new InternalError(`matmul of ${scalar}: its shape rule lets floating point through only`)
  let own = known.get(target)
  if (!own) known.set(target, (own = new Map<string, lowering.LoweredMatmul>()))
  const key = `${scalar} ${transposeA} ${transposeB}`
  const made = own.get(key) ?? lowering.lowerMatmul({ scalar, transposeA, transposeB }, target)
  own.set(key, made)
  return made
}
