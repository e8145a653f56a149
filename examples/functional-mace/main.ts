import { device, optimizers, random, setDefaultDevice, tree } from '@equivar/functional'
import { batchOfGolden } from './golden.ts'
import { energiesAndForces, init, type MaceConfig } from './mace.ts'
import { trainingStep } from './training.ts'

setDefaultDevice(await device('auto'))

const config: MaceConfig = {
  numLayers: 2,
  numFeatures: 16,
  numSpecies: 3,
  maxEll: 2,
  correlation: 2,
  numRadial: 8,
  interactionIrreps: '0e + 1o + 2e',
  hiddenIrreps: '0e + 1o',
  cutoff: 3,
  epsilon: 0.1,
  skipConnectionFirstLayer: true,
  offsets: [0, 0, 0],
}
const batch = tree.map((x) => (x.dtype === 'float64' ? x.astype('float32') : x), batchOfGolden())

// One model learns what another one says.
const targets = energiesAndForces(init(random.key(1), config), config, batch)
const optimizer = optimizers.chain(optimizers.clipByGlobalNorm(10), optimizers.adam(0.01))
const step = trainingStep(config, optimizer)

let params = init(random.key(0), config)
let state = optimizer.init(params)
const losses: number[] = []
for (let k = 0; k <= 40; k++) {
  const result = step(params, state, batch, targets)
  params = result.params
  state = result.state
  if (k % 20 !== 0) continue
  const loss = await result.loss.item()
  losses.push(loss)
  console.log(`step ${k}: loss ${loss.toPrecision(3)}`)
}

export { losses, targets }
