// A stranger's page with pure functions, on the graphics card that the browser reaches.
import { Irreps, irMul, use } from '@equivar/core'
import * as descriptors from '@equivar/core/descriptors'
import { device, equivariantTensorProduct, grad, jit, numpy, randn, random, setDefaultDevice, type DeviceArray } from '@equivar/functional'
import { createWebgpu } from '@equivar/kernels-wgsl'

async function layer(): Promise<string> {
  // Any adapter does here; a page for people leaves software adapters to the processor's kernels.
  use(createWebgpu({ software: true }))
  setDefaultDevice(await device('webgpu'))
  const x = randn(random.key(0), new Irreps('O3', '4x0e + 4x1o'), [8], irMul)
  const linear = descriptors.linear(x.irreps, x.irreps)
  const loss = (w: DeviceArray) => numpy.sum(numpy.square(equivariantTensorProduct(linear, w, x).array))
  const slope = jit(grad(loss))(random.normal(random.key(1), [32]))
  const numbers = [...(await slope.data())]
  if (numbers.length !== 32 || !numbers.every(Number.isFinite) || numbers.every((number) => number === 0)) throw new Error(`a gradient of ${numbers.join()}`)
  return `${numbers.length} numbers`
}

layer().then(
  (text) => (document.title = `gradient: ${text}`),
  (error: unknown) => (document.title = `failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
)
