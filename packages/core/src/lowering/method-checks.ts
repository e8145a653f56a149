import type { SegmentedPolynomial } from '../polynomials/index.ts'

/** Why a polynomial does not have the form that `uniform_1d` takes, with what would bring it there; `undefined` if it has. */
export function whyNotUniform(polynomial: SegmentedPolynomial): string | undefined {
  const extents = new Set<number>()
  for (const [operation, product] of polynomial.operations) {
    const { subscripts } = product
    const modes = subscripts.modes.filter((mode) => !subscripts.coefficients.includes(mode) && Math.max(1, ...product.getDims(mode)) > 1)
    if (modes.length > 1) {
      const others = modes.slice(0, -1).join('')
      return `operation ${operation.toString()}, '${subscripts.text}', has modes ${modes.join(', ')}, but takes one; call flattenModes('${others}'), or use 'fused_tp'`
    }
    for (const mode of modes) for (const extent of product.getDims(mode)) extents.add(extent)
  }
  if (extents.size <= 1) return undefined
  const list = [...extents].sort((a, b) => a - b)
  return `its mode has extents ${list.join(', ')}, but takes one; call splitMode with ${list.reduce(greatestCommonDivisor)}, or use 'auto'`
}

/** Why a polynomial is none of tensor products of two or three operands. */
export function whyNotTensorProducts(polynomial: SegmentedPolynomial): string | undefined {
  const other = polynomial.operations.find(([operation]) => operation.numOperands !== 3 && operation.numOperands !== 4)
  return other && `operation ${other[0].toString()} has ${other[0].numOperands} operands, but takes 3 or 4; use 'uniform_1d' or 'auto'`
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
