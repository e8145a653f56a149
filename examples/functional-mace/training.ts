import { jit, numpy as np, optimizers, valueAndGrad, type DeviceArray, type OptimizerState } from '@equivar/functional'
import { energiesAndForces, type Batch, type MaceConfig, type MaceParams } from './mace.ts'

export interface Targets {
  readonly energies: DeviceArray
  readonly forces: DeviceArray
}

/** Mean squared error of energies, plus that of forces. */
export function lossOf(params: MaceParams, config: MaceConfig, batch: Batch, targets: Targets): DeviceArray {
  const { energies, forces } = energiesAndForces(params, config, batch)
  return np.mean(np.square(np.subtract(energies, targets.energies))).add(np.mean(np.square(np.subtract(forces, targets.forces))))
}

/** One step of training: forces, their loss, its gradient and the optimiser are one program. */
export function trainingStep(config: MaceConfig, optimizer = optimizers.adam(0.01)) {
  return jit((params: MaceParams, state: OptimizerState, batch: Batch, targets: Targets) => {
    const [loss, gradients] = valueAndGrad((own: MaceParams) => lossOf(own, config, batch, targets))(params)
    const [updates, next] = optimizer.update(gradients, state, params)
    return { loss, params: optimizers.applyUpdates(params, updates), state: next }
  })
}
