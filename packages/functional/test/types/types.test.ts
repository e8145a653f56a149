import { Irreps, irMul } from '@equivar/core'
import { expect, expectTypeOf, test } from 'vitest'
import { DeviceArray, grad, hessian, IrrepsArray, jacfwd, jacrev, jit, numpy as np, random, scan, valueAndGrad, vmap } from '../../src/index.ts'
import { expectClose, randomArray } from '../support/numbers.ts'

// What the compiler says is the test; what runs says that the types tell the truth.

test('arrays carry their dtype', () => {
  const x = np.array([1, 2], { dtype: 'float64' })
  expectTypeOf(x).toEqualTypeOf<DeviceArray<'float64'>>()
  expectTypeOf(x.add(1).mul(x).sum()).toEqualTypeOf<DeviceArray<'float64'>>()
  expectTypeOf(np.tanh(x)).toEqualTypeOf<DeviceArray<'float64'>>()
  expectTypeOf(np.less(x, 1)).toEqualTypeOf<DeviceArray<'bool'>>()
  expectTypeOf(x.astype('float32')).toEqualTypeOf<DeviceArray<'float32'>>()
  expectTypeOf(x.astype('int64')).toEqualTypeOf<DeviceArray<'int32'>>()
  expectTypeOf(np.zeros([3])).toEqualTypeOf<DeviceArray<'float32'>>()
  expectTypeOf(np.linalg.inv(np.eye(2, { dtype: 'float64' }))).toEqualTypeOf<DeviceArray<'float64'>>()
  expectTypeOf(random.key(0)).toEqualTypeOf<DeviceArray<'uint32'>>()
  for (const [array, dtype] of [[np.tanh(x), 'float64'], [np.less(x, 1), 'bool'], [x.astype('int64'), 'int32'], [np.zeros([3]), 'float32'], [random.key(0), 'uint32']] as const)
    expect(array.dtype).toBe(dtype)
})

test('transformations keep the types of trees', () => {
  interface Params {
    readonly w: DeviceArray
    readonly x: IrrepsArray
  }
  const f = (p: Params, s: DeviceArray): DeviceArray => np.sum(np.square(p.x.array)).add(np.sum(p.w.mul(s)))
  expectTypeOf(grad(f)).returns.toEqualTypeOf<Params>()
  expectTypeOf(grad(f, { argnums: 1 })).returns.toEqualTypeOf<DeviceArray>()
  expectTypeOf(valueAndGrad(f)).returns.toEqualTypeOf<[DeviceArray, Params]>()
  expectTypeOf(vmap(f)).toEqualTypeOf<typeof f>()
  expectTypeOf(jit(f)).parameters.toEqualTypeOf<[Params, DeviceArray]>()
  const params = { w: np.ones([2]), x: new IrrepsArray(new Irreps('O3', '1o'), np.ones([3]), irMul) }
  const [carry, results] = scan((c: DeviceArray, own: Params) => [c.add(own.w), own.x] as const, np.ones([2]), { w: np.ones([4, 2]), x: new IrrepsArray(new Irreps('O3', '1o'), np.ones([4, 3]), irMul) })
  expectTypeOf(carry).toEqualTypeOf<DeviceArray>()
  expectTypeOf(results).toEqualTypeOf<IrrepsArray>()
  expect(carry).toBeInstanceOf(DeviceArray)
  expect(results).toBeInstanceOf(IrrepsArray)
  expect(grad(f)(params, np.ones([2])).x).toBeInstanceOf(IrrepsArray)
})

test('a Jacobian is of the argument that is named', async () => {
  interface Pair {
    readonly a: DeviceArray
    readonly b: DeviceArray
  }
  const f = (x: DeviceArray, { a, b }: Pair): DeviceArray => np.tanh(x.mul(a)).add(b)
  expectTypeOf(jacrev(f)).returns.toEqualTypeOf<DeviceArray>()
  expectTypeOf(jacrev(f, { argnum: 1 })).returns.toEqualTypeOf<Pair>()
  expectTypeOf(jacfwd(f, { argnum: 1 })).returns.toEqualTypeOf<Pair>()
  expectTypeOf(hessian((x: Pair, y: DeviceArray) => np.sum(f(y, x)), { argnum: 1 })).returns.toEqualTypeOf<DeviceArray>()
  const [x, pair] = [randomArray([3], 1), { a: randomArray([3], 2), b: randomArray([3], 3) }]
  const [reverse, forward] = [jacrev(f, { argnum: 1 })(x, pair), jacfwd(f, { argnum: 1 })(x, pair)]
  await expectClose(reverse.b, np.eye(3, { dtype: 'float64' }), 0)
  await expectClose(reverse.a, forward.a, 1e-15)
})
