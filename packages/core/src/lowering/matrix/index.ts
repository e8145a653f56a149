export { type Activation } from './activation.ts'
export { lowerMatmul, type LoweredMatmul, type MatmulRequest, type MatmulSizes } from './matmul.ts'
export { lowerMatrix } from './lower-matrix.ts'
