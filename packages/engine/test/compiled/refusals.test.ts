import {
  DeviceError,
  DtypeError,
  type EquivarError,
  HostArray,
  InputError,
  interpreterBackend,
  Path,
  SegmentedOperand,
  SegmentedPolynomial,
  SegmentedTensorProduct,
  ShapeError,
  use,
} from '@equivar/core'
import { describe, expect, test } from 'vitest'
import * as eq from '../../src/index.ts'
import { useInterpreter } from '../support/devices.ts'
import { expectNoLeaks, read } from '../support/numbers.ts'

const device = useInterpreter()
const operand = new SegmentedOperand([[2]])
/** `y[u] = a[u] b[u]` */
const product = SegmentedPolynomial.evalLastOperand(new SegmentedTensorProduct('u,u,u', [operand, operand, operand], [new Path([0, 0, 0], new HostArray([], Float64Array.of(1)))]))

const int32 = (...values: number[]) => eq.array(values, { dtype: 'int32' })

describe('bad input is refused before any kernel runs', () => {
  expectNoLeaks()
  const x = () => eq.zeros([3, 2])
  const indexed = (indices: eq.NDArray) => ({ array: x(), indices })
  const cases: readonly (readonly [string, () => unknown, typeof EquivarError, RegExp])[] = [
    ['an index beyond the rows', () => eq.take(x(), int32(0, 3)), InputError, /take: index 3 at position 1 is out of range for 3 rows/],
    ['a negative index', () => eq.segmentSum(x(), int32(0, 1, -1), 2), InputError, /index -1 at position 2/],
    ['a class beyond the depth', () => eq.oneHot(int32(2), 2), InputError, /index 2 at position 0/],
    ['an index of a gathered operand', () => eq.segmentedPolynomial(product, [indexed(int32(0, 9)), eq.zeros([2, 2])]), InputError, /input 0: index 9/],
    [
      'an index of a scattered output',
      () => eq.segmentedPolynomial(product, [x(), x()], { outputs: [{ indices: int32(0, 1, 2), rows: 2 }] }),
      InputError,
      /output 0: index 2 at position 2 is out of range for 2 rows/,
    ],
    ['no number as an index', () => eq.cast(eq.array([1, Number.NaN]), 'int32'), InputError, /element 1 is NaN, which int32 cannot hold/],
    ['a number that no index can be', () => eq.cast(eq.array([3e9]), 'int64'), InputError, /3000000000/],
    ['indices of another dtype', () => eq.take(x(), eq.zeros([1])), DtypeError, /int32/],
    ['two dtypes', () => eq.segmentedPolynomial(product, [x(), eq.zeros([3, 2], { dtype: 'float64' })]), DtypeError, /float32 and float64/],
    ['a size that no device has', () => eq.broadcastTo(eq.zeros([1]), [2 ** 40]), DeviceError, /an array of 1099511627776 float32 elements takes/],
    ['a shape that no number is', () => eq.broadcastTo(eq.zeros([1]), [2 ** 40, 2 ** 40]), ShapeError, /more elements than can be addressed/],
  ]
  test.each(cases)('%s', (_, f, kind, message) => {
    const before = device.statistics().liveBuffers
    expect(() => eq.scope(() => void f())).toThrow(kind)
    expect(() => eq.scope(() => void f())).toThrow(message)
    expect(device.statistics().liveBuffers).toBe(before)
  })

  test('and an index array is looked at once', () => {
    eq.scope(() => {
      const indices = int32(0, 1, 2, 1)
      const [y, z] = [eq.take(x(), indices), eq.segmentSum(eq.zeros([4]), indices, 3)]
      expect([y.shape, z.shape]).toEqual([[4, 2], [3]])
      expect(() => eq.take(eq.zeros([2]), indices)).toThrow(/index 2 at position 2 is out of range for 2 rows/)
    })
  })

  test('but for indices that are trusted, by mode or by option', () => {
    eq.scope(() => {
      const far = int32(0, 7)
      // The interpreter notices what other devices do not look at.
      expect(() => eq.withIndexChecks(false, () => eq.take(x(), far))).toThrow(/kernel 'take': element 1 of buffer 'indices' is 7/)
      expect(() => eq.segmentedPolynomial(product, [indexed(far), eq.zeros([2, 2])], { checkIndices: false })).toThrow(/kernel '.*is 7/)
      const checked = () => eq.segmentedPolynomial(product, [indexed(far), eq.zeros([2, 2])], { checkIndices: true })
      expect(() => eq.withIndexChecks(false, checked)).toThrow(InputError)
      expect(() => eq.withIndexChecks(false, () => Promise.resolve())).toThrow(InputError)
      expect(() => eq.take(x(), far)).toThrow(InputError)
    })
  })
})

test('arrays go on to a backend that is registered later', () => {
  eq.scope(() => {
    const before = eq.add(eq.array([1, 2]), 1)
    const mask = eq.greater(before, 2)
    use(interpreterBackend())
    expect(read(eq.where(mask, eq.mul(before, 10), 0))).toEqual([0, 30])
    expect(read(before)).toEqual([2, 3])
  })
})
