export { IrrepsIndexedLinear, IrrepsLinear, type IrrepsLinearParams, type LinearOptions } from './linear.ts'
export { IrrepsNormalize, LayerNorm, SphericalHarmonics } from './normalization.ts'
export { MultiLayerPerceptron as MLP } from '../experimental/multi-layer-perceptron.ts'
