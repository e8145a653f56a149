import { HostArray } from '../../math/host-array.ts'
import type { Operation, SegmentedPolynomial, Term } from '../../polynomials/index.ts'
import { Path, SegmentedOperand, SegmentedTensorProduct } from '../../polynomials/index.ts'

/** A product of three inputs as a product of two, and of that with the third. Buffers are those of the polynomial; −1 is what lies between. */
export interface Split {
  readonly between: SegmentedOperand
  readonly first: { readonly buffers: readonly number[]; readonly product: SegmentedTensorProduct }
  readonly second: { readonly buffers: readonly number[]; readonly product: SegmentedTensorProduct }
}

export const between = -1

/** The cheapest way to do a product of three inputs two by two, if it is cheaper than all at once. */
export function splitTerm([operation, product]: Term): Split | undefined {
  if (operation.numOperands !== 4) return undefined
  const whole = costOf(product, product.subscripts.modes)
  let best: { readonly cost: number; readonly pair: Pair } | undefined
  for (const pair of [pairOf(product, 0, 1, 2), pairOf(product, 0, 2, 1), pairOf(product, 1, 2, 0)]) {
    const cost = costOf(product, pair.firstModes) + costOf(product, pair.secondModes)
    if (!best || cost < best.cost) best = { cost, pair }
  }
  return best && best.cost <= whole ? splitBy(operation, product, best.pair) : undefined
}

interface Pair {
  readonly p: number
  readonly q: number
  readonly rest: number
  readonly coefficientsFirst: boolean
  /** Modes of what lies between. */
  readonly modes: readonly string[]
  readonly firstModes: readonly string[]
  readonly secondModes: readonly string[]
}

/** Inputs p and q first, then the rest; the output is operand 3. */
function pairOf({ subscripts }: SegmentedTensorProduct, p: number, q: number, rest: number): Pair {
  const of = (k: number) => [...(subscripts.operands[k] ?? '')]
  const coefficients = [...subscripts.coefficients]
  const own = [...new Set([...of(p), ...of(q)])]
  const coefficientsFirst = coefficients.length > 0 && coefficients.filter((mode) => own.includes(mode)).length >= 2
  const inside = coefficientsFirst ? [...new Set([...own, ...coefficients])] : own
  const outside = new Set([...of(rest), ...of(3), ...(coefficientsFirst ? [] : coefficients)])
  // Coefficient modes in front, the others in the order of the operand that has most of them: so they merge into one.
  const longest = [0, 1, 2, 3].map(of).reduce((a, b) => (b.length > a.length ? b : a))
  const kept = inside.filter((mode) => outside.has(mode))
  const rank = (mode: string) => (coefficients.includes(mode) ? -1 : longest.indexOf(mode))
  const modes = kept.sort((a, b) => rank(a) - rank(b))
  const secondModes = [...new Set([...modes, ...of(rest), ...of(3), ...(coefficientsFirst ? [] : coefficients)])]
  return { p, q, rest, coefficientsFirst, modes, firstModes: inside, secondModes }
}

function splitBy(operation: Operation, product: SegmentedTensorProduct, { p, q, rest, coefficientsFirst, modes }: Pair): Split {
  const { subscripts, operands, paths } = product
  const extents = paths.map((_, n) => product.getPathDimensions(n))
  const segments = extents.map((own) => modes.map((mode) => own.get(mode) ?? 1))
  const middle = new SegmentedOperand(segments, modes.length)
  const text = (pieces: readonly string[], hasCoefficients: boolean) => `${pieces.join(',')}${hasCoefficients ? `+${subscripts.coefficients}` : ''}`
  const pick = <T>(list: readonly T[], k: number): T[] => list.slice(k, k + 1)
  const one = HostArray.scalar(1)
  const own = (k: number) => subscripts.operands[k] ?? ''
  const first = new SegmentedTensorProduct(
    text([own(p), own(q), modes.join('')], coefficientsFirst),
    [...pick(operands, p), ...pick(operands, q), middle],
    paths.map(({ indices, coefficients }, n) => new Path([...pick(indices, p), ...pick(indices, q), n], coefficientsFirst ? coefficients : one)),
  )
  const second = new SegmentedTensorProduct(
    text([own(rest), modes.join(''), own(3)], !coefficientsFirst),
    [...pick(operands, rest), middle, ...pick(operands, 3)],
    paths.map(({ indices, coefficients }, n) => new Path([...pick(indices, rest), n, ...pick(indices, 3)], coefficientsFirst ? one : coefficients)),
  )
  const buffer = (k: number) => operation.buffers[k] ?? 0
  return {
    between: middle,
    first: { buffers: [buffer(p), buffer(q), between], product: first },
    second: { buffers: [buffer(rest), between, buffer(3)], product: second },
  }
}

/** Scalar products when looping over some modes, those of coefficients included. */
function costOf(product: SegmentedTensorProduct, modes: readonly string[]): number {
  return product.paths.reduce((sum, _, n) => {
    const extents = product.getPathDimensions(n)
    return sum + modes.reduce((cost, mode) => cost * (extents.get(mode) ?? 1), 1)
  }, 0)
}

/** Terms that remain when one mode becomes lanes: how much code a polynomial would be. */
export function codeSize({ operations }: SegmentedPolynomial, channelOf: (product: SegmentedTensorProduct) => string | undefined): number {
  return operations.reduce((sum, [, product]) => {
    const channel = channelOf(product)
    const modes = product.subscripts.modes.filter((mode) => mode !== channel && !product.subscripts.coefficients.includes(mode))
    const numbers = product.paths.reduce((count, { coefficients }) => count + coefficients.data.filter((value) => value !== 0).length, 0)
    return sum + (costOf(product, modes) * numbers) / Math.max(1, product.numPaths)
  }, 0)
}
