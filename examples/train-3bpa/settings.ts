import type { CreateOptions, LossWeights } from '@equivar/mace/torchlike'

export interface Settings {
  /** Of the choice of frames, the initial parameters and the order of batches. */
  readonly seed: number
  /** Numbers of frames. */
  readonly training: number
  readonly validation: number
  readonly model: Omit<CreateOptions, 'elements' | 'seed'> & { readonly cutoff: number }
  readonly batchSize: number
  readonly epochs: number
  readonly learningRate: number
  /** Factor of the learning rate after every epoch. */
  readonly decay: number
  readonly weightDecay: number
  readonly maxGradientNorm: number
  readonly averageDecay: number
  readonly loss: LossWeights
}

/** What is trained, and how; `reference/train.py` trains mace-torch with the same. */
export const settings: Settings = {
  seed: 1,
  training: 64,
  validation: 50,
  model: { channels: 16, maxL: 1, maxEll: 2, correlation: 2, numLayers: 2, cutoff: 4.5, numRadial: 8, radialWidths: [32, 32, 32] },
  batchSize: 4,
  epochs: 80,
  learningRate: 0.01,
  decay: 0.95,
  weightDecay: 5e-7,
  maxGradientNorm: 10,
  averageDecay: 0.99,
  loss: { energy: 10, forces: 100 },
}
