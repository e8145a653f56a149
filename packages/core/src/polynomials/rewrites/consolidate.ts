import { mapProducts, mapTerms } from '../map-products.ts'
import { SegmentedOperand } from '../operand.ts'
import type { PolynomialParts, Term } from '../polynomial-parts.ts'
import { SegmentedTensorProduct } from '../segmented-tensor-product.ts'
import { sortOperands } from '../terms.ts'
import { isMergeable, mergeModes } from '../transforms/consolidate-modes.ts'
import { consolidatePaths } from '../transforms/fuse-paths.ts'
import { removeEmptySegments } from '../transforms/remove-empty-segments.ts'
import { closeOverBuffers } from './close-over-buffers.ts'
import { squeezeJointly } from './squeeze-jointly.ts'

/** Adds up products of the same buffers and, up to the names of modes, the same subscripts. */
export function fuseProducts({ inputs, outputs, operations }: PolynomialParts): PolynomialParts {
  const groups = new Map<string, { readonly first: Term; readonly rest: SegmentedTensorProduct[] }>()
  for (const term of operations) {
    const [operation, product] = sortOperands(term)
    const canonical = product.canonicalizeSubscripts()
    const key = `${operation.toString()} ${canonical.subscripts.text}`
    const group = groups.get(key)
    if (group) group.rest.push(canonical)
    else groups.set(key, { first: [operation, canonical], rest: [] })
  }
  const fused = [...groups.values()].map(({ first: [operation, product], rest }): Term => {
    const paths = [product, ...rest].flatMap((own) => own.paths)
    return [operation, SegmentedTensorProduct.fromParts(consolidatePaths({ subscripts: product.subscripts, operands: product.operands, paths }))]
  })
  return { inputs, outputs, operations: fused }
}

/**
 * The same polynomial in fewer pieces: products fused, modes that always stand side by side merged, segments without elements
 * and paths without value dropped, modes of extent one squeezed. Buffers keep their size.
 */
export function consolidate(parts: PolynomialParts): PolynomialParts {
  const withoutEmpty = mapProducts(fuseProducts(parts), removeEmptySegments, dropEmptySegments)
  const squeezed = squeezeJointly({ ...withoutEmpty, operations: withoutEmpty.operations.filter(([, product]) => product.numPaths > 0) })
  // Squeezed first, because modes may stand side by side only then.
  return fuseProducts(mergeModesJointly(squeezed))
}

/** Merges modes side by side where all operations that share a buffer allow it. */
export function mergeModesJointly(parts: PolynomialParts): PolynomialParts {
  const pairs = closeOverBuffers(parts.operations, ([, { subscripts }]) => {
    const neighboursIn = (own: string) => Array.from({ length: Math.max(0, own.length - 1) }, (_, axis) => own.slice(axis, axis + 2))
    return [...new Set(subscripts.operands.flatMap(neighboursIn))].map((name) => ({
      name,
      axes: subscripts.operands.flatMap((own, k) => (own.includes(name) ? [[k, own.indexOf(name)] as const] : [])),
      isPossible: isMergeable(subscripts, name),
    }))
  })
  return mapTerms(parts, ([operation, product], index) => [operation, SegmentedTensorProduct.fromParts(mergeModes(product, pairs[index] ?? []))])
}

function dropEmptySegments(operand: SegmentedOperand): SegmentedOperand {
  return new SegmentedOperand(
    operand.segments.filter((shape) => !shape.includes(0)),
    operand.ndim,
  )
}
