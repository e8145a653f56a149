export type { CallOptions, LayoutOptions, OperationOptions, PairLayoutOptions, WeightOptions } from './options.ts'
export { Operation } from './operation.ts'
export type { WeightCall } from './weights.ts'
export { PairProduct, type PairProductOptions } from './pair-product.ts'
export { Linear, type LinearCall, type LinearOptions } from './linear.ts'
export { FullyConnectedTensorProduct, type FullyConnectedTensorProductOptions, type TensorProductCall } from './fully-connected-tensor-product.ts'
export { ChannelWiseTensorProduct, type ChannelWiseCall, type ChannelWiseTensorProductOptions } from './channel-wise-tensor-product.ts'
export { SymmetricContraction, type SymmetricContractionOptions } from './symmetric-contraction.ts'
export { sphericalHarmonics, SphericalHarmonics, type SphericalHarmonicsModuleOptions } from './spherical-harmonics.ts'
export { encodeRotationAngle, Inversion, Rotation, vectorToEulerAngles, type RotationOptions } from './rotation.ts'
export { TransposeIrrepsLayout, TransposeSegments, type TransposeIrrepsLayoutOptions, type TransposeSegmentsOptions } from './transposes.ts'
export {
  EquivariantTensorProduct,
  SegmentedPolynomial,
  type EquivariantTensorProductCall,
  type EquivariantTensorProductOptions,
  type SegmentedPolynomialCall,
  type SegmentedPolynomialModuleOptions,
} from './segmented-polynomial.ts'
