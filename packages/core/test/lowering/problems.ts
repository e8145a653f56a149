import { descriptors, experimental, Irreps, O3, type SegmentedPolynomial } from '../../src/index.ts'
import type * as lowering from '../../src/lowering/index.ts'
import { noise, noiseIndices, type Problem, rowsOf } from './run-plan.ts'

export const shared: lowering.RowAccess = { kind: 'shared' }
export const batched: lowering.RowAccess = { kind: 'batched' }
export const indexed = (index: number): lowering.RowAccess => ({ kind: 'indexed', index })

/** Rows of every index array. */
const indexRows = [4, 3, 2]

export interface Accesses {
  readonly polynomial: SegmentedPolynomial
  readonly inputs: readonly lowering.RowAccess[]
  readonly outputs: readonly lowering.RowAccess[]
}

export interface Scalars {
  readonly inputs?: lowering.FloatScalar
  readonly outputs?: lowering.FloatScalar
  readonly math?: lowering.FloatScalar
}

/** A polynomial with numbers for everything, in float64 unless told. */
export function problem({ polynomial, inputs, outputs }: Accesses, batchSize: number, scalars: Scalars = {}): Problem {
  const rows = (access: lowering.RowAccess) => (access.kind === 'indexed' ? (indexRows[access.index] ?? 0) : rowsOf(access, batchSize, 0))
  return {
    request: {
      polynomial,
      inputs,
      outputs,
      inputScalars: inputs.map(() => scalars.inputs ?? 'f64'),
      outputScalars: outputs.map(() => scalars.outputs ?? 'f64'),
      mathScalar: scalars.math ?? 'f64',
    },
    sizes: { batchSize, inputRows: inputs.map(rows), outputRows: outputs.map(rows) },
    inputs: inputs.map((access, i) => Float64Array.from(noise(rows(access) * (polynomial.inputs[i]?.size ?? 0), i + 1), Math.fround)),
    indices: indexRows.map((own, k) => noiseIndices(batchSize, own, 100 + k)),
  }
}

/** The polynomial, its gradients, and their gradients, with the accesses that operands inherit. */
export function withDerivatives(own: Accesses): readonly Accesses[] {
  const first = gradients(own)
  return [own, first, gradients(first)]
}

function gradients({ polynomial, inputs, outputs }: Accesses): Accesses {
  const all = (list: readonly unknown[]) => list.map(() => true)
  const [backward, map] = polynomial.backward(all(inputs), all(outputs))
  const [newInputs, newOutputs] = map(inputs, outputs)
  return { polynomial: backward, inputs: newInputs, outputs: newOutputs }
}

const irreps = (text: string) => new Irreps('O3', text)

/** Weights an edge, features by sender, harmonics an edge; sums by receiver. */
export function convolution(multiplicity: number): Accesses {
  const { polynomial } = descriptors.channelwiseTensorProduct(irreps(`${multiplicity}x0e+${multiplicity}x1o`), irreps('0e+1o+2e'), irreps('0e+1o+2e'))
  return { polynomial: polynomial.flattenCoefficientModes().squeezeModes(), inputs: [batched, indexed(0), batched], outputs: [indexed(1)] }
}

/** Weights of a species. */
export function contraction(multiplicity: number): Accesses {
  const [{ polynomial }] = experimental.mace.symmetricContraction(irreps(`${multiplicity}x0e+${multiplicity}x1o`), irreps(`${multiplicity}x0e+${multiplicity}x1o`), [1, 2, 3])
  return { polynomial: polynomial.flattenCoefficientModes().squeezeModes(), inputs: [indexed(2), batched], outputs: [batched] }
}

export function harmonics(degrees: readonly number[]): Accesses {
  return { polynomial: descriptors.sphericalHarmonics(new O3(1, -1), degrees).polynomial, inputs: [batched], outputs: [batched] }
}

export function fullyConnected(of: string): Accesses {
  const { polynomial } = descriptors.fullyConnectedTensorProduct(irreps(of), irreps(of), irreps(of))
  return { polynomial, inputs: [shared, batched, indexed(0)], outputs: [indexed(1)] }
}
