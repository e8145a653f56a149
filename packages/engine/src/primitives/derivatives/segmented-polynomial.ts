import type { SegmentedPolynomial } from '@equivar/core'
import { apply } from '../../graph/apply.ts'
import type { NDArray } from '../../array/ndarray.ts'
import type { InputAccess, OutputAccess } from '../names.ts'
import type { DerivativeRules, Maybe } from '../rules.ts'

/**
 * A derivative of a segmented polynomial is a segmented polynomial. Tangents are read as their primals are; under
 * transposition a gather becomes a scatter-add, a shared input becomes a sum over the batch, and back.
 */
export const segmentedPolynomialDerivatives: DerivativeRules<'segmentedPolynomial'> = {
  jvp: {
    tangents({ inputs: arrays, tangents, params: { polynomial, inputs, outputs, batchSize, ...method } }) {
      const numInputs = polynomial.inputs.length
      const hasTangent = inputs.map((_, i) => tangents[i] !== undefined)
      const derivative = jvpOf(polynomial, hasTangent)
      const operands = [...arrays.slice(0, numInputs), ...present(tangents.slice(0, numInputs))]
      return apply('segmentedPolynomial', [...operands, ...arrays.slice(numInputs)], {
        polynomial: derivative,
        inputs: [...inputs, ...inputs.filter((_, i) => hasTangent[i])],
        outputs,
        batchSize,
        ...method,
      })
    },
  },
  transpose: {
    cotangents({ inputs: arrays, linear, cotangents, params: { polynomial, inputs, outputs, batchSize, ...method } }) {
      const numInputs = polynomial.inputs.length
      const isUndefined = inputs.map((_, i) => linear[i] ?? false)
      const hasCotangent = outputs.map((_, k) => cotangents[k] !== undefined)
      const transposed = transposeOf(polynomial, isUndefined, hasCotangent)
      const defined = arrays.slice(0, numInputs).filter((_, i) => !isUndefined[i])
      const results = apply('segmentedPolynomial', [...defined, ...present(cotangents), ...arrays.slice(numInputs)], {
        polynomial: transposed,
        inputs: [...inputs.filter((_, i) => !isUndefined[i]), ...outputs.filter((_, k) => hasCotangent[k]).map(asInput)],
        outputs: inputs.flatMap((access, i) => (isUndefined[i] ? [asOutput(access, arrays[i]?.shape[0] ?? 0)] : [])),
        batchSize,
        ...method,
      })
      let next = 0
      return arrays.map((_, i) => (isUndefined[i] ? results[next++] : undefined))
    },
  },
}

function asInput(access: OutputAccess): InputAccess {
  return access.kind === 'indexed' ? { kind: 'indexed', index: access.index } : access
}

function asOutput(access: InputAccess, rows: number): OutputAccess {
  return access.kind === 'indexed' ? { ...access, rows } : access
}

function present(arrays: readonly Maybe<NDArray>[]): NDArray[] {
  return arrays.flatMap((x) => x ?? [])
}

const derived = new WeakMap<SegmentedPolynomial, Map<string, SegmentedPolynomial>>()

/** Derivative polynomials are made once, so that what is prepared for them (by identity) is found again. */
function remembered(polynomial: SegmentedPolynomial, key: string, make: () => SegmentedPolynomial): SegmentedPolynomial {
  let known = derived.get(polynomial)
  if (!known) derived.set(polynomial, (known = new Map<string, SegmentedPolynomial>()))
  let result = known.get(key)
  if (!result) known.set(key, (result = make()))
  return result
}

function jvpOf(polynomial: SegmentedPolynomial, hasTangent: readonly boolean[]): SegmentedPolynomial {
  return remembered(polynomial, `jvp ${hasTangent.join()}`, () => polynomial.jvp(hasTangent)[0])
}

function transposeOf(polynomial: SegmentedPolynomial, isUndefined: readonly boolean[], hasCotangent: readonly boolean[]): SegmentedPolynomial {
  return remembered(polynomial, `transpose ${isUndefined.join()} ${hasCotangent.join()}`, () => polynomial.transpose(isUndefined, hasCotangent)[0])
}
