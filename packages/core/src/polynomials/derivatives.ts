import { PolynomialError } from '../errors.ts'
import type { PolynomialParts, Term } from './polynomial-parts.ts'
import { mergeTerms } from './terms.ts'

/** How lists with one entry an input and an output of a polynomial become the lists of the one derived from it. */
export type ArgumentMap = <T>(perInput: readonly T[], perOutput: readonly T[]) => readonly [inputs: readonly T[], outputs: readonly T[]]

/** A derived polynomial, and where its arguments come from. */
export type Derivative<P> = readonly [polynomial: P, map: ArgumentMap]

/** See {@link SegmentedPolynomial.jvp}. */
export function jvp({ inputs, outputs, operations }: PolynomialParts, hasTangent: readonly boolean[]): Derivative<PolynomialParts> {
  requireLength('jvp', 'hasTangent', hasTangent, inputs.length)
  const tangents = <T>(list: readonly T[]) => list.filter((_, i) => hasTangent[i])
  const terms = operations.flatMap(([operation, product]): Term[] => operation.jvp(hasTangent).map((tangent) => [tangent, product]))
  return [
    { inputs: [...inputs, ...tangents(inputs)], outputs, operations: mergeTerms(terms) },
    (perInput, perOutput) => [[...perInput, ...tangents(perInput)], perOutput],
  ]
}

/** See {@link SegmentedPolynomial.transpose}. */
export function transpose(
  { inputs, outputs, operations }: PolynomialParts,
  isUndefinedPrimal: readonly boolean[],
  hasCotangent: readonly boolean[],
): Derivative<PolynomialParts> {
  requireLength('transpose', 'isUndefinedPrimal', isUndefinedPrimal, inputs.length)
  requireLength('transpose', 'hasCotangent', hasCotangent, outputs.length)
  const map = <T>(perInput: readonly T[], perOutput: readonly T[]) =>
    [
      [...perInput.filter((_, i) => !isUndefinedPrimal[i]), ...perOutput.filter((_, o) => hasCotangent[o])],
      perInput.filter((_, i) => isUndefinedPrimal[i]),
    ] as const
  const [newInputs, newOutputs] = map(inputs, outputs)
  const terms = operations.flatMap(([operation, product]): Term[] => {
    const transposed = operation.transpose(isUndefinedPrimal, hasCotangent)
    return transposed ? [[transposed, product]] : []
  })
  return [{ inputs: newInputs, outputs: newOutputs, operations: mergeTerms(terms) }, map]
}

/** See {@link SegmentedPolynomial.backward}. */
export function backward(parts: PolynomialParts, requiresGradient: readonly boolean[], hasCotangent: readonly boolean[]): Derivative<PolynomialParts> {
  requireLength('backward', 'requiresGradient', requiresGradient, parts.inputs.length)
  requireLength('backward', 'hasCotangent', hasCotangent, parts.outputs.length)
  const [linear, tangentMap] = jvp(parts, requiresGradient)
  const isTangent = linear.inputs.map((_, i) => i >= parts.inputs.length)
  const [polynomial, map] = transpose(linear, isTangent, hasCotangent)
  return [polynomial, (perInput, perOutput) => map(...tangentMap(perInput, perOutput))]
}

function requireLength(what: string, name: string, list: readonly boolean[], expected: number): void {
  if (list.length !== expected) throw new PolynomialError(`SegmentedPolynomial.${what}: ${name} has ${list.length} entries, but needs ${expected}, one for each`)
}
