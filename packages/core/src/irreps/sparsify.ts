/** Directions and vectors shorter than this, relative to unit length, are zero. */
const tolerance = 1e-9
/** How many candidates are tried for one basis. */
const maxCandidates = 3000

type Vector = readonly number[]

/** The entries of all basis vectors at one place, up to a factor; `count` places share it. */
interface Direction {
  readonly vector: Vector
  readonly count: number
}

/**
 * Another basis of the space that some orthonormal vectors span: unit vectors with few non-zero entries, no longer
 * orthogonal. Candidates are the vectors that vanish in enough chosen places to be unique; the sparsest of them that are
 * linearly independent are taken.
 */
export function sparsified(basis: readonly Float64Array[]): readonly Float64Array[] {
  const n = basis.length
  if (n < 2) return basis
  const directions = directionsOf(basis)
  const candidates = [...subsets(mostFrequent(directions, n), n - 1)].flatMap((subset) => {
    const normals = complement(subset.map(({ vector }) => vector), n)
    return normals.length === 1 ? normals : []
  })
  // The basis itself comes last, so that the result is complete whatever the candidates are.
  const units = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)))
  const ranked = [...candidates, ...units]
    .map((vector) => ({ vector, zeros: countZeros(vector, directions) }))
    .sort((a, b) => b.zeros - a.zeros)
  const chosen: Vector[] = []
  const frame: Vector[] = []
  for (const { vector } of ranked) if (chosen.length < n && extend(frame, vector, 1e-6)) chosen.push(vector)
  return chosen.map((coefficients) => combine(coefficients, basis))
}

function countZeros(vector: Vector, directions: readonly Direction[]): number {
  return directions.reduce((sum, direction) => (Math.abs(dot(vector, direction.vector)) < tolerance ? sum + direction.count : sum), 0)
}

function directionsOf(basis: readonly Float64Array[]): readonly Direction[] {
  const length = basis[0]?.length ?? 0
  const raw: Direction[] = []
  for (let i = 0; i < length; i++) {
    const vector = basis.map((row) => row[i] ?? 0)
    if (vector.some((value) => value !== 0)) raw.push({ vector, count: 1 })
  }
  return mergeDirections(raw)
}

/** Unit vectors with a positive first component, equal ones merged, zero ones left out, the most frequent first. */
function mergeDirections(raw: readonly Direction[]): readonly Direction[] {
  const merged = new Map<string, { vector: Vector; count: number }>()
  for (const { vector, count } of raw) {
    const length = norm(vector)
    if (length < tolerance) continue
    const first = vector.find((value) => Math.abs(value) > tolerance * length) ?? 1
    const unit = vector.map((value) => value / (first < 0 ? -length : length))
    const key = unit.map((value) => Math.round(value * 1e7)).join()
    const known = merged.get(key)
    if (known) known.count += count
    else merged.set(key, { vector: unit, count })
  }
  return [...merged.values()].sort((a, b) => b.count - a.count)
}

/** As many of the first directions as keep the number of their (n − 1)-subsets within bounds. */
function mostFrequent(directions: readonly Direction[], n: number): readonly Direction[] {
  let size = n - 1
  let combinations = 1
  while (size < directions.length && combinations <= maxCandidates) {
    size++
    combinations = (combinations * size) / (size - n + 1)
  }
  return directions.slice(0, size)
}

function* subsets<T>(items: readonly T[], size: number, start = 0): Generator<readonly T[], void> {
  if (size === 0) {
    yield []
    return
  }
  for (const [i, item] of items.entries()) if (i >= start) for (const rest of subsets(items, size - 1, i + 1)) yield [item, ...rest]
}

/** Orthonormal basis of everything in n dimensions that is orthogonal to some vectors. */
function complement(vectors: readonly Vector[], n: number): readonly Vector[] {
  const frame: Vector[] = []
  for (const vector of vectors) extend(frame, vector, 1e-6)
  const given = frame.length
  while (frame.length < n) {
    // The unit vector that sticks out most keeps the numbers accurate.
    const units = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)))
    const lengths = units.map((unit) => norm(reject(unit, frame)))
    extend(frame, units[lengths.indexOf(Math.max(...lengths))] ?? [], 0)
  }
  return frame.slice(given)
}

/** Adds the part of a vector outside an orthonormal frame to it, unless less than `threshold` is left. */
function extend(frame: Vector[], vector: Vector, threshold: number): boolean {
  // The second pass removes what rounding left of the first.
  const rest = reject(reject(vector, frame), frame)
  const length = norm(rest)
  if (length <= threshold) return false
  frame.push(rest.map((value) => value / length))
  return true
}

function reject(vector: Vector, frame: readonly Vector[]): Vector {
  return frame.reduce((rest, axis) => {
    const overlap = dot(rest, axis)
    return rest.map((value, i) => value - overlap * (axis[i] ?? 0))
  }, vector)
}

function combine(coefficients: Vector, basis: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(basis[0]?.length ?? 0)
  for (const [a, vector] of basis.entries()) {
    const factor = coefficients[a] ?? 0
    if (factor !== 0) for (const [i, value] of vector.entries()) out[i] = (out[i] ?? 0) + factor * value
  }
  return out.map((value) => (Math.abs(value) < 1e-12 ? 0 : value))
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
}

function norm(vector: Vector): number {
  return Math.sqrt(dot(vector, vector))
}
