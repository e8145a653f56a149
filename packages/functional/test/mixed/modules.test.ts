import { descriptors, Irreps, irMul } from '@equivar/core'
import { Linear, Tensor } from '@equivar/torchlike'
import { expect, test } from 'vitest'
import { DeviceArray, equivariantTensorProduct, grad, IrrepsArray, jit, numpy as np, optimizers } from '../../src/index.ts'
import { expectClose, randomArray } from '../support/numbers.ts'

const irreps = new Irreps('O3', '4x0e + 4x1o')
const descriptor = descriptors.linear(irreps, irreps)
const input = randomArray([3, irreps.dim], 1)

/** The storage behind an array: where its elements are. */
const storageOf = (x: { readonly value: { readonly storage: unknown } }) => x.value.storage

function layer() {
  const module = new Linear({ irrepsIn: irreps, irrepsOut: irreps, layout: irMul, dtype: 'float64' })
  if (!module.weight) throw new Error('its weights are its own')
  return { module, weight: module.weight }
}

const model = (w: DeviceArray, x: DeviceArray): DeviceArray => equivariantTensorProduct(descriptor, w.reshape([-1]), new IrrepsArray(irreps, x, irMul)).array
const loss = (w: DeviceArray) => np.sum(np.square(model(w, input)))

test("a module's weights are a function's, in the same memory, and back", async () => {
  const { module, weight } = layer()
  const weights = new DeviceArray(weight.detach().array)
  expect(storageOf(weights.ndarray)).toBe(storageOf(weight.array))
  await expectClose(model(weights, input), module.forward(new Tensor(input.ndarray.share())), 1e-14)

  using step = jit((w: DeviceArray) => w.sub(grad(loss)(w).mul(0.01)))
  const trained = step(weights)
  weight.copy_(new Tensor(trained.ndarray.share()))
  expect(storageOf(weight.array)).toBe(storageOf(trained.ndarray))
  await expectClose(module.forward(new Tensor(input.ndarray.share())), model(trained, input), 1e-14)
  // What was handed out before is what it was.
  expect(storageOf(weights.ndarray)).not.toBe(storageOf(weight.array))
})

test('gradients of both styles are the same', async () => {
  const { module, weight } = layer()
  const weights = new DeviceArray(weight.detach().array)
  const total = module.forward(new Tensor(input.ndarray.share())).square().sum()
  total.backward()
  if (!weight.grad) throw new Error('no gradient')
  await expectClose(grad(loss)(weights), weight.grad, 1e-14)
  // A gradient of a module is updated by a functional optimiser.
  const optimizer = optimizers.sgd(0.1)
  const [updates] = optimizer.update(new DeviceArray(weight.grad.array), optimizer.init(weights), weights)
  await expectClose(updates, grad(loss)(weights).mul(-0.1), 1e-14)
})
