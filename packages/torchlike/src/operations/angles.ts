import * as engine from '@equivar/engine'
import type { NDArray } from '@equivar/engine'

const halvings = 6
const terms = 8

/**
 * The angle of the vectors (x, y) from the axis x, in [−π, π]; 0 for the zero vector. To rounding: the angle is halved by
 * (x, y) → (x + |(x, y)|, y) until a few terms of `atan t = Σ (−1)ᵏ t²ᵏ⁺¹ / (2k + 1)` do. Made of primitives, so derivatives of any order exist.
 */
export function angleOf(y: NDArray, x: NDArray): NDArray {
  const isLeft = engine.less(x, 0)
  const isUp = engine.greaterEqual(y, 0)
  const side = engine.where(isUp, engine.onesLike(y), -1)
  const height = engine.mul(y, side)
  // Vectors on the left are turned by a quarter, so that no difference of nearly equal numbers is taken.
  const quarter = angleOnRight(engine.where(isLeft, engine.neg(x), height), engine.where(isLeft, height, x))
  return engine.mul(engine.where(isLeft, engine.add(quarter, Math.PI / 2), quarter), side)
}

/** For x ≥ 0. */
function angleOnRight(y: NDArray, x: NDArray): NDArray {
  let width = x
  for (let i = 0; i < halvings; i++) width = engine.add(width, engine.norm(engine.stack([width, y], -1), { axes: -1 }))
  const t = engine.div(y, engine.where(engine.equal(width, 0), 1, width))
  const squared = engine.square(t)
  let sum = engine.mul(squared, 0)
  for (let k = terms - 1; k >= 0; k--) sum = engine.add(engine.mul(sum, squared), (k % 2 === 0 ? 1 : -1) / (2 * k + 1))
  return engine.mul(engine.mul(t, sum), 2 ** halvings)
}
