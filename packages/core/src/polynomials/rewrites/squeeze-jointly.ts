import { mapTerms } from '../map-products.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import { SegmentedTensorProduct } from '../segmented-tensor-product.ts'
import { squeezableModes, squeezeModes } from '../transforms/squeeze-modes.ts'
import { closeOverBuffers } from './close-over-buffers.ts'

/** Drops every mode and every axis of an unused operand that has extent one; a mode that one operation needs stays in all. */
export function squeezeJointly(parts: PolynomialParts): PolynomialParts {
  const kept = closeOverBuffers(parts.operations, ([, product]) => {
    const squeezable = squeezableModes(product)
    return product.subscripts.modes.map((mode) => ({ name: mode, axes: product.subscripts.axesOf(mode), isPossible: squeezable.includes(mode) }))
  })
  const squeeze = ([operation, product]: Term, index: number): Term => [operation, SegmentedTensorProduct.fromParts(squeezeModes(product, kept[index]?.join('')))]
  return mapTerms(parts, squeeze, (operand) => operand.squeeze())
}
