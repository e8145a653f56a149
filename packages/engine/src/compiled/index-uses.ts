import { InputError } from '@equivar/core'
import type { AbstractValue } from '../graph/value.ts'
import type { Storage } from '../memory/storage.ts'
import { requireRows } from '../naive/structure.ts'
import type { PrimitiveName } from '../primitives/names.ts'
import type { AnyParams } from '../primitives/rules.ts'

/** An input of a primitive whose elements are numbers of rows. */
export interface IndexUse {
  /** Which input. */
  readonly input: number
  /** Elements are below. */
  readonly rows: number
  /** For messages. */
  readonly what: string
}

/** Inputs of a primitive whose elements must lie in a range. */
export function indexUses(primitive: PrimitiveName, inputs: readonly AbstractValue[], params: AnyParams): readonly IndexUse[] {
  if ('polynomial' in params) {
    const first = params.polynomial.inputs.length
    return [
      ...params.inputs.flatMap((access, i) =>
        access.kind === 'indexed' ? [{ input: first + access.index, rows: inputs[i]?.shape[0] ?? 0, what: `segmentedPolynomial: input ${i}` }] : [],
      ),
      ...params.outputs.flatMap((access, k) =>
        access.kind === 'indexed' ? [{ input: first + access.index, rows: access.rows, what: `segmentedPolynomial: output ${k}` }] : [],
      ),
    ]
  }
  if ('numSegments' in params) return [{ input: 1, rows: params.numSegments, what: primitive }]
  if ('numBins' in params) return [{ input: 0, rows: params.numBins, what: primitive }]
  if ('depth' in params) return [{ input: 0, rows: params.depth, what: primitive }]
  if (primitive === 'take') return [{ input: 1, rows: inputs[0]?.shape[0] ?? 0, what: primitive }]
  return []
}

/**
 * Looks at an index array, once an array.
 *
 * @throws {InputError} if an element is not in `0 … rows − 1`; the message says which. What the host does not see is trusted.
 */
export function checkIndices(what: string, indices: Storage, rows: number): void {
  const range = indices.range()
  if (!range || range.low > range.high || (range.low >= 0 && range.high < rows)) return
  const seen = indices.view()
  if (seen) requireRows(what, seen, rows)
  throw new InputError(`${what}: indices from ${range.low} to ${range.high} are out of range for ${rows} rows`)
}
