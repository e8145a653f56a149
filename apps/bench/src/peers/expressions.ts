import type { SegmentedPolynomial } from '@equivar/core'
import type { RawArray } from '../cases/arrays.ts'
import type { CaseInput } from '../cases/case.ts'
import { convolutionIrreps, convolutionPolynomial, linearPolynomial } from '../cases/operations.ts'
import type { TensorLibrary } from './tensor-library.ts'

type Numbers = Exclude<RawArray, BigInt64Array>

/** A forward pass as dense operations. */
export interface Expression {
  /** Arrays that change from one call to the next; all others are constants. */
  readonly inputs: readonly { readonly name: string; readonly data: Numbers; readonly shape: readonly number[] }[]
  apply<T>(library: TensorLibrary<T>, inputs: readonly T[]): T
}

/** The forward pass of a case for libraries without segmented polynomials; `null` where it would be no fair one, or is not expressed. */
export function expressionOf(input: CaseInput): Expression | null {
  if (input.dtype !== 'f32') return null
  if (input.name === 'E') return harmonics(input)
  if (/^C(?:m\d+)?$/.test(input.name)) return linear(input)
  // Sums over receivers as products with a sparse matrix are no match for the large ones.
  return input.name === 'A5' ? convolution(input) : null
}

function numbers({ arrays }: CaseInput, name: string): Expression['inputs'][number] {
  const data = arrays.read(name)
  if (data instanceof BigInt64Array) throw new Error(`${name} holds 64-bit integers`)
  return { name, data, shape: arrays.shape(name) }
}

/** The paths of a polynomial that is one tensor product. */
function pathsOf(polynomial: SegmentedPolynomial) {
  const [first] = polynomial.operations
  if (!first || polynomial.operations.length !== 1) throw new Error('the polynomial is not one tensor product')
  const { operands, paths } = first[1]
  /** Where a segment of an operand lies, and its shape. */
  const place = (operand: number, segment: number) => {
    const segments = operands[operand]?.segments ?? []
    const sizes = segments.map((shape) => shape.reduce((product, extent) => product * extent, 1))
    const start = sizes.slice(0, segment).reduce((sum, size) => sum + size, 0)
    return { start, end: start + (sizes[segment] ?? 0), shape: segments[segment] ?? [] }
  }
  return { paths, place }
}

/** `y[(n i), v] = Σ_u c w[u, v] x[(n i), u]` for every irrep. */
function linear(input: CaseInput): Expression {
  const { paths, place } = pathsOf(linearPolynomial(input.name))
  const [features, weights] = [numbers(input, 'features'), numbers(input, 'weights')]
  const [rows = 0] = features.shape
  return {
    inputs: [features],
    apply: (library, [x]) => {
      const parts = paths.map(({ indices: [w = 0, from = 0, to = 0], coefficients }) => {
        const [weight, source, target] = [place(0, w), place(1, from), place(2, to)]
        const [i = 1, u = 1] = source.shape
        const scaled = Float32Array.from(weights.data.subarray(weight.start, weight.end), (value) => value * (coefficients.data[0] ?? 0))
        const inputs = library.reshape(library.columns(required(x), source.start, source.end), [rows * i, u])
        const dense = library.matmul(inputs, library.constant(scaled, weight.shape))
        return { to, part: library.reshape(dense, [rows, target.end - target.start]) }
      })
      return library.concatenate(parts.sort((a, b) => a.to - b.to).map(({ part }) => part))
    },
  }
}

/** Per edge `m[k, i] = Σ_j c[i, j, k] y[j]`, then `w[u] Σ_i m[k, i] x[i, u]`, summed over the edges of a receiver. */
function convolution(input: CaseInput): Expression {
  const { paths, place } = pathsOf(convolutionPolynomial(convolutionIrreps(input.name)))
  const named = ['weights', 'features', 'harmonics'].map((name) => numbers(input, name))
  const [senders, receivers] = ['senders', 'receivers'].map((name) => Int32Array.from(numbers(input, name).data)) as [Int32Array, Int32Array]
  const edges = senders.length
  const [rows = 0] = named[1]?.shape ?? []
  return {
    inputs: named,
    apply: (library, [w, x, y]) => {
      const sources = library.takeRows(required(x), senders)
      const parts = paths.map(({ indices: [weight = 0, from = 0, harmonic = 0, to = 0], coefficients }) => {
        const [a, b, c, d] = [place(0, weight), place(1, from), place(2, harmonic), place(3, to)]
        const [ni = 1, nj = 1, nk = 1] = coefficients.shape
        const mul = (d.end - d.start) / nk
        const table = Float32Array.from({ length: nj * nk * ni }, (_, n) => {
          const [j, k, i] = [Math.floor(n / (nk * ni)), Math.floor(n / ni) % nk, n % ni]
          return coefficients.data[(i * nj + j) * nk + k] ?? 0
        })
        const matrix = library.reshape(library.matmul(library.columns(required(y), c.start, c.end), library.constant(table, [nj, nk * ni])), [edges, nk, ni])
        const product = library.matmul(matrix, library.reshape(library.columns(sources, b.start, b.end), [edges, ni, mul]))
        const weighted = library.mul(product, library.reshape(library.columns(required(w), a.start, a.end), [edges, 1, mul]))
        return { to, part: library.reshape(weighted, [edges, nk * mul]) }
      })
      return library.sumRows(library.concatenate(parts.sort((p, q) => p.to - q.to).map(({ part }) => part)), receivers, rows)
    },
  }
}

/** Real harmonics of degrees 0 to 3 with polar axis y, `Σ_m Y² = 2 l + 1`. */
function harmonics(input: CaseInput): Expression {
  const vectors = numbers(input, 'vectors')
  return {
    inputs: [vectors],
    apply: (library, [v]) => {
      const { add, sub, mul, div } = library
      const axis = (k: number) => library.columns(required(v), k, k + 1)
      const norm = library.sqrt([0, 1, 2].map((k) => mul(axis(k), axis(k))).reduce((sum, square) => add(sum, square)))
      const [x, y, z] = [0, 1, 2].map((k) => div(axis(k), norm)) as [typeof norm, typeof norm, typeof norm]
      const times = (factor: number, ...values: readonly (typeof norm)[]) => {
        const constant = library.constant(Float32Array.of(factor), [1, 1])
        return values.reduceRight((product, value) => mul(value, product), constant)
      }
      const [xx, yy, zz] = [mul(x, x), mul(y, y), mul(z, z)]
      const ring = sub(sub(times(4, yy), xx), zz)
      return library.concatenate([
        add(times(0, x), times(1)),
        ...[x, y, z].map((value) => times(Math.sqrt(3), value)),
        times(Math.sqrt(15), x, z),
        times(Math.sqrt(15), x, y),
        times(Math.sqrt(5) / 2, sub(sub(times(2, yy), xx), zz)),
        times(Math.sqrt(15), y, z),
        times(Math.sqrt(15) / 2, sub(zz, xx)),
        times(Math.sqrt(35 / 8), x, sub(times(3, zz), xx)),
        times(Math.sqrt(105), x, y, z),
        times(Math.sqrt(21 / 8), x, ring),
        times(Math.sqrt(7) / 2, y, sub(sub(times(2, yy), times(3, xx)), times(3, zz))),
        times(Math.sqrt(21 / 8), z, ring),
        times(Math.sqrt(105) / 2, y, sub(zz, xx)),
        times(Math.sqrt(35 / 8), z, sub(zz, times(3, xx))),
      ])
    },
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('an expression lacks an input')
  return value
}
