// A stranger's project with core alone: no other package, no native code.
import * as cue from '@equivar/core'
import * as kernels from '@equivar/core/kernels'

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`installed packages: ${what}`)
}

const irreps: cue.Irreps = new cue.Irreps('O3', '2x0e + 1o')
const layer: cue.EquivariantPolynomial = cue.descriptors.linear(irreps, new cue.Irreps('O3', '3x0e + 1o'))
require(layer.inputs[0].dim === 7, 'core counts weights')

const format: kernels.ScalarType = 'f32'
const kernel: kernels.Kernel = new kernels.KernelBuilder('nothing', { lanes: 1 }).build()
require(kernels.printKernel(kernel).includes('nothing') && format === 'f32', 'core holds the kernel language')

const { name, backend, refused } = await cue.device('auto')
require(name === 'cpu' && backend === null && refused.length === 3, 'auto says what is missing')
console.log(`alone; ${refused.map(({ reason }) => reason).join(', ')}`)
