import { descriptors, DeviceError, DimensionError, DtypeError, GroupMismatchError, InputError, Irreps, IrrepsError, LayoutError, ShapeError, type EquivarError } from '@equivar/core'
import { describe, expect, expectTypeOf, test } from 'vitest'
import * as cuet from '../../src/index.ts'
import { random } from '../support/numbers.ts'

const float64 = { dtype: 'float64' } as const
const [a, b] = [new Irreps('O3', '2x0e + 1x1o'), new Irreps('O3', '1x0e + 1x1o')]
const other = new Irreps('SO3', '2x0 + 1')
const indices = cuet.tensor([0, 1, 0], { dtype: 'int32' })
const [x, y] = [random([3, a.dim], 1), random([3, b.dim], 2)]

const linear = (options = {}) => new cuet.Linear({ irrepsIn: a, irrepsOut: b, ...float64, ...options })
const full = (options = {}) => new cuet.FullyConnectedTensorProduct({ irrepsIn1: a, irrepsIn2: b, irrepsOut: a, ...float64, ...options })
const channels = (options = {}) => new cuet.ChannelWiseTensorProduct({ irrepsIn1: a, irrepsIn2: b, ...float64, ...options })
const symmetric = (options = {}) => new cuet.SymmetricContraction({ irrepsIn: '2x0e + 2x1o', irrepsOut: '2x0e', contractionDegree: 2, numElements: 2, ...float64, ...options })
const features = random([3, 8], 3)
const descriptor = descriptors.channelwiseTensorProduct(a, b).flattenCoefficientModes().squeezeModes()
const operands = descriptor.inputs.map(({ dim }, i) => random([2, dim], i))
const external = { internalWeights: false }

type Kind = new (message: string) => EquivarError

const mistakes: readonly (readonly [string, () => unknown, Kind, RegExp])[] = [
  // The wrong group.
  ['Linear: group', () => linear({ irrepsOut: other }), GroupMismatchError, /irrepsIn .*O3, irrepsOut .*SO3/],
  ['FullyConnectedTensorProduct: group', () => full({ irrepsIn2: other }), GroupMismatchError, /irrepsIn2/],
  ['ChannelWiseTensorProduct: group', () => channels({ filterIrrepsOut: other }), GroupMismatchError, /filterIrrepsOut/],
  ['SymmetricContraction: group', () => symmetric({ irrepsOut: new Irreps('SO3', '2x0') }), GroupMismatchError, /irrepsOut/],
  ['Rotation: group', () => new cuet.Rotation({ irreps: new Irreps('SU2', '1/2') }), InputError, /SU2|SO\(3\)|SO3/],
  ['Inversion: group', () => new cuet.Inversion({ irreps: other }), InputError, /O3|inversion/],
  // Layouts.
  ['Linear: layout', () => linear({ layout: 'mulir' }), LayoutError, /mulir/],
  ['ChannelWiseTensorProduct: layout', () => channels({ layoutIn2: 'x' }), LayoutError, /'x'|"x"/],
  ['TransposeIrrepsLayout: layout', () => new cuet.TransposeIrrepsLayout({ irreps: a, source: 'mul_ir', target: 'up' as 'ir_mul' }), LayoutError, /up/],
  // Irreps.
  ['Linear: irreps that do not parse', () => linear({ irrepsIn: '2x0q' }), IrrepsError, /0q/],
  ['SymmetricContraction: multiplicities', () => symmetric({ irrepsIn: '2x0e + 3x1o' }), DimensionError, /one multiplicity/],
  ['SphericalHarmonics: degrees', () => new cuet.SphericalHarmonics({ ls: [2, 1] }), InputError, /ascend|\[2, 1\]/],
  ['Linear: rows of other irreps', () => linear().forward(y), DimensionError, /rows of 4.*dimension 5/],
  ['FullyConnectedTensorProduct: rows of other irreps', () => full().forward(x, x), DimensionError, /x2 has rows of 5/],
  ['ChannelWiseTensorProduct: no matrix', () => channels().forward(x.flatten(), y), ShapeError, /matrix of rows × 5/],
  ['SymmetricContraction: rows of other irreps', () => symmetric().forward(x, indices), DimensionError, /rows of 5/],
  ['SphericalHarmonics: vectors', () => new cuet.SphericalHarmonics({ ls: [1], ...float64 }).forward(y), ShapeError, /3/],
  // Weights.
  ['Linear: weights twice', () => linear().forward(x, random([1, 3], 1)), InputError, /has its own/],
  ['FullyConnectedTensorProduct: weights twice', () => full().forward(x, y, random([1, full().weightNumel], 1)), InputError, /has its own/],
  ['ChannelWiseTensorProduct: weights twice', () => channels().forward(x, y, { weight: random([1, 9], 1) }), InputError, /has its own/],
  ['weights twice in one call', () => linear(external).forward(x, random([1, 3], 1), { weight: random([1, 3], 1) }), InputError, /weight/],
  ['Linear: no weights', () => linear(external).forward(x), InputError, /weights are missing.*\[1, 3\]/],
  ['FullyConnectedTensorProduct: no weights', () => full(external).forward(x, y), InputError, /weights are missing/],
  ['ChannelWiseTensorProduct: no weights', () => channels({ sharedWeights: false }).forward(x, y), InputError, /weights are missing/],
  ['Linear: weights of another number', () => linear(external).forward(x, random([1, 4], 1)), DimensionError, /have 4 numbers, the operation needs 3/],
  ['Linear: weights of one axis', () => linear(external).forward(x, random([3], 1)), ShapeError, /\[3\]/],
  ['Linear: rows of weights', () => linear({ sharedWeights: false }).forward(x, random([2, 3], 1)), ShapeError, /2 rows of weights for 3/],
  ['ChannelWiseTensorProduct: rows of shared weights', () => channels(external).forward(x, y, random([3, channels().weightNumel], 1)), ShapeError, /sharedWeights: false/],
  ['Linear: internal and not shared', () => linear({ internalWeights: true, sharedWeights: false }), InputError, /sharedWeights: true/],
  ['Linear: classes of weights without indices', () => linear({ weightClasses: 2 }).forward(x), InputError, /weightIndices/],
  ['Linear: indices without classes', () => linear().forward(x, { weightIndices: indices }), InputError, /weightClasses/],
  ['Linear: classes', () => linear({ weightClasses: 0 }), InputError, /weightClasses is 0/],
  // Dtypes of indices and inputs.
  ['Linear: dtype of indices', () => linear({ weightClasses: 2 }).forward(x, { weightIndices: random([3], 1) }), DtypeError, /int32/],
  ['ChannelWiseTensorProduct: dtype of indices', () => channels().forward(x, y, { indices1: random([3], 1) }), DtypeError, /indices1 are float64/],
  ['SymmetricContraction: dtype of indices', () => symmetric().forward(features, random([3], 1)), DtypeError, /int32/],
  ['SymmetricContraction: number of indices', () => symmetric().forward(features, indices.at([0, 2])), DimensionError, /2 indices for 3 rows/],
  ['Linear: dtype of x', () => linear().forward(x.to('float32')), DtypeError, /x\.to\('float64'\)/],
  ['FullyConnectedTensorProduct: dtype of weights', () => full(external).forward(x, y, random([1, full().weightNumel], 1).to('float32')), DtypeError, /weight/],
  ['Rotation: dtype of angles', () => new cuet.Rotation({ irreps: a, ...float64 }).forward(cuet.tensor([1]), 0, 0, x), DtypeError, /gamma/],
  // Rows.
  ['FullyConnectedTensorProduct: rows', () => full().forward(x, random([2, 4], 1)), ShapeError, /x1 has 3 rows, x2 2/],
  ['ChannelWiseTensorProduct: indicesOut alone', () => channels().forward(x, y, { indicesOut: indices }), InputError, /sizeOut/],
  ['ChannelWiseTensorProduct: sizeOut alone', () => channels().forward(x, y, { sizeOut: 2 }), InputError, /indicesOut/],
  ['Rotation: angles', () => new cuet.Rotation({ irreps: a, ...float64 }).forward(random([2], 1), 0, 0, x), ShapeError, /gamma 2/],
  // Methods.
  ['method and useFallback', () => linear({ method: 'naive', useFallback: true }), InputError, /pass method alone/],
  ['SegmentedPolynomial: method and useFallback', () => new cuet.SegmentedPolynomial({ polynomial: descriptor.polynomial, method: 'naive', useFallback: false }), InputError, /pass method alone/],
  ['SegmentedPolynomial: compiled without kernels', () => new cuet.SegmentedPolynomial({ polynomial: descriptor.polynomial, useFallback: false }).forward(operands), DeviceError, /kernels/],
  ['SymmetricContraction: degree', () => symmetric({ contractionDegree: 0 }), InputError, /contractionDegree is 0/],
  ['SegmentedPolynomial: what is none', () => new cuet.SegmentedPolynomial({ polynomial: {} as never }), InputError, /\.polynomial/],
]

describe('a mistake is caught where it is made', () => {
  test.each(mistakes)('%s', (_, f, kind, message) => {
    expect(f).toThrow(kind)
    expect(f).toThrow(message)
  })

  test('an index that is out of range is refused', async () => {
    const far = cuet.tensor([0, 7, 0], { dtype: 'int32' })
    await expect(async () => symmetric().forward(features, far).data()).rejects.toThrow(/7/)
    await expect(async () => channels().forward(x, y, { indices1: far }).data()).rejects.toThrow(/7/)
  })

  test('what types can see does not compile', () => {
    expectTypeOf<{ irrepsIn: string; irrepsOut: string; layout: 'mulir' }>().not.toExtend<cuet.LinearOptions>()
    expectTypeOf<{ irrepsIn: string; irrepsOut: string; dtype: 'float16' }>().not.toExtend<cuet.LinearOptions>()
    expectTypeOf<{ irrepsIn: string }>().not.toExtend<cuet.LinearOptions>()
    expectTypeOf<{ irrepsIn: string; irrepsOut: string; method: 'fast' }>().not.toExtend<cuet.LinearOptions>()
    expectTypeOf<{ irrepsIn: string; irrepsOut: string; layout: 'ir_mul'; dtype: 'float32' }>().toExtend<cuet.LinearOptions>()
    expectTypeOf<'int32'>().not.toExtend<cuet.FloatDType>()
  })
})
