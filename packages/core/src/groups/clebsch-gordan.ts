import { ShapeError } from '../errors.ts'
import { HostArray } from '../math/host-array.ts'
import { commonGroup, type Irrep } from './irrep.ts'
import type { Rep } from './rep.ts'

const caches = new WeakMap<object, Map<string, HostArray>>()

/**
 * `C_sijk`: the s-th way to couple irreps a and b into c, shape (solutions, dim a, dim b, dim c), with
 * `C_ljk X1_li + C_ilk X2_lj = X3_kl C_ijl` and `Σ_ij C_ijk C_ijk' = δ_kk'`. The result is remembered.
 *
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 * @throws {ShapeError} if the group's own function returns another shape.
 */
export function clebschGordan(a: Irrep, b: Irrep, c: Irrep): HostArray {
  const group = commonGroup('clebschGordan', a, b, c)
  let cache = caches.get(group)
  if (!cache) caches.set(group, (cache = new Map<string, HostArray>()))
  const key = `${a.toString()} ${b.toString()} ${c.toString()}`
  let result = cache.get(key)
  if (!result) {
    result = withSolutions(group.clebschGordan(a, b, c), a, b, c, group.label)
    cache.set(key, result)
  }
  return result
}

function withSolutions(array: HostArray, a: Irrep, b: Irrep, c: Irrep, label: string): HostArray {
  const dims = [a.dim, b.dim, c.dim]
  const full = array.ndim === 3 ? array.reshape([1, ...array.shape]) : array
  if (full.ndim !== 4 || dims.some((dim, axis) => full.shape[axis + 1] !== dim))
    throw new ShapeError(
      `clebschGordan of group ${label} returned shape [${array.shape.join(', ')}] for ${a.toString()} x ${b.toString()} -> ${c.toString()}; ` +
        `it must return [solutions, ${dims.join(', ')}] or, for one solution, [${dims.join(', ')}]`,
    )
  // A lone tensor of zeros stands for no solution: wigner3j outside the triangle.
  return array.ndim === 3 && array.data.every((value) => value === 0) ? emptyClebschGordan(a, b, c) : full
}

/** No way to couple a and b into c: shape (0, dim a, dim b, dim c). */
export function emptyClebschGordan(a: Rep, b: Rep, c: Rep): HostArray {
  return HostArray.zeros([0, a.dim, b.dim, c.dim])
}
