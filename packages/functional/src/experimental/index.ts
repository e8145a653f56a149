export { gather } from './gather.ts'
export { MultiLayerPerceptron, type DenseParams, type MultiLayerPerceptronOptions } from './multi-layer-perceptron.ts'
export { bessel, polynomialEnvelope, smoothBump, softEnvelope, sus } from './radial.ts'
