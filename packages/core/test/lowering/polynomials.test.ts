import { describe, expect, it } from 'vitest'
import { descriptors, experimental, Irreps, lowering, O3, type SegmentedPolynomial } from '../../src/index.ts'
import { expected, gpu, maxDifference, noise, noiseIndices, type Problem, rowsOf, runPlan, simd } from './run-plan.ts'

const shared: lowering.RowAccess = { kind: 'shared' }
const batched: lowering.RowAccess = { kind: 'batched' }
const indexed = (index: number): lowering.RowAccess => ({ kind: 'indexed', index })

/** Rows of every index array. */
const indexRows = [4, 3, 2]

function problem(polynomial: SegmentedPolynomial, inputs: readonly lowering.RowAccess[], outputs: readonly lowering.RowAccess[], batchSize: number): Problem {
  const f64 = 'f64' as const
  const rows = (access: lowering.RowAccess) => (access.kind === 'indexed' ? (indexRows[access.index] ?? 0) : rowsOf(access, batchSize, 0))
  const request = { polynomial, inputs, outputs, inputScalars: inputs.map(() => f64), outputScalars: outputs.map(() => f64), mathScalar: f64 }
  return {
    request,
    sizes: { batchSize, inputRows: inputs.map(rows), outputRows: outputs.map(rows) },
    inputs: inputs.map((access, i) => noise(rows(access) * (polynomial.inputs[i]?.size ?? 0), i + 1)),
    indices: indexRows.map((own, k) => noiseIndices(batchSize, own, 100 + k)),
  }
}

function check(own: Problem, target: lowering.Target, method: lowering.Method | 'auto' = 'auto'): void {
  const lowered = lowering.lowerPolynomial(own.request, target, method)
  expect(maxDifference(runPlan(own, lowered.plan(own.sizes)), expected(own))).toBeLessThan(1e-13)
}

function convolution(multiplicity: number): SegmentedPolynomial {
  const irreps = (text: string) => new Irreps('O3', text)
  return descriptors.channelwiseTensorProduct(irreps(`${multiplicity}x0e+${multiplicity}x1o`), irreps('0e+1o+2e'), irreps('0e+1o+2e')).polynomial.flattenCoefficientModes().squeezeModes()
}

/** Polynomials of derivatives, with the accesses that their operands inherit. */
function* withDerivatives(polynomial: SegmentedPolynomial, inputs: readonly lowering.RowAccess[], outputs: readonly lowering.RowAccess[]) {
  yield { polynomial, inputs, outputs }
  const [backward, map] = polynomial.backward(
    inputs.map(() => true),
    outputs.map(() => true),
  )
  const [backwardInputs, backwardOutputs] = map(inputs, outputs)
  yield { polynomial: backward, inputs: backwardInputs, outputs: backwardOutputs }
  const [double, mapDouble] = backward.backward(
    backwardInputs.map(() => true),
    backwardOutputs.map(() => true),
  )
  const [doubleInputs, doubleOutputs] = mapDouble(backwardInputs, backwardOutputs)
  yield { polynomial: double, inputs: doubleInputs, outputs: doubleOutputs }
}

for (const [name, target] of [['simd', simd], ['gpu', gpu]] as const)
  describe(`lowered to ${name}`, () => {
    it.each([1, 2, 5, 8, 13])('convolution of %i channels, to double backward', (multiplicity) => {
      for (const { polynomial, inputs, outputs } of withDerivatives(convolution(multiplicity), [batched, indexed(0), batched], [indexed(1)])) check(problem(polynomial, inputs, outputs, 19), target)
    })

    it('anything, by tables', () => {
      const irreps = (text: string) => new Irreps('O3', text)
      const of = '2x0e+3x1o'
      const full = descriptors.fullyConnectedTensorProduct(irreps(of), irreps(of), irreps(of)).polynomial
      for (const { polynomial, inputs, outputs } of withDerivatives(full, [shared, batched, indexed(0)], [indexed(1)])) check(problem(polynomial, inputs, outputs, 7), target, 'naive')
      for (const { polynomial, inputs, outputs } of withDerivatives(convolution(5), [batched, indexed(0), batched], [indexed(1)])) check(problem(polynomial, inputs, outputs, 7), target, 'naive')
    })

    it('fully connected products, to double backward', () => {
      const irreps = (text: string) => new Irreps('O3', text)
      const of = '2x0e+5x1o'
      const full = descriptors.fullyConnectedTensorProduct(irreps(of), irreps(of), irreps(of)).polynomial
      for (const { polynomial, inputs, outputs } of withDerivatives(full, [shared, batched, indexed(0)], [indexed(1)])) check(problem(polynomial, inputs, outputs, 7), target)
    })

    it('symmetric contraction, to double backward', () => {
      const irreps = (text: string) => new Irreps('O3', text)
      const [{ polynomial: plain }] = experimental.mace.symmetricContraction(irreps('8x0e+8x1o'), irreps('8x0e+8x1o'), [1, 2, 3])
      const flat = plain.flattenCoefficientModes().squeezeModes()
      for (const { polynomial, inputs, outputs } of withDerivatives(flat, [indexed(2), batched], [batched])) check(problem(polynomial, inputs, outputs, 13), target)
    })

    it('spherical harmonics, to double backward', () => {
      const { polynomial: plain } = descriptors.sphericalHarmonics(new O3(1, -1), [0, 1, 2, 3])
      for (const { polynomial, inputs, outputs } of withDerivatives(plain, [batched], [batched])) check(problem(polynomial, inputs, outputs, 11), target)
    })

    it.each([0, 1, 700])('sums over a batch of %i', (batchSize) => {
      for (const { polynomial, inputs, outputs } of withDerivatives(convolution(4), [shared, batched, batched], [shared])) check(problem(polynomial, inputs, outputs, batchSize), target)
    })
  })
