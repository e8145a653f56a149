/** Small fixed-size vector algebra on plain numbers; a matrix is 9 numbers, row-major. */
export type Vector3 = readonly [number, number, number]
export type Matrix3 = readonly [Vector3, Vector3, Vector3]

export function dot(a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

export function cross(a: Vector3, b: Vector3): Vector3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

function scale(a: Vector3, factor: number): Vector3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor]
}

export function norm(a: Vector3): number {
  return Math.hypot(a[0], a[1], a[2])
}

export function unit(a: Vector3): Vector3 {
  return scale(a, 1 / norm(a))
}

/** `rows[0] · (rows[1] × rows[2])`. */
export function determinant(rows: Matrix3): number {
  return dot(rows[0], cross(rows[1], rows[2]))
}

/** Row k of nine numbers. */
export function row(matrix: ArrayLike<number>, k: number): Vector3 {
  return [matrix[3 * k] ?? NaN, matrix[3 * k + 1] ?? NaN, matrix[3 * k + 2] ?? NaN]
}

export function rows(matrix: ArrayLike<number>): Matrix3 {
  return [row(matrix, 0), row(matrix, 1), row(matrix, 2)]
}

/**
 * Columns g_k of the inverse of a matrix with rows a_k, so that a_i · g_k = δ_ik. The fractional coordinate of r
 * along row k is r · g_k, and planes of constant fractional coordinate k lie 1/|g_k| apart.
 */
export function reciprocal(a: Matrix3): Matrix3 {
  const volume = determinant(a)
  return [scale(cross(a[1], a[2]), 1 / volume), scale(cross(a[2], a[0]), 1 / volume), scale(cross(a[0], a[1]), 1 / volume)]
}

/** Any unit vector perpendicular to a non-zero vector. */
export function perpendicular(a: Vector3): Vector3 {
  const x = Math.abs(a[0])
  const y = Math.abs(a[1])
  const z = Math.abs(a[2])
  // The coordinate axis farthest from `a` keeps the cross product well away from zero.
  const axis: Vector3 = x <= y && x <= z ? [1, 0, 0] : y <= z ? [0, 1, 0] : [0, 0, 1]
  return unit(cross(unit(a), axis))
}
