import * as descriptors from '../../descriptors/index.ts'
import { escn, gatr, mace } from '../../experimental/index.ts'
import { type Irrep, O3, O3E3nn } from '../../groups/index.ts'
import { Irreps, irMul, mulIr } from '../../irreps/index.ts'
import { HostArray } from '../../math/host-array.ts'
import { Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '../../polynomials/index.ts'

export const multiplicities = [1, 5, 13, 33, 123] as const
export type Multiplicity = (typeof multiplicities)[number]

/** A family of polynomials. */
export interface DescriptorEntry {
  /** Multiplicities that make a difference. */
  readonly multiplicities: readonly Multiplicity[]
  readonly make: (mul: number) => SegmentedPolynomial
}

const each = (make: (mul: number) => SegmentedPolynomial): DescriptorEntry => ({ multiplicities, make })
const only = (make: () => SegmentedPolynomial): DescriptorEntry => ({ multiplicities: [1], make })
const o3 = (text: string) => new Irreps('O3', text)
const so3 = (text: string) => new Irreps('SO3', text)
const vector: Irrep = new O3(1, -1)

/** Every descriptor, and polynomials that no descriptor makes but users may. */
export const descriptorTable = {
  linear: each((mul) => descriptors.linear(o3(`${mul}x0e + ${mul}x1o`), o3(`5x0e + ${mul}x1o`)).polynomial),
  // Outputs that nothing reaches, segments of no copies, several segments of one irrep.
  linearWithGaps: each((mul) => descriptors.linear(o3(`0x0e + 2x0e + ${mul}x0e + 1o`), o3(`${mul}x0e + 3x2e + 1o`)).polynomial),
  linearIrDict: each((mul) => descriptors.linearIrDict(o3(`${mul}x0e + 2x1o`), o3(`${mul}x0e + 3x1o`)).polynomial),
  fullyConnected: each((mul) => descriptors.fullyConnectedTensorProduct(o3(`${mul}x0e + 2x1o`), o3('0e + 1o'), o3(`${mul}x0e + 2x1o`)).polynomial),
  channelwise: each((mul) => descriptors.channelwiseTensorProduct(o3(`${mul}x0e + ${mul}x1o`), o3('0e + 1o + 2e'), o3('0e + 1o')).polynomial),
  channelwiseSimplified: each(
    (mul) => descriptors.channelwiseTensorProduct(o3(`${mul}x0e + ${mul}x1o`), o3('0e + 1o'), o3('0e + 1o + 1e'), { simplifyIrreps3: true }).polynomial,
  ),
  channelwiseOfMany: each((mul) => descriptors.channelwiseTensorProduct(o3(`${mul}x0e + 1o`), o3('2x0e + 3x1o'), o3('0e + 1o')).polynomial),
  channelwiseIrDict: each((mul) => descriptors.channelwiseTensorProductIrDict(o3(`${mul}x0e + ${mul}x1o`), o3('0e + 1o'), o3('0e + 1o')).polynomial),
  elementwise: each((mul) => descriptors.elementwiseTensorProduct(o3(`${mul}x0e + ${mul}x1o`), o3(`${mul}x0e + ${mul}x1o`)).polynomial),
  full: each((mul) => descriptors.fullTensorProduct(o3(`${mul}x0e + 1o`), o3('0e + 2x1o')).polynomial),
  symmetricContraction: each((mul) => descriptors.symmetricContraction(o3(`${mul}x0e + ${mul}x1o`), o3(`${mul}x0e + ${mul}x1o`), [1, 2, 3]).polynomial),
  symmetricContractionOfConstants: each((mul) => descriptors.symmetricContraction(o3(`${mul}x0e + ${mul}x1o`), o3(`${mul}x0e`), [0, 2]).polynomial),
  maceSymmetricContraction: each((mul) => {
    const [product] = mace.symmetricContraction(new Irreps(O3E3nn, `${mul}x0e + ${mul}x1o`), new Irreps(O3E3nn, `${mul}x0e`), [1, 2])
    return product.polynomial
  }),
  sphericalHarmonics: only(() => descriptors.sphericalHarmonics(vector, [0, 1, 2, 3]).polynomial),
  sphericalHarmonicsOfHighDegree: only(() => descriptors.sphericalHarmonics(vector, [2, 5]).polynomial),
  sphericalHarmonicsIrDict: only(() => descriptors.sphericalHarmonicsIrDict(vector, [0, 1, 2]).polynomial),
  yRotation: each((mul) => descriptors.yRotation(so3(`${mul}x0 + ${mul}x1 + ${mul}x2`)).polynomial),
  xRotation: each((mul) => descriptors.xRotation(so3(`${mul}x1`)).polynomial),
  xyRotation: each((mul) => descriptors.xyRotation(so3(`${mul}x0 + ${mul}x1`)).polynomial),
  yxRotation: each((mul) => descriptors.yxRotation(so3(`${mul}x1 + 2x0`)).polynomial),
  yxyRotation: each((mul) => descriptors.yxyRotation(so3(`${mul}x0 + ${mul}x1`)).polynomial),
  fixedAxisAngleRotation: each((mul) => descriptors.fixedAxisAngleRotation(so3(`${mul}x0 + ${mul}x1`), [1, 2, 3], 0.7).polynomial),
  inversion: each((mul) => descriptors.inversion(o3(`${mul}x0e + ${mul}x1o`)).polynomial),
  transpose: each((mul) => descriptors.transpose(o3(`${mul}x1o + 2x2e`), mulIr, irMul).polynomial),
  escn: each((mul) => escn.escnTp(so3(`${mul}x0 + ${mul}x1`), so3(`${mul}x0 + ${mul}x1`)).polynomial),
  escnCompact: each((mul) => escn.escnTpCompact(so3(`${mul}x0 + ${mul}x1`), so3(`${mul}x0 + ${mul}x1`), { mMax: 1 })),
  gatrLinear: each((mul) => SegmentedPolynomial.evalLastOperand(gatr.gatrLinear(mul, 3))),
  gatrGeometricProduct: only(() => SegmentedPolynomial.evalLastOperand(gatr.gatrGeometricProduct())),
  gatrOuterProduct: only(() => SegmentedPolynomial.evalLastOperand(gatr.gatrOuterProduct())),
  // y[u] += w[u] · x[u] · x[u], beside y[u] += x[u]: an operand that occurs twice, and a sum of products of different degree.
  square: each((mul) => {
    const operand = new SegmentedOperand([[mul], [mul]], 1)
    const paths = (numOperands: number) => [0, 1].map((segment) => path(Array.from({ length: numOperands }, () => segment), segment + 0.5))
    return new SegmentedPolynomial([operand, operand], [operand], [
      [new Operation([0, 1, 1, 2]), new SegmentedTensorProduct('u,u,u,u', [operand, operand, operand, operand], paths(4))],
      [new Operation([1, 2]), new SegmentedTensorProduct('u,u', [operand, operand], paths(2))],
    ])
  }),
  // y[uw] += a[uv] · b[vw]: matrices whose segments differ in extents.
  matrices: each((mul) => {
    const operands = [new SegmentedOperand([[2, mul], [3, 4]], 2), new SegmentedOperand([[mul, 3], [4, 2]], 2), new SegmentedOperand([[2, 3], [3, 2]], 2)]
    return SegmentedPolynomial.evalLastOperand(new SegmentedTensorProduct('uv,vw,uw', operands, [path([0, 0, 0], 0.5), path([1, 1, 1], -2)]))
  }),
  // y[u] += a b c d e[u] f[u]: more factors than descriptors have.
  manyFactors: each((mul) => {
    const [scalars, channels] = [new SegmentedOperand([[], []], 0), new SegmentedOperand([[mul]], 1)]
    const operands = [scalars, scalars, scalars, scalars, channels, channels, channels]
    return SegmentedPolynomial.evalLastOperand(new SegmentedTensorProduct(',,,,u,u,u', operands, [path([0, 1, 0, 1, 0, 0, 0], 2), path([1, 1, 1, 0, 0, 0, 0], -1)]))
  }),
  // Two outputs, one that no operation has, and an input that none uses.
  severalOutputs: each((mul) => {
    const channels = new SegmentedOperand([[mul]], 1)
    const product = new SegmentedTensorProduct('u,u,u', [channels, channels, channels], [path([0, 0, 0], 0.3)])
    const copy = new SegmentedTensorProduct('u,u', [channels, channels], [path([0, 0], -1)])
    return new SegmentedPolynomial([channels, channels, channels], [channels, channels, channels], [
      [new Operation([0, 1, 3]), product],
      [new Operation([1, 5]), copy],
    ])
  }),
  // y[u] += c: no factor at all.
  constant: each((mul) => {
    const channels = new SegmentedOperand([[mul], [mul]], 1)
    const values = HostArray.from(Array.from({ length: mul }, (_, u) => u + 0.5), [mul])
    const product = new SegmentedTensorProduct('u+u', [channels], [new Path([1], values)])
    return new SegmentedPolynomial([channels], [channels], [[new Operation([1]), product]])
  }),
} as const satisfies Readonly<Record<string, DescriptorEntry>>

export type DescriptorName = keyof typeof descriptorTable

export const descriptorNames = Object.keys(descriptorTable) as readonly DescriptorName[]

export const forms = ['plain', 'flattened', 'consolidated'] as const
/** How a polynomial is written: as its descriptor makes it; coefficients as numbers and modes of one squeezed, as MACE uses it; merged. */
export type Form = (typeof forms)[number]

const made = new Map<string, SegmentedPolynomial>()

/** A polynomial of the table; the same object for the same arguments. */
export function polynomialOf(name: DescriptorName, mul: number, form: Form): SegmentedPolynomial {
  const key = `${name} ${mul} ${form}`
  const known = made.get(key)
  if (known) return known
  const polynomial = form === 'plain' ? descriptorTable[name].make(mul) : rewritten(polynomialOf(name, mul, 'plain'), form)
  made.set(key, polynomial)
  return polynomial
}

function rewritten(polynomial: SegmentedPolynomial, form: Exclude<Form, 'plain'>): SegmentedPolynomial {
  return form === 'flattened' ? polynomial.flattenCoefficientModes().squeezeModes() : polynomial.consolidate()
}

function path(indices: readonly number[], coefficient: number): Path {
  return new Path(indices, HostArray.scalar(coefficient))
}
