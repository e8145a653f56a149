import { descriptors, experimental, Irreps, irMul } from '@equivar/core'
import { expect, test } from 'vitest'
import { equivariantTensorProduct, grad, IrrepsArray, numpy as np, symmetricTensorProduct, tensorProduct, vmap, type DeviceArray } from '../../src/index.ts'
import { expectClose, randomArray } from '../support/numbers.ts'

test('tensorProduct evaluates the last operand', async () => {
  const irreps = new Irreps('O3', '4x0e + 4x1o')
  const e = descriptors.fullyConnectedTensorProduct(irreps, new Irreps('O3', '0e + 1o'), irreps)
  const [product] = e.polynomial.operations.map(([, own]) => own)
  if (!product) throw new Error('no product')
  const [w, x, y] = e.polynomial.inputs.map(({ size }, i) => randomArray([i === 0 ? 1 : 3, size], i))
  if (!w || !x || !y) throw new Error('no inputs')
  const expected = equivariantTensorProduct(e, w, new IrrepsArray(irreps, x, irMul), new IrrepsArray(new Irreps('O3', '0e + 1o'), y, irMul)).array
  await expectClose(tensorProduct(product, w, x, y), expected, 1e-14)
  await expectClose(vmap((a: DeviceArray, b: DeviceArray) => tensorProduct(product, w.reshape([-1]), a, b))(x, y), expected, 1e-14)
  expect(() => tensorProduct(product, w, x)).toThrow(/has 3 inputs/)
  expect(() => tensorProduct(e.polynomial as never, w, x, y)).toThrow(/needs a SegmentedTensorProduct/)
})

test('symmetricTensorProduct repeats its last input', async () => {
  const irreps = new Irreps('O3', '2x0e + 2x1o')
  const [e, projection] = experimental.mace.symmetricContraction(irreps, new Irreps('O3', '2x0e + 2x1o'), [1, 2, 3])
  const products = e.polynomial.operations.map(([, own]) => own)
  expect(products.map(({ numOperands }) => numOperands).sort()).toEqual([3, 4, 5])
  const w = np.einsum('au,ab->bu', randomArray([projection.shape[0], 2], 1), projection).reshape([-1])
  const x = randomArray([3, irreps.dim], 2)
  const expected = (own: DeviceArray) => equivariantTensorProduct(e, w, new IrrepsArray(irreps, own, irMul)).array
  await expectClose(symmetricTensorProduct(products, w, x), expected(x), 1e-13)
  const slope = (f: (own: DeviceArray) => DeviceArray) => grad((own: DeviceArray) => np.sum(np.square(f(own))))(x)
  await expectClose(slope((own) => symmetricTensorProduct(products, w, own)), slope(expected), 1e-13)
  expect(() => symmetricTensorProduct([], w, x)).toThrow(/at least one product/)
  expect(() => symmetricTensorProduct(products, w, x, x, x, x, x)).toThrow(/no product has an operand for input 4/)
})
