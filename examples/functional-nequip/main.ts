import { device, evalShape, jit, numpy as np, random, setDefaultDevice, tree } from '@equivar/functional'
import { energiesAndForces, init, type Batch, type NequipConfig, type NequipParams } from './nequip.ts'

setDefaultDevice(await device('auto'))

const config: NequipConfig = { numLayers: 3, numFeatures: 8, numSpecies: 2, maxEll: 2, numRadial: 8, hiddenIrreps: '0e + 1o + 2e', cutoff: 5, epsilon: 0.5 }
const count = tree.reduce((sum, { size }) => sum + size, evalShape((key: random.Key) => init(key, config), random.key(0)), 0)
console.log(`${count} parameters`)

// A water molecule: every atom sees the two others.
const positions = np.array([[0, 0, 0.119], [0, 0.763, -0.477], [0, -0.763, -0.477]])
const senders = np.array([0, 0, 1, 1, 2, 2], { dtype: 'int32' })
const receivers = np.array([1, 2, 0, 2, 0, 1], { dtype: 'int32' })
const batch: Batch = {
  vectors: positions.take(receivers).sub(positions.take(senders)),
  senders,
  receivers,
  species: np.array([1, 0, 0], { dtype: 'int32' }),
  graphs: np.array([0, 0, 0], { dtype: 'int32' }),
  numAtoms: np.array([3], { dtype: 'int32' }),
}
const predict = jit((params: NequipParams, own: Batch) => energiesAndForces(params, config, own))
const { energies, forces } = predict(init(random.key(0), config), batch)
console.log(`energy ${await energies.toText()}`)
console.log(`forces ${await forces.toText()}`)
console.log(`sum of forces ${Math.max(...(await np.abs(forces.sum({ axes: 0 })).data())) < 1e-5 ? 'vanishes' : 'is left'}`)
