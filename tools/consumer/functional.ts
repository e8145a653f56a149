// A stranger's project with pure functions, and the kernels for WebGPU where a graphics card is found.
import * as cue from '@equivar/core'
import * as cuex from '@equivar/functional'
import { gather } from '@equivar/functional/experimental'

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`installed packages: ${what}`)
}

const { numpy: np, random } = cuex
const chosen = await cue.device('auto')
cuex.setDefaultDevice(await cuex.device('auto'))
const x: cuex.IrrepsArray = cuex.randn(random.key(0), new cue.Irreps('O3', '4x0e + 4x1o'), [8], cue.irMul)
const linear = cue.descriptors.linear(x.irreps, x.irreps)
const loss = (w: cuex.DeviceArray) => np.sum(np.square(cuex.equivariantTensorProduct(linear, w, x).array))
const slope = cuex.jit(cuex.grad(loss))(random.normal(random.key(1), [linear.inputs[0].dim]))
require(slope.shape.join() === '32' && [...(await slope.data())].every(Number.isFinite), 'functions compute gradients')
require(typeof gather === 'function', 'the experimental entry is there')
console.log(`functions compute on ${chosen.name}${chosen.refused.map(({ name, reason }) => `; not ${name}: ${reason}`).join('')}`)
