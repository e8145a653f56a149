import type { Value } from './value.ts'

/**
 * A tracked value made up to `mark`, other than the given ones, that the values were computed from: what a function closes over.
 */
export function trackedFromOutside(values: readonly Value[], mark: number, inputs: ReadonlySet<Value> = new Set()): Value | undefined {
  const seen = new Set<Value>(inputs)
  const pending = [...values]
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (!value.tracked || seen.has(value)) continue
    seen.add(value)
    if (value.id < mark) return value
    pending.push(...(value.node?.inputs ?? []))
  }
  return undefined
}
