// A stranger's project with modules, and the kernels of the processor.
import * as cue from '@equivar/core'
import * as cuet from '@equivar/torchlike'

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`installed packages: ${what}`)
}

cuet.setDefaultDevice(await cuet.device('auto'))
const { backend } = await cue.device('auto')
require(backend !== null, 'auto takes the kernels that are installed')

const irreps = new cue.Irreps('O3', '4x0e + 4x1o')
const linear = new cuet.Linear({ irrepsIn: irreps, irrepsOut: irreps, layout: cue.irMul })
const loss: cuet.Tensor = linear.forward(cuet.randn([8, irreps.dim])).square().mean()
loss.backward()
require(linear.weight?.grad?.shape.join() === '1,32' && Number.isFinite(await loss.item()), 'modules compute gradients')
console.log(`modules compute on ${backend?.description ?? 'nothing'}`)
