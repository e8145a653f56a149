import { descriptors, O3 } from '@equivar/core'
import type { Dtype } from '../cases/case.ts'
import { contractionPolynomial, convolutionPolynomial, irrepsOf } from '../cases/operations.ts'
import { seededIntegers } from '../cases/random.ts'
import { batched, gradientsOf, indexed, type PolynomialProblem, type RowAccess, type RowIndices, shared } from './problems.ts'

/** Launches of a pass: problems that are solved one after another. */
export type KernelPass = readonly PolynomialProblem[]

/** `fwd` the values, `bwd` the gradients of all inputs, `dbl` the gradients of those gradients: each by itself. */
export type KernelPasses = Readonly<Record<'fwd' | 'bwd' | 'dbl', KernelPass>>

export interface KernelCase {
  readonly dtype: Dtype
  readonly make: () => KernelPasses
}

const species = 10

function passesOf(problem: PolynomialProblem): KernelPasses {
  const gradients = gradientsOf(problem)
  return { fwd: [problem], bwd: [gradients], dbl: [gradientsOf(gradients)] }
}

/** Edges in the order of their receivers, as many for each. */
function edges(nodes: number, degree: number): readonly RowIndices[] {
  const steps = seededIntegers(4, nodes * degree, nodes - 1)
  const receivers = Int32Array.from(steps, (_, edge) => Math.floor(edge / degree))
  return [{ data: steps.map((step, edge) => ((receivers[edge] ?? 0) + 1 + step) % nodes), rows: nodes }, { data: receivers, rows: nodes }]
}

function convolution(irreps: string, dtype: Dtype = 'f32', nodes = 5000, degree = 50): KernelCase {
  const make = () => {
    const polynomial = convolutionPolynomial(irreps).flattenCoefficientModes().squeezeModes()
    const indices = edges(nodes, degree)
    return passesOf({ polynomial, inputs: [batched, indexed(0), batched], outputs: [indexed(1)], batchSize: nodes * degree, indices })
  }
  return { dtype, make }
}

/** As models have it, with weights folded into one coefficient for every monomial, first for all species. */
function contraction(nodes: number, ...to: readonly string[]): KernelCase {
  const make = () => {
    const { table, main } = contractionPolynomial(128, ...to).flattenCoefficientModes().foldOperand(0)
    const rows: PolynomialProblem = { polynomial: table, inputs: [batched], outputs: [batched], batchSize: species, indices: [] }
    const own: PolynomialProblem = {
      polynomial: main,
      inputs: [indexed(0), batched],
      outputs: [batched],
      batchSize: nodes,
      indices: [{ data: seededIntegers(3, nodes, species), rows: species }],
    }
    const [tables, entries] = [passesOf(rows), passesOf(own)]
    return { fwd: [rows, own], bwd: [...entries.bwd, ...tables.bwd], dbl: [rows, ...entries.dbl, ...tables.bwd] }
  }
  return { dtype: 'f32', make }
}

function linear(nodes: number, weights: RowAccess, ...kinds: readonly string[]): KernelCase {
  const make = () => {
    const irreps = irrepsOf(128, ...kinds)
    const indices = weights.kind === 'indexed' ? [{ data: seededIntegers(3, nodes, species), rows: species }] : []
    const { polynomial } = descriptors.linear(irreps, irreps)
    return passesOf({ polynomial, inputs: [weights, batched], outputs: [batched], batchSize: nodes, indices })
  }
  return { dtype: 'f32', make }
}

function harmonics(vectors: number): KernelCase {
  const make = () => {
    const { polynomial } = descriptors.sphericalHarmonics(new O3(1, -1), [0, 1, 2, 3])
    return passesOf({ polynomial, inputs: [batched], outputs: [batched], batchSize: vectors, indices: [] })
  }
  return { dtype: 'f32', make }
}

const both = '128x0e+128x1o'

/** Sizes that fill a GPU, beside two of a small molecule. */
export const kernelCases: Readonly<Record<string, KernelCase>> = {
  A1: convolution(both),
  A2: convolution('128x0e'),
  A3: convolution('128x0e+128x1o+128x2e'),
  A4: convolution('32x0e+32x1o'),
  A5: convolution(both, 'f32', 21, 20),
  'A1-f64': convolution(both, 'f64'),
  A1m5: convolution('5x0e+5x1o'),
  A1m33: convolution('33x0e+33x1o'),
  A1m123: convolution('123x0e+123x1o'),
  B1: contraction(5000, '0e', '1o'),
  B2: contraction(21, '0e', '1o'),
  B3: contraction(5000, '0e', '1o', '2e'),
  C1: linear(5000, shared, '0e', '1o', '2e', '3o'),
  C2: linear(250_000, shared, '0e', '1o', '2e', '3o'),
  D: linear(5000, indexed(0), '0e', '1o'),
  E1: harmonics(250_000),
  E2: harmonics(1_000_000),
}
