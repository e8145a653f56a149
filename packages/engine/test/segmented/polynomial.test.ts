import {
  DimensionError,
  DtypeError,
  HostArray,
  InputError,
  Operation,
  Path,
  registeredDevice,
  SegmentedOperand,
  SegmentedPolynomial,
  SegmentedTensorProduct,
  ShapeError,
} from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { checkDerivatives } from '../support/derivatives.ts'
import { expectClose, expectNoLeaks, randomArray, randomNumbers, read, scoped } from '../support/numbers.ts'

const operand = (...segments: readonly number[][]) => new SegmentedOperand(segments)
const path = (indices: readonly number[], shape: readonly number[], seed: number) =>
  new Path(indices, new HostArray(shape, randomNumbers(shape.reduce((a, b) => a * b, 1), seed)))

/** `y[k,u] += c[ijk] w[u] x[i,u] s[j]`, and a second output `e[k] = Σ_u …`, as in a convolution with a read-out. */
function convolution(): SegmentedPolynomial {
  const [w, x, s] = [operand([4], [4]), operand([1, 4], [3, 4]), operand([1], [3])]
  const [y, e] = [operand([3, 4], [1, 4]), operand([3])]
  const product = new SegmentedTensorProduct('u,iu,j,ku+ijk', [w, x, s, y], [
    path([0, 1, 0, 0], [3, 1, 3], 1),
    path([1, 0, 1, 0], [1, 3, 3], 2),
    path([1, 1, 1, 1], [3, 3, 1], 3),
  ])
  const energy = new SegmentedTensorProduct('u,iu,j,k+ijk', [w, x, s, e], [path([0, 1, 1, 0], [3, 3, 3], 4)])
  return new SegmentedPolynomial([w, x, s], [y, e], [
    [new Operation([0, 1, 2, 3]), product],
    [new Operation([0, 1, 2, 4]), energy],
  ])
}

/** `y = Σ c w x x x + Σ c' w x`: one input three times, as in a symmetric contraction. */
function contraction(): SegmentedPolynomial {
  const [w, x, y] = [operand([2], [2]), operand([2], [2], [2]), operand([2])]
  const cubic = new SegmentedTensorProduct('u,u,u,u,u', [w, x, x, x, y], [path([0, 0, 1, 2, 0], [], 1), path([0, 1, 1, 2, 0], [], 2), path([1, 2, 2, 2, 0], [], 3)])
  const linear = new SegmentedTensorProduct('u,u,u', [w, x, y], [path([1, 1, 0], [], 4)])
  return new SegmentedPolynomial([w, x], [y], [
    [new Operation([0, 1, 1, 1, 2]), cubic],
    [new Operation([0, 1, 2]), linear],
  ])
}

const int32 = (...values: number[]) => eq.array(values, { dtype: 'int32' })
const both = (arrays: readonly eq.NDArray[]) => eq.concatenate(arrays.map((x) => eq.reshape(x, [x.size])))

describe('segmentedPolynomial', () => {
  expectNoLeaks()

  test(
    'agrees with the evaluation of core, batched and shared',
    scoped(() => {
      for (const [polynomial, rows] of [[convolution(), [1, 5, 5]], [contraction(), [5, 5]], [contraction(), [1, 5]]] as const) {
        const inputs = polynomial.inputs.map(({ size }, i) => randomArray([rows[i] ?? 1, size], i))
        const expected = polynomial.evaluate(...inputs.map((x) => new HostArray(x.shape, Float64Array.from(read(x)))))
        for (const [k, y] of eq.segmentedPolynomial(polynomial, inputs).entries()) {
          expect(y.shape).toEqual(expected[k]?.shape)
          expectClose(read(y), expected[k]?.data ?? [], 1e-14)
        }
      }
    }),
  )

  test(
    'gathers inputs and scatters outputs as take and segmentSum do',
    scoped(() => {
      const polynomial = convolution()
      const [senders, receivers] = [int32(2, 0, 0, 1, 2), int32(1, 1, 3, 0, 3)]
      const [w, x, s] = [randomArray([5, 8], 1), randomArray([3, 16], 2), randomArray([5, 4], 3)]
      const [y, e] = eq.segmentedPolynomial(polynomial, [w, { array: x, indices: senders }, s], { outputs: [{ indices: receivers, rows: 4 }, 'shared'] })
      const [y0, e0] = eq.segmentedPolynomial(polynomial, [w, eq.take(x, senders), s])
      expectClose(read(y ?? w), read(eq.segmentSum(y0 ?? w, receivers, 4)), 1e-14)
      expectClose(read(e ?? w), read(eq.sum(e0 ?? w, { axes: 0 })), 1e-14)
      expect(read(eq.sliceAxis(y ?? w, 0, 2, 3)).every((value) => value === 0)).toBe(true)
    }),
  )

  test(
    'has derivatives with every access',
    scoped(() => {
      const polynomial = convolution()
      const [senders, receivers] = [int32(2, 0, 0, 1), int32(1, 1, 3, 0)]
      const batched = (...rows: number[]) => polynomial.inputs.map(({ size }, i) => randomArray([rows[i] ?? 1, size], i))
      checkDerivatives((...inputs) => both(eq.segmentedPolynomial(polynomial, inputs)), batched(4, 4, 4), 3)
      checkDerivatives((...inputs) => both(eq.segmentedPolynomial(polynomial, inputs)), batched(1, 4, 1), 3)
      checkDerivatives(
        (w, x, s) =>
          both(
            eq.segmentedPolynomial(polynomial, [w, { array: x, indices: senders }, s], { outputs: [{ indices: receivers, rows: 4 }, 'shared'] }),
          ),
        batched(4, 3, 4),
        3,
      )
      checkDerivatives(
        (w, x, s) => both(eq.segmentedPolynomial(polynomial, [{ array: w, indices: senders }, x, { array: s, indices: senders }], { outputs: ['shared', 'batched'] })),
        batched(3, 1, 3),
        2,
      )
    }),
  )

  test(
    'has derivatives where an input occurs several times',
    scoped(() => {
      const polynomial = contraction()
      const species = int32(1, 0, 1)
      const f = (w: eq.NDArray, x: eq.NDArray) => both(eq.segmentedPolynomial(polynomial, [{ array: w, indices: species }, x]))
      checkDerivatives(f, [randomArray([2, 4], 1), randomArray([3, 6], 2)], 3, 1e-6)
    }),
  )

  test(
    'differentiates one output of several, and one input of several',
    scoped(() => {
      const polynomial = convolution()
      const w = randomArray([1, 8], 1)
      const x = randomArray([2, 16], 2)
      checkDerivatives((s) => eq.segmentedPolynomial(polynomial, [w, x, s])[1] ?? s, [randomArray([2, 4], 3)], 2)
      checkDerivatives((s) => eq.segmentedPolynomial(polynomial, [w, x, s])[0] ?? s, [randomArray([2, 4], 3)], 2)
    }),
  )

  test(
    'serves empty batches and empty targets',
    scoped(() => {
      const polynomial = convolution()
      const w = eq.track(randomArray([1, 8], 1))
      const empty = [w, { array: randomArray([3, 16], 2), indices: int32() }, randomArray([0, 4], 3)] as const
      const [y, e] = eq.segmentedPolynomial(polynomial, empty, { outputs: [{ indices: int32(), rows: 2 }, 'batched'] })
      expect([y?.shape, e?.shape]).toEqual([[2, 16], [0, 3]])
      expect(read(y ?? w).every((value) => value === 0)).toBe(true)
      expect(read(eq.grad(eq.sum(y ?? w), [w])[0] ?? w)).toEqual(Array.from({ length: 8 }, () => 0))
    }),
  )

  test(
    registeredDevice('cpu') === null ? 'rounds float32 once' : 'has the accuracy of float32',
    scoped(() => {
      const polynomial = convolution()
      const inputs = polynomial.inputs.map(({ size }, i) => eq.cast(randomArray([3, size], i), 'float32'))
      const single = eq.segmentedPolynomial(polynomial, inputs)
      const double = eq.segmentedPolynomial(polynomial, inputs.map((x) => eq.cast(x, 'float64')))
      for (const [k, y] of single.entries()) {
        expect(y.dtype).toBe('float32')
        const exact = read(double[k] ?? y)
        if (registeredDevice('cpu') === null) expect(read(y)).toEqual(exact.map(Math.fround))
        else expectClose(read(y), exact, 1e-6)
      }
    }),
  )

  test(
    'refuses what does not fit, before any work',
    scoped(() => {
      const polynomial = convolution()
      const [w, x, s] = [randomArray([1, 8], 1), randomArray([3, 16], 2), randomArray([3, 4], 3)]
      type Inputs = Parameters<typeof eq.segmentedPolynomial>[1]
      const run = (inputs: Inputs, options?: eq.SegmentedPolynomialOptions) => () => eq.segmentedPolynomial(polynomial, inputs, options)
      expect(run([w, x])).toThrow(InputError)
      expect(run([w, x, randomArray([3, 5], 1)])).toThrow(DimensionError)
      expect(run([w, x, randomArray([2, 4], 1)])).toThrow(/disagree/)
      expect(run([w, x, s], { batchSize: 4 })).toThrow(ShapeError)
      expect(run([w, x, eq.cast(s, 'float32')])).toThrow(DtypeError)
      expect(run([w, { array: x, indices: eq.zeros([3]) }, s])).toThrow(DtypeError)
      expect(run([w, { array: x, indices: int32(0, 1, 3) }, s])).toThrow(/index 3 at position 2 is out of range for 3 rows/)
      expect(run([w, x, s], { outputs: [{ indices: int32(0, 1, -1), rows: 4 }, 'batched'] })).toThrow(/index -1/)
      expect(run([w, x, s], { outputs: [{ indices: int32(0, 1, 1), rows: -1 }, 'batched'] })).toThrow(InputError)
      expect(run([w, x, s], { outputs: ['batched'] })).toThrow(InputError)
    }),
  )
})
