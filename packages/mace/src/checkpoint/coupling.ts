import { FormatError } from '@equivar/core'
import type { Coupling, NamedTensor } from '../definition.ts'

/** Entries of one coupling; the largest models in use have some 100,000. */
const maxEntries = 5_000_000
const maxDegree = 8

/**
 * The symmetric part of a generalised Clebsch–Gordan tensor as a sparse list:
 * `value[m, a_1 ≤ … ≤ a_ν, η] = Σ U[m, a_σ(1), …, a_σ(ν), η]` over the distinct permutations of the indices.
 *
 * @param tensor U, shape `[2L+1] + [d]·ν + [paths]`, without the first axis when L = 0.
 * @throws {FormatError} when the shape is another one.
 */
export function symmetrizeCoupling(tensor: NamedTensor, degree: number, numComponents: number, dimension: number, what: string): Coupling {
  const numPaths = tensor.shape.at(-1) ?? 0
  const expected = [...(numComponents > 1 ? [numComponents] : []), ...new Array<number>(degree).fill(dimension), numPaths]
  if (degree > maxDegree) throw new FormatError(`${what}: degree ${degree}, at most ${maxDegree} is understood`)
  if (expected.join() !== tensor.shape.join() || numPaths < 1)
    throw new FormatError(`${what}: tensor has shape [${tensor.shape.join(', ')}], [${expected.slice(0, -1).join(', ')}, paths] fits the model`)
  const sums = sumPermutations(tensor.data, degree, numComponents, dimension, numPaths)
  const threshold = roundingLevel(tensor, degree)
  return { degree, numComponents, numPaths, ...collect(sums, threshold, degree, dimension, numPaths, what) }
}

/** Adds each element to the place of its sorted indices, in a dense array of U's own layout. */
function sumPermutations(data: NamedTensor['data'], degree: number, numComponents: number, dimension: number, numPaths: number): Float64Array {
  const sums = new Float64Array(data.length)
  const block = dimension ** degree
  const indices = new Array<number>(degree).fill(0)
  for (let tuple = 0; tuple < block; tuple++) {
    const target = sortedPosition(tuple, indices, dimension)
    for (let m = 0; m < numComponents; m++) {
      const [from, to] = [(m * block + tuple) * numPaths, (m * block + target) * numPaths]
      for (let path = 0; path < numPaths; path++) sums[to + path] = (sums[to + path] ?? 0) + (data[from + path] ?? 0)
    }
  }
  return sums
}

/** Position of the index tuple with its indices in ascending order. */
function sortedPosition(tuple: number, indices: number[], dimension: number): number {
  for (let k = indices.length - 1; k >= 0; k--) {
    indices[k] = tuple % dimension
    tuple = Math.floor(tuple / dimension)
  }
  indices.sort((a, b) => a - b)
  let position = 0
  for (const index of indices) position = position * dimension + index
  return position
}

/** What rounding leaves of sums that cancel. */
function roundingLevel({ data, dtype }: NamedTensor, degree: number): number {
  let largest = 0
  for (const value of data) largest = Math.max(largest, Math.abs(value))
  let permutations = 1
  for (let k = 2; k <= degree; k++) permutations *= k
  return 4 * permutations * (dtype === 'float64' ? 2 ** -52 : 2 ** -23) * largest
}

function collect(sums: Float64Array, threshold: number, degree: number, dimension: number, numPaths: number, what: string): Pick<Coupling, 'indices' | 'values'> {
  let count = 0
  for (const value of sums) if (Math.abs(value) > threshold) count++
  if (count > maxEntries) throw new FormatError(`${what}: ${count} entries, at most ${maxEntries} are accepted; couplings of angular momenta are sparse`)
  const width = degree + 2
  const indices = new Int32Array(count * width)
  const values = new Float64Array(count)
  let entry = 0
  for (let position = 0; position < sums.length; position++) {
    const value = sums[position] ?? 0
    if (!(Math.abs(value) > threshold)) continue
    values[entry] = value
    let rest = position
    indices[entry * width + width - 1] = rest % numPaths
    rest = Math.floor(rest / numPaths)
    for (let k = degree; k > 0; k--) {
      indices[entry * width + k] = rest % dimension
      rest = Math.floor(rest / dimension)
    }
    indices[entry * width] = rest
    entry++
  }
  return { indices, values }
}
