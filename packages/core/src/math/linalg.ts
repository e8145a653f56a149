import { InputError, InternalError, ShapeError } from '../errors.ts'
import { ComplexArray } from './complex-array.ts'
import { einsum } from './einsum.ts'
import { HostArray } from './host-array.ts'

export interface Eigendecomposition {
  /** Eigenvalues, ascending. */
  readonly values: Float64Array
  /** Orthogonal; column `k` belongs to `values[k]`. */
  readonly vectors: HostArray
}

/**
 * `A = V · diag(λ) · Vᵀ` of a symmetric matrix, by cyclic Jacobi rotations: slower than the alternatives and accurate to
 * the last bits, which is what small matrices of representation theory need.
 *
 * @throws {ShapeError} if A is not square. @throws {InputError} if A is not symmetric or holds NaN or infinity.
 */
export function symmetricEigen(matrix: HostArray): Eigendecomposition {
  const n = requireSquare('symmetricEigen', matrix)
  requireFinite('symmetricEigen', matrix)
  const a = Float64Array.from(matrix.data)
  const scale = a.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0)
  if (matrix.maxAbsDifference(matrix.permute([1, 0])) > 1e-9 * scale)
    throw new InputError('symmetricEigen: the matrix differs from its transpose; symmetrise it first')
  const v = Float64Array.from(HostArray.identity(n).data)
  const get = (m: Float64Array, i: number, j: number) => m[i * n + j] ?? 0
  for (let sweep = 0; ; sweep++) {
    let rotated = false
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = get(a, p, q)
        if (Math.abs(apq) <= 1e-17 * scale) continue
        rotated = true
        const theta = (get(a, q, q) - get(a, p, p)) / (2 * apq)
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const c = 1 / Math.hypot(t, 1)
        rotateColumns(a, n, p, q, c, t * c)
        rotateRows(a, n, p, q, c, t * c)
        a[p * n + q] = 0
        a[q * n + p] = 0
        rotateColumns(v, n, p, q, c, t * c)
      }
    if (!rotated) break
    if (sweep > 60) throw new InternalError(`symmetricEigen of a ${n}x${n} matrix did not converge`)
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => get(a, i, i) - get(a, j, j))
  const vectors = new Float64Array(n * n)
  for (const [k, source] of order.entries()) for (let i = 0; i < n; i++) vectors[i * n + k] = get(v, i, source)
  return { values: Float64Array.from(order, (i) => get(a, i, i)), vectors: new HostArray([n, n], vectors) }
}

/** (x_p, x_q) ← (c·x_p − s·x_q, s·x_p + c·x_q) for every row of an m×n matrix. */
function rotateColumns(m: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let row = 0; row < m.length; row += n) {
    const x = m[row + p] ?? 0
    const y = m[row + q] ?? 0
    m[row + p] = c * x - s * y
    m[row + q] = s * x + c * y
  }
}

function rotateRows(m: Float64Array, n: number, p: number, q: number, c: number, s: number): void {
  for (let j = 0; j < n; j++) {
    const x = m[p * n + j] ?? 0
    const y = m[q * n + j] ?? 0
    m[p * n + j] = c * x - s * y
    m[q * n + j] = s * x + c * y
  }
}

export interface SingularValues {
  /** (m, r) with orthonormal columns; r = min(m, n). */
  readonly left: HostArray
  /** r singular values, descending. */
  readonly values: Float64Array
  /** (n, r) with orthonormal columns. */
  readonly right: HostArray
}

/** `A = U · diag(σ) · Vᵀ`, thin, by one-sided Jacobi rotations. Columns of U and V that belong to σ = 0 are zero in U. */
export function singularValues(matrix: HostArray): SingularValues {
  const [m, n] = requireMatrix('singularValues', matrix)
  requireFinite('singularValues', matrix)
  if (m < n) {
    const flipped = singularValues(matrix.permute([1, 0]))
    return { left: flipped.right, values: flipped.values, right: flipped.left }
  }
  const a = Float64Array.from(matrix.data)
  const v = Float64Array.from(HostArray.identity(n).data)
  const columnDot = (p: number, q: number) => {
    let sum = 0
    for (let row = 0; row < a.length; row += n) sum += (a[row + p] ?? 0) * (a[row + q] ?? 0)
    return sum
  }
  const negligible = 1e-32 * a.reduce((sum, value) => sum + value * value, 0)
  for (let sweep = 0; ; sweep++) {
    let rotated = false
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const [pp, qq, pq] = [columnDot(p, p), columnDot(q, q), columnDot(p, q)]
        if (Math.abs(pq) <= negligible || Math.abs(pq) <= 1e-16 * Math.sqrt(pp * qq)) continue
        rotated = true
        const theta = (qq - pp) / (2 * pq)
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1))
        const c = 1 / Math.hypot(t, 1)
        rotateColumns(a, n, p, q, c, t * c)
        rotateColumns(v, n, p, q, c, t * c)
      }
    // Rounding keeps tiny rotations alive for ever; after this many sweeps they no longer change a digit.
    if (!rotated || sweep > 40) break
  }
  const norms = Array.from({ length: n }, (_, k) => Math.sqrt(columnDot(k, k)))
  const order = norms.map((_, k) => k).sort((i, j) => (norms[j] ?? 0) - (norms[i] ?? 0))
  const left = new Float64Array(m * n)
  const right = new Float64Array(n * n)
  for (const [k, source] of order.entries()) {
    const norm = norms[source] ?? 0
    for (let i = 0; i < m; i++) left[i * n + k] = norm === 0 ? 0 : (a[i * n + source] ?? 0) / norm
    for (let i = 0; i < n; i++) right[i * n + k] = v[i * n + source] ?? 0
  }
  return { left: new HostArray([m, n], left), values: Float64Array.from(order, (k) => norms[k] ?? 0), right: new HostArray([n, n], right) }
}

/** Moore–Penrose inverse `A⁺`; singular values below `tolerance · σ_max` count as zero. */
export function pseudoInverse(matrix: HostArray, tolerance = 1e-12): HostArray {
  const { left, values, right } = singularValues(matrix)
  const cut = tolerance * (values[0] ?? 0)
  const inverse = new HostArray([values.length], values.map((value) => (value > cut ? 1 / value : 0)))
  return einsum('ik,k,jk->ij', right, inverse, left)
}

/** The x of least norm that minimises |A·x − b|; b is (m) or (m, k). */
export function leastSquares(matrix: HostArray, b: HostArray, tolerance = 1e-12): HostArray {
  const [m] = requireMatrix('leastSquares', matrix)
  if (b.shape[0] !== m || b.ndim > 2)
    throw new ShapeError(`leastSquares: A has shape [${matrix.shape.join(', ')}] and b [${b.shape.join(', ')}]; b needs ${m} rows`)
  return einsum(b.ndim === 1 ? 'ij,j->i' : 'ij,jk->ik', pseudoInverse(matrix, tolerance), b)
}

/** Orthonormal columns (n, k) that span {x : A·x = 0}; singular values below `tolerance` count as zero. */
export function nullSpace(matrix: HostArray, tolerance = 1e-9): HostArray {
  const [m, n] = requireMatrix('nullSpace', matrix)
  // Zero rows below a wide matrix change nothing but make its decomposition complete.
  const padded = m >= n ? matrix : new HostArray([n, n], Float64Array.from({ length: n * n }, (_, flat) => matrix.data[flat] ?? 0))
  const { values, right } = singularValues(padded)
  const start = values.findIndex((value) => value <= tolerance)
  const count = start < 0 ? 0 : n - start
  const data = new Float64Array(n * count)
  for (let i = 0; i < n; i++) for (let k = 0; k < count; k++) data[i * count + k] = right.get(i, start + k)
  return new HostArray([n, count], data)
}

/** exp(A) of a real matrix: Taylor series of A/2^s, squared s times. */
export function matrixExponential(matrix: HostArray): HostArray {
  const n = requireSquare('matrixExponential', matrix)
  requireFinite('matrixExponential', matrix)
  let norm = 0
  for (let i = 0; i < n; i++) {
    let row = 0
    for (let j = 0; j < n; j++) row += Math.abs(matrix.get(i, j))
    norm = Math.max(norm, row)
  }
  const squarings = Math.max(0, Math.ceil(Math.log2(norm)) + 1)
  const small = matrix.scale(2 ** -squarings)
  let term = HostArray.identity(n)
  let sum = term
  for (let k = 1; k <= 20; k++) {
    term = einsum('ij,jk->ik', term, small).scale(1 / k)
    sum = sum.add(term)
  }
  for (let k = 0; k < squarings; k++) sum = einsum('ij,jk->ik', sum, sum)
  return sum
}

/** exp(A) of a complex matrix, through the real matrix [[re, −im], [im, re]]. */
export function complexMatrixExponential(matrix: ComplexArray): ComplexArray {
  if (matrix.isReal) return new ComplexArray(matrixExponential(matrix.re))
  const n = requireSquare('complexMatrixExponential', matrix.re)
  const real = new Float64Array(4 * n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      real[i * 2 * n + j] = matrix.re.get(i, j)
      real[(n + i) * 2 * n + n + j] = matrix.re.get(i, j)
      real[(n + i) * 2 * n + j] = matrix.im.get(i, j)
      real[i * 2 * n + n + j] = -matrix.im.get(i, j)
    }
  const result = matrixExponential(new HostArray([2 * n, 2 * n], real))
  const part = (row: number) => HostArray.from(Float64Array.from({ length: n * n }, (_, flat) => result.get(row + Math.floor(flat / n), flat % n)), [n, n])
  return new ComplexArray(part(0), part(n))
}

function requireMatrix(what: string, matrix: HostArray): readonly [number, number] {
  const [m, n] = matrix.shape
  if (matrix.ndim !== 2 || m === undefined || n === undefined)
    throw new ShapeError(`${what}: needs a matrix, got shape [${matrix.shape.join(', ')}]; reshape it to two axes`)
  return [m, n]
}

function requireSquare(what: string, matrix: HostArray): number {
  const [m, n] = requireMatrix(what, matrix)
  if (m !== n) throw new ShapeError(`${what}: needs a square matrix, got [${m}, ${n}]`)
  return n
}

function requireFinite(what: string, matrix: HostArray): void {
  const bad = matrix.data.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0) throw new InputError(`${what}: element ${bad} is ${String(matrix.data[bad])}; all elements must be finite`)
}
