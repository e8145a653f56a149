import type { Irreps } from '../irreps/index.ts'
import { IrDictPolynomial, type SegmentedPolynomial, splitPolynomialByIrreps } from '../polynomials/index.ts'

/**
 * The polynomial with one operand for each segment of irreps. `inputs` and `outputs` name the irreps of every operand of
 * `polynomial`; the result's groups are the same irreps.
 */
export function splitAllByIrreps(polynomial: SegmentedPolynomial, inputs: readonly Irreps[], outputs: readonly Irreps[]): IrDictPolynomial {
  const all = [...inputs, ...outputs]
  // From the last operand to the first, because splitting one renumbers those behind it.
  const split = all.reduceRight((rest, irreps, operand) => (irreps.length === 1 ? rest : splitPolynomialByIrreps(rest, operand, irreps)), polynomial)
  return new IrDictPolynomial(split, inputs, outputs)
}
