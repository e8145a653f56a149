export { concatenate } from './concatenate.ts'
export { HostIrrepsArray } from './host-irreps-array.ts'
export { IrrepsAndLayout } from './irreps-and-layout.ts'
export { Irreps, type IrrepsFilter, type IrrepsLike, type IrrepsSelector, type SortedIrreps } from './irreps.ts'
export { irMul, Layout, type LayoutLike, type LayoutName, mulIr } from './layout.ts'
export { MulIrrep } from './mul-irrep.ts'
export type { SegmentLike } from './parse.ts'
export { asLayout, assume, getIrrepScope, getLayoutScope } from './scope.ts'
export {
  reducedAntisymmetricTensorProductBasis,
  type ReducedBasisOptions,
  reducedSymmetricTensorProductBasis,
  reducedTensorProductBasis,
} from './reduced-basis.ts'
