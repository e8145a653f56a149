export { BatchNorm, type BatchNormOptions } from './batch-norm.ts'
export { FullyConnectedTensorProductConv, type ConvCall, type FullyConnectedTensorProductConvOptions, type Graph } from './fully-connected-conv.ts'
export { scatterReduce, type ScatterOptions, type ScatterReduction } from './scatter-reduce.ts'
