// A stranger's project: knows the packages by their names only, and has installed nothing else.
import * as core from '@equivar/core'
import * as engine from '@equivar/engine'
import * as mace from '@equivar/mace'

const array: core.HostArray = core.HostArray.identity(3).scale(2)
if (array.get(1, 1) !== 2) throw new Error('core gives a wrong number')
console.log(`exports: core ${Object.keys(core).length}, engine ${Object.keys(engine).length}, mace ${Object.keys(mace).length}`)
