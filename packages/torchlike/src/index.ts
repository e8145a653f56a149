export type { Device, DType, DTypeName, FloatDType, MethodChoice, Shape } from '@equivar/engine'
export { defaultDevice, device, liveBuffers, noGrad, setDefaultDevice, withIndexChecks, withMethod, withPrecision } from '@equivar/engine'
export { defaultDtype, setDefaultDtype } from './autograd/defaults.ts'
export { scope } from './autograd/scope.ts'
export { grad, type GradOptions, type Gradients } from './autograd/grad.ts'
export type { PassOptions } from './autograd/backward.ts'
export { Tensor, type BackwardOptions, type TensorOptions } from './tensor/tensor.ts'
export type { Dims, DimsOptions } from './tensor/math.ts'
export type { VarianceOptions } from './tensor/reductions.ts'
export type { Key } from './tensor/keys.ts'
export * from './functions/create.ts'
export * from './functions/random.ts'
export * from './functions/combine.ts'
export * from './module/index.ts'
export * from './files/index.ts'
export * from './operations/index.ts'
export { compile, type Compiled } from './compile/compile.ts'
export { Adam, AdamW, type AdamOptimizerOptions } from './optim/adam.ts'
export { Optimizer, ParameterGroup, type GroupInput, type GroupOptions, type OptimizerState } from './optim/optimizer.ts'
export { SGD, type SgdOptimizerOptions } from './optim/sgd.ts'
export { ExponentialMovingAverage, type AverageOptions } from './optim/average.ts'
export { clipGradNorm_, clipGradValue_ } from './optim/clipping.ts'
export { LRScheduler, ReduceLROnPlateau } from './optim/schedulers.ts'
export {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  joinSchedules,
  linearSchedule,
  stepSchedule,
  type PlateauOptions,
  type PlateauState,
  type Schedule,
} from '@equivar/engine'
export * as nn from './nn/index.ts'
export * as layers from './layers/index.ts'
export { scatterReduce } from './layers/scatter-reduce.ts'
export { DataLoader, type DataLoaderOptions } from './data/loader.ts'
