import { HostArray, InputError, ShapeError } from '@equivar/core'
import { array, NDArray } from '@equivar/engine'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { DeviceArray, grad, nn, numpy as np, random, tree, type Initializer } from '../../src/index.ts'
import { expectClose, ints, randomArray } from '../support/numbers.ts'

const x = np.array([[1, -2, 3], [4, 5, -6]], { dtype: 'float64' })
const values = async (y: DeviceArray) => Array.from(await y.data())

describe('arrays', () => {
  test('have the functions of numpy, as functions and as methods', async () => {
    const cases: readonly (readonly [DeviceArray, readonly number[]])[] = [
      [np.add(x, 1).sub(x), [1, 1, 1, 1, 1, 1]],
      [np.subtract(0, x), [-1, 2, -3, -4, -5, 6]],
      [np.multiply(x, np.array([1, 0, 2], { dtype: 'float64' })), [1, -0, 6, 4, 0, -12]],
      [np.divide(x, 2).mul(2), [1, -2, 3, 4, 5, -6]],
      [np.power(np.abs(x), 2).sqrt(), [1, 2, 3, 4, 5, 6]],
      [np.clip(x, -1, 3), [1, -1, 3, 3, 3, -1]],
      [np.where(np.greater(x, 0), x, 0), [1, 0, 3, 4, 5, 0]],
      [np.max(x, { axes: 1 }), [3, 5]],
      [np.min(x, { axes: 0 }), [1, -2, -6]],
      [np.cumsum(x, 1), [1, -1, 2, 4, 9, 3]],
      [np.sort(x), [-2, 1, 3, -6, 4, 5]],
      [np.argsort(x), [1, 0, 2, 2, 0, 1]],
      [np.transpose(x), [1, 4, -2, 5, 3, -6]],
      [np.moveaxis(x.reshape([2, 3, 1]), 1, -1), [1, -2, 3, 4, 5, -6]],
      [np.take(x, ints([2, 0]), 1), [3, 1, -6, 4]],
      [x.at(1, [0, 2]), [4, 5]],
      [x.at(-1, -1), [-6]],
      [x.at(':', ints([1])), [-2, 5]],
      [np.segmentSum(x, ints([1, 1]), 2), [0, 0, 0, 5, 3, -3]],
      [np.pad(x.at(0), [[1, 0]]), [0, 1, -2, 3]],
      [np.concatenate(np.split(x, [1, 2], 1), 1), [1, -2, 3, 4, 5, -6]],
      [np.matmul(x, np.eye(3, { dtype: 'float64' })), [1, -2, 3, 4, 5, -6]],
      [np.einsum('ij,jk->ki', x, HostArray.from([[1], [0], [1]])), [4, -2]],
      [np.linspace(0, 1, 3), [0, 0.5, 1]],
      [np.arange(1, 7, 2), [1, 3, 5]],
      [np.cross(np.eye(3).at(0), np.eye(3).at(1)), [0, 0, 1]],
      [np.linalg.norm(np.array([3, 4])), [5]],
      [np.squeeze(np.expandDims(x.at(0), 0)), [1, -2, 3]],
      [np.bincount(ints([0, 2, 2]), 3), [1, 0, 2]],
      [nn.oneHot(ints([1]), 2), [0, 1]],
    ]
    for (const [k, [found, expected]] of cases.entries()) expect(await values(found), `${k}`).toEqual(expected)
    expect([x.at(null).shape, x.at(0, null).shape]).toEqual([[1, 2, 3], [1, 3]])
    await expectClose(nn.softmax(x).sum({ axes: 1 }), [1, 1], 1e-15)
    expect([...x].map(({ shape }) => shape)).toEqual([[3], [3]])
  })

  test('are those of the engine, without a copy and back', async () => {
    const own = array([1, 2, 3])
    const wrapped = np.asarray(own)
    own.dispose()
    expect(wrapped.ndarray).toBeInstanceOf(NDArray)
    expect(await values(np.asarray(wrapped.ndarray).mul(2))).toEqual([2, 4, 6])
    const weight = new DeviceArray(array([1, 2, 3]))
    expect(weight.ndarray.value.storage).toBe(np.asarray(weight.ndarray).ndarray.value.storage)
    expect(await values(grad((w: DeviceArray) => np.sum(np.square(w)))(weight))).toEqual([2, 4, 6])
  })

  test('have types that know dtypes', () => {
    expectTypeOf(np.zeros([2])).toEqualTypeOf<DeviceArray<'float32'>>()
    expectTypeOf(np.array([1], { dtype: 'int64' })).toEqualTypeOf<DeviceArray<'int32'>>()
    expectTypeOf(x.add(1).reshape([6])).toEqualTypeOf<DeviceArray<'float64'>>()
    expectTypeOf(np.less(x, 1)).toEqualTypeOf<DeviceArray<'bool'>>()
    expectTypeOf(np.multiply(2, x)).toEqualTypeOf<DeviceArray<'float64'>>()
    expectTypeOf(random.normal).toExtend<Initializer>()
    const [senders, receivers] = random.randint(random.key(0), [2, 5], 0, 3)
    expectTypeOf(senders).toEqualTypeOf<DeviceArray<'int32'>>()
    expect([senders.shape, receivers.shape]).toEqual([[5], [5]])
  })

  test('refuse what they cannot do', () => {
    expect(() => np.sum(3 as never)).toThrow(/sum: needs an array, got the number 3/)
    expect(() => np.add(1, 2)).toThrow(InputError)
    expect(() => np.add(x, np.ones([3]))).toThrow(/dtypes float64 and float32 differ/)
    expect(() => x.at(2)).toThrow(ShapeError)
    expect(() => x.at(0, 0, 0)).toThrow(/3 keys/)
    expect(() => x.at(ints([0]), ints([0]))).toThrow(/one index array at most/)
    expect(() => np.squeeze(x, 0)).toThrow(ShapeError)
    expect(() => np.linspace(0, 1, 1)).toThrow(InputError)
    expect(() => [...np.zeros([])]).toThrow(ShapeError)
  })
})

describe('random numbers', () => {
  test('are functions of a key', async () => {
    const [a, b] = random.split(random.key(3))
    const draw = (key: random.Key) => values(random.normal(key, [100], 'float64'))
    expect(await draw(a)).toEqual(await draw(random.split(random.key(3))[0]))
    expect(await draw(a)).not.toEqual(await draw(b))
    const numbers = await values(random.uniform(a, [1000], 'float64', 2, 3))
    expect(numbers.every((value) => value >= 2 && value < 3)).toBe(true)
    const mean = numbers.reduce((sum, value) => sum + value, 0) / 1000
    expect(Math.abs(mean - 2.5)).toBeLessThan(0.05)
    expect((await values(random.permutation(b, 6))).sort()).toEqual([0, 1, 2, 3, 4, 5])
    const heads = (await values(random.bernoulli(a, 0.25, [1000]))).reduce((sum, value) => sum + value, 0)
    expect(Math.abs(heads - 250)).toBeLessThan(60)
    await expectClose(nn.initializers.normal(2)(a, [3]), random.normal(a, [3]).mul(2), 0)
    expect(() => nn.initializers.normal(0)).toThrow(InputError)
    expect(await values(nn.initializers.ones(a, [2]).add(nn.initializers.zeros(a, [2])))).toEqual([1, 1])
  })
})

describe('trees', () => {
  class Layer {
    readonly w: DeviceArray
    readonly size: number
    constructor(w: DeviceArray, size: number) {
      this.w = w
      this.size = size
    }
  }
  tree.registerNode(Layer, { flatten: ({ w, size }) => [[w], size], unflatten: (size, [w]) => new Layer(w as DeviceArray, size as number) })

  test('are taken apart and put together', async () => {
    const own = { layers: [new Layer(np.ones([2]), 2)] as const, name: 'model', rate: 0.1, f: nn.silu, nothing: undefined }
    const [leaves, structure] = tree.flatten(own)
    expect(leaves.length).toBe(1)
    const doubled = tree.map((w) => w.mul(2), own)
    expect(doubled.layers[0]).toBeInstanceOf(Layer)
    expect([doubled.name, doubled.rate, doubled.f, doubled.layers[0].size]).toEqual(['model', 0.1, nn.silu, 2])
    expect(await values(doubled.layers[0].w)).toEqual([2, 2])
    expect(tree.structureText(tree.structure(tree.unflatten(structure, leaves)))).toBe(tree.structureText(structure))
    expect(tree.all(own, ({ dtype }) => dtype === 'float32')).toBe(true)
    expect(tree.leaves({ b: x, a: [x] }).length).toBe(2)
    expect(() => tree.unflatten(structure, [])).toThrow(InputError)
    expect(() => tree.map((a, b = a) => a.add(b), [x], [x, x])).toThrow(/map trees of one structure/)
    expect(() => tree.flatten({ when: new Date(0) })).toThrow(/tree\.when is an object of class Date/)
    expect(() => tree.registerNode(Layer, { flatten: () => [[], null], unflatten: () => new Layer(x, 1) })).toThrow(/registered already/)
  })
})

test('everything is pure: nothing is consumed or changed', async () => {
  const [a, b] = [randomArray([4, 3], 1), randomArray([4, 3], 2)]
  const before = [await values(a), await values(b)]
  const elementwise = [np.negative, np.sqrt, np.exp, np.expm1, np.log1p, np.sin, np.cos, np.tanh, np.abs, np.sign, np.floor, np.reciprocal, np.square]
  const activations = [nn.silu, nn.gelu, nn.relu, nn.softplus, nn.sigmoid, nn.tanh, nn.identity, nn.softmax]
  const unary = [...elementwise, ...activations, np.sum, np.mean, np.max, np.min, np.zerosLike, np.onesLike, np.sort, np.transpose]
  for (const f of unary) expect(await values(f(a))).toEqual(await values(f(a)))
  const arithmetic = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.cross]
  const binary = [...arithmetic, np.less, np.greater, np.equal, np.notEqual, np.lessEqual, np.greaterEqual]
  for (const f of binary) expect(await values(f(a, b))).toEqual(await values(f(a, b)))
  const gradient = grad((y: DeviceArray) => np.sum(np.tanh(y).mul(b)))
  expect(await values(gradient(a))).toEqual(await values(gradient(a)))
  expect([await values(a), await values(b)]).toEqual(before)
})
