export { adam, adamw, addDecayedWeights, amsgrad, clipByGlobalNorm, ema, sgd, type AdamOptions, type AdamwOptions, type SgdOptions } from './steps.ts'
export { cosineDecay, exponentialDecay, linearSchedule, warmup, type LearningRate, type Schedule } from './schedules.ts'
export { applyUpdates, chain, scale, type GradientTransformation, type OptimizerState } from './transformation.ts'
