import { InputError } from '@equivar/core'
import { storageOf } from '../array/ndarray.ts'
import type { AbstractValue, Value } from '../graph/value.ts'
import type { Storage } from '../memory/storage.ts'
import { requireRepresentable } from '../naive/elementwise.ts'
import type { ParamsOf, PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'

/** An input as checks see it. */
interface CheckedInput {
  readonly spec: AbstractValue
  readonly storage: Storage
}

interface Check<P extends PrimitiveName> {
  check(inputs: readonly CheckedInput[], params: ParamsOf<P>): void
}

interface ErasedCheck {
  check(inputs: readonly CheckedInput[], params: AnyParams): void
}

/** What primitives demand of the elements of their inputs; shape rules see shapes only. */
const rules: { readonly [P in PrimitiveName]?: Check<P> } = {
  take: { check: ([x, indices]) => requireIndices('take', indices, x?.spec.shape[0] ?? 0) },
  segmentSum: { check: ([, indices], { numSegments }) => requireIndices('segmentSum', indices, numSegments) },
  oneHot: { check: ([indices], { depth }) => requireIndices('oneHot', indices, depth) },
  cast: {
    check([x], { dtype }) {
      const data = dtype === 'bool' || x?.spec.dtype === dtype ? undefined : x?.storage.view()
      if (data && x) requireRepresentable({ data, shape: x.spec.shape, dtype: x.spec.dtype }, dtype)
    },
  },
  segmentedPolynomial: {
    check(arrays, { polynomial, inputs, outputs }) {
      const indices = arrays.slice(polynomial.inputs.length)
      for (const [i, access] of inputs.entries())
        if (access.kind === 'indexed') requireIndices(`segmentedPolynomial: input ${i}`, indices[access.index], arrays[i]?.spec.shape[0] ?? 0)
      for (const [k, access] of outputs.entries())
        if (access.kind === 'indexed') requireIndices(`segmentedPolynomial: output ${k}`, indices[access.index], access.rows)
    },
  },
}
const erased: { readonly [P in PrimitiveName]?: ErasedCheck } = rules

/**
 * Looks at the elements of index arrays, once an array, and at numbers that become integers.
 *
 * @throws {InputError} if an index is out of range, or an integer dtype cannot hold an element, NaN included.
 */
export function checkElements(primitive: PrimitiveName, inputs: readonly Value[], params: AnyParams): void {
  erased[primitive]?.check(inputs.map((spec) => ({ spec, storage: storageOf(spec) })), params)
}

function requireIndices(what: string, input: CheckedInput | undefined, rows: number): void {
  const range = input?.storage.range()
  if (!range || (range.low >= 0 && range.high < rows) || range.low > range.high) return
  for (const [at, index] of input?.storage.view()?.entries() ?? [])
    if (!(index >= 0 && index < rows)) throw new InputError(`${what}: index ${index} at position ${at} is out of range for ${rows} rows`)
  const [low, high] = [range.low, range.high]
  throw new InputError(`${what}: indices from ${low} to ${high} are out of range for ${rows} rows`)
}
