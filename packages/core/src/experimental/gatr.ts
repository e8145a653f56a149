import { requireInteger } from '../descriptors/arguments.ts'
import { at } from '../descriptors/at.ts'
import { scalarPath } from '../descriptors/build.ts'
import { HostArray } from '../math/host-array.ts'
import { Path, SegmentedOperand, SegmentedTensorProduct } from '../polynomials/index.ts'

/**
 * The 16 basis blades of the projective geometric algebra G(3,0,1) in segments; a blade is the set of vectors e_0 … e_3 that
 * it multiplies, e_i as bit i: `1 | e0 | e1 e2 e3 | e01 e02 e03 | e12 e13 e23 | e012 e013 e023 | e123 | e0123`.
 */
const blades: readonly (readonly number[])[] = [
  [0b0000],
  [0b0001],
  [0b0010, 0b0100, 0b1000],
  [0b0011, 0b0101, 0b1001],
  [0b0110, 0b1010, 0b1100],
  [0b0111, 0b1011, 0b1101],
  [0b1110],
  [0b1111],
]

/** Segments that share one weight: the equivariant linear maps are a projection on each grade, … */
const grades: readonly (readonly number[])[] = [[0], [1, 2], [3, 4], [5, 6], [7]]
/** … and, behind them, multiplication by e_0 after the part of a grade that does not hold it. */
const timesE0: readonly (readonly [from: number, to: number])[] = [
  [0, 1],
  [2, 3],
  [4, 5],
  [6, 7],
]

/**
 * `y[iv] += w[uv] · x[iu]`: the linear maps of multivectors that commute with E(3), `mulIn` to `mulOut` channels.
 *
 * Operands: nine weight matrices (mulIn, mulOut), five for the grades and four for multiplication by e_0; x and y with one
 * segment for each kind of blade, `1 | e0 | ei | e0i | eij | e0ij | e123 | e0123`.
 *
 * Source: Brehmer et al., Geometric Algebra Transformer, arXiv:2305.18415, proposition 2.
 *
 * @throws {InputError} if a number of channels is not a non-negative integer.
 */
export function gatrLinear(mulIn: number, mulOut: number): SegmentedTensorProduct {
  requireInteger('gatrLinear', 'mulIn', mulIn, 0)
  requireInteger('gatrLinear', 'mulOut', mulOut, 0)
  const paths = [
    ...grades.flatMap((segments, weight) => segments.map((s) => scalarPath([weight, s, s], 1))),
    ...timesE0.map(([from, to], n) => scalarPath([grades.length + n, from, to], 1)),
  ]
  const weights = Array.from({ length: grades.length + timesE0.length }, () => [mulIn, mulOut])
  const multivectors = (mul: number): SegmentedOperand => new SegmentedOperand(blades.map((segment) => [segment.length, mul]), 2)
  return new SegmentedTensorProduct('uv,iu,iv', [new SegmentedOperand(weights, 2), multivectors(mulIn), multivectors(mulOut)], paths)
}

/**
 * `z[k] += c[ijk] · x[i] · y[j]`: the geometric product of multivectors, e_0² = 0 and e_1² = e_2² = e_3² = 1.
 * Segments as in {@link gatrLinear}, without channels.
 */
export function gatrGeometricProduct(): SegmentedTensorProduct {
  return bladeProduct((a, b) => (a & b & 1) === 0)
}

/** `z[k] += c[ijk] · x[i] · y[j]`: the outer (wedge) product, zero where the factors share a vector. */
export function gatrOuterProduct(): SegmentedTensorProduct {
  return bladeProduct((a, b) => (a & b) === 0)
}

/** The bilinear product e_A e_B = ±e_{A △ B} on those pairs of blades that `survives` keeps. */
function bladeProduct(survives: (a: number, b: number) => boolean): SegmentedTensorProduct {
  const operand = new SegmentedOperand(blades.map((segment) => [segment.length]), 1)
  const paths: Path[] = []
  for (const [s, left] of blades.entries())
    for (const [t, right] of blades.entries())
      for (const [r, out] of blades.entries()) {
        const data = new Float64Array(left.length * right.length * out.length)
        for (const [i, a] of left.entries())
          for (const [j, b] of right.entries()) {
            const k = survives(a, b) ? out.indexOf(a ^ b) : -1
            if (k >= 0) data[(i * right.length + j) * out.length + k] = reorderingSign(a, b)
          }
        if (data.some((value) => value !== 0)) paths.push(new Path([s, t, r], new HostArray([left.length, right.length, out.length], data)))
      }
  return new SegmentedTensorProduct('i,j,k+ijk', [operand, operand, operand], paths)
}

/** (−1)^n, where n vectors of the left blade must be passed to sort the product. */
function reorderingSign(a: number, b: number): number {
  let passed = 0
  for (let bit = 0; bit < 4; bit++) if ((b >> bit) & 1) passed += at(bitCounts, a >> (bit + 1))
  return passed % 2 === 0 ? 1 : -1
}

const bitCounts: readonly number[] = Array.from({ length: 16 }, (_, n) => n.toString(2).replaceAll('0', '').length)
