import { describe, expect, test } from 'vitest'
import { lowerMatmul, type MatmulRequest, type MatmulSizes } from '../../../src/lowering/index.ts'
import { gpu, lanes, newMemory, numbers, relativeDifference, runPlan, simd, units } from './run-plan.ts'

const activations = { silu: (x: number) => x / (1 + Math.exp(-x)), sigmoid: (x: number) => 1 / (1 + Math.exp(-x)), tanh: Math.tanh }

/** Plain loops. */
function reference(request: MatmulRequest, sizes: MatmulSizes, a: Float64Array, b: Float64Array, bias: Float64Array, before: Float64Array): Float64Array {
  const { m, n, k, batchA = [], batchB = [], scale = 1 } = sizes
  const ndim = Math.max(batchA.length, batchB.length)
  const extent = (batch: readonly number[], axis: number) => batch[batch.length - ndim + axis] ?? 1
  const batch = Array.from({ length: ndim }, (_, axis) => (extent(batchA, axis) === 1 ? extent(batchB, axis) : extent(batchA, axis)))
  const count = batch.reduce((total, e) => total * e, 1)
  const matrixOf = (own: readonly number[], entry: number) => {
    let [rest, position, stride] = [entry, 0, 1]
    for (let axis = ndim - 1; axis >= 0; axis--) {
      const e = extent(own, axis)
      if (e > 1) position += (rest % (batch[axis] ?? 1)) * stride
      rest = Math.floor(rest / (batch[axis] ?? 1))
      stride *= e
    }
    return position
  }
  const c = new Float64Array(count * m * n)
  for (let t = 0; t < count; t++) {
    const [ma, mb] = [matrixOf(batchA, t) * m * k, matrixOf(batchB, t) * k * n]
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0
        for (let p = 0; p < k; p++) {
          const [left, right] = [request.transposeA ? p * m + i : i * k + p, request.transposeB ? j * k + p : p * n + j]
          sum += (a[ma + left] ?? 0) * (b[mb + right] ?? 0)
        }
        const value = sum * scale + (request.bias ? (bias[j] ?? 0) : 0)
        const at = (t * m + i) * n + j
        c[at] = (request.activation ? activations[request.activation](value) : value) + (request.accumulate ? (before[at] ?? 0) : 0)
      }
  }
  return c
}

function check(request: MatmulRequest, sizes: MatmulSizes, target = simd): void {
  const { m, n, k, batchA = [], batchB = [] } = sizes
  const total = (extents: readonly number[]) => extents.reduce((t, e) => t * e, 1)
  const rounded = (values: Float64Array) => (request.scalar === 'f32' ? Float64Array.from(Float32Array.from(values)) : values)
  const [a, b, bias] = [rounded(numbers(total(batchA) * m * k, 1)), rounded(numbers(total(batchB) * k * n, 2)), rounded(numbers(n, 3))]
  const expectedSize = reference({ scalar: 'f64' }, { ...sizes, k: 0 }, a, b, bias, a).length
  const before = rounded(numbers(expectedSize, 4))
  const expected = reference(request, sizes, a, b, bias, before)
  const stored = (values: Float64Array) => (request.scalar === 'f32' ? Float32Array.from(values) : values)
  const c = newMemory(request.scalar, expected.length)
  if (request.accumulate) c.set(before)
  else c.fill(Number.NaN)
  runPlan(lowerMatmul(request, target).plan(sizes), [stored(a), stored(b), stored(bias)], [c])
  expect(relativeDifference(c, expected)).toBeLessThan(request.scalar === 'f32' ? 1e-5 : 1e-12)
}

describe('product of matrices', () => {
  const shapes = [[1, 1, 1], [5, 13, 3], [6, 8, 4], [33, 5, 13], [13, 33, 9], [40, 17, 33], [7, 1, 20], [123, 9, 5]] as const
  for (const scalar of ['f32', 'f64'] as const)
    for (const transposeA of [false, true])
      for (const transposeB of [false, true])
        test(`${scalar} a${transposeA ? 'ᵀ' : ''} b${transposeB ? 'ᵀ' : ''} of odd sizes`, () => {
          for (const [m, n, k] of shapes) check({ scalar, transposeA, transposeB }, { m, n, k })
        })

  test('lanes of a GPU', () => {
    for (const [m, n, k] of shapes) check({ scalar: 'f32', transposeA: m % 2 === 0, transposeB: n % 2 === 0 }, { m, n, k }, gpu)
  })

  test('lanes of a GPU that hold sums', () => {
    for (const [m, n, k] of [[33, 36, 40], [70, 5, 13]] as const) {
      check({ scalar: 'f32', transposeB: true, bias: true, activation: 'silu' }, { m, n, k }, lanes)
      check({ scalar: 'f32', transposeA: true, accumulate: true }, { m, n, k, scale: -2 }, lanes)
    }
  })

  test('matrix units', () => {
    for (const scalar of ['f32', 'f64'] as const)
      for (const [m, n, k] of [[33, 36, 40], [70, 5, 13]] as const) {
        check({ scalar, transposeB: true, bias: true, activation: 'silu' }, { m, n, k }, units)
        check({ scalar, transposeA: true, accumulate: true }, { m, n, k, scale: -2 }, units)
      }
    // Large tiles, and few elements that are summed in parts.
    check({ scalar: 'f32' }, { m: 8000, n: 70, k: 3 }, units)
    check({ scalar: 'f64', transposeA: true }, { m: 13, n: 19, k: 700, scale: 2 }, units)
    for (const [batchA, batchB] of [[[2, 1], [1, 3]], [[3], [3]], [[], [3]]] as const) check({ scalar: 'f64', transposeB: true }, { m: 20, n: 32, k: 6, batchA, batchB }, units)
  })

  test('batches broadcast', () => {
    const cases: readonly (readonly [readonly number[], readonly number[]])[] = [
      [[3], [3]], [[3], []], [[], [3]], [[2, 3], [3]], [[2, 1], [1, 3]], [[2, 1, 2], [1, 3, 1]], [[1, 2, 1, 2], [3, 2, 2, 1]], [[0], [1]],
    ]
    for (const [batchA, batchB] of cases)
      for (const transposeA of [false, true]) for (const transposeB of [false, true]) check({ scalar: 'f64', transposeA, transposeB }, { m: 5, n: 9, k: 6, batchA, batchB })
  })

  test('nothing to add up, and nothing to compute', () => {
    check({ scalar: 'f32' }, { m: 4, n: 9, k: 0 })
    check({ scalar: 'f32', transposeA: true, transposeB: true, bias: true }, { m: 4, n: 9, k: 0 })
    check({ scalar: 'f32' }, { m: 0, n: 9, k: 3 })
    check({ scalar: 'f32' }, { m: 40, n: 0, k: 3 })
  })

  test('what follows the product', () => {
    for (const activation of ['silu', 'sigmoid', 'tanh'] as const) check({ scalar: 'f32', bias: true, activation }, { m: 40, n: 13, k: 5, scale: 0.5 })
    check({ scalar: 'f64', accumulate: true }, { m: 40, n: 13, k: 5, scale: -2 })
    check({ scalar: 'f64', accumulate: true, transposeA: true }, { m: 5, n: 9, k: 300 })
  })

  test('a long sum over rows', () => {
    for (const scalar of ['f32', 'f64'] as const) check({ scalar, transposeA: true }, { m: 13, n: 19, k: 700 })
    check({ scalar: 'f32', transposeA: true }, { m: 5, n: 140, k: 300, batchA: [2], batchB: [1], scale: 2 })
  })

  test('sizes that are no sizes, and batches that do not fit', () => {
    const plan = (sizes: MatmulSizes) => lowerMatmul({ scalar: 'f32' }, simd).plan(sizes)
    expect(() => plan({ m: -1, n: 2, k: 3 })).toThrow(/m is -1/)
    expect(() => plan({ m: 1, n: 2.5, k: 3 })).toThrow(/n is 2.5/)
    expect(() => plan({ m: 1, n: 2, k: 3, batchA: [2], batchB: [3] })).toThrow(/do not broadcast/)
  })
})
