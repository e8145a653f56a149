import { NDArray } from '../array/ndarray.ts'
import { nodesBehind } from './linear.ts'
import type { Value } from './value.ts'

export interface Ancestors {
  /** Where derivatives end: tracked arrays that nothing tracked went into. New handles. */
  readonly leaves: readonly NDArray[]
  /** What was computed from them on the way to the outputs, these included, oldest first. */
  readonly results: readonly Value[]
}

/** The tracked arrays that the outputs were computed from. */
export function ancestors(outputs: readonly NDArray[]): Ancestors {
  const nodes = nodesBehind(
    outputs.map((output) => output.value),
    -1,
  )
  const leaves = new Set(outputs.flatMap(({ value }) => (value.tracked && !value.node ? [value] : [])))
  const results: Value[] = []
  for (const { inputs, outputs: computed } of nodes) {
    const isSource = !inputs.some((input) => input.tracked)
    for (const input of inputs) if (input.tracked && !input.node) leaves.add(input)
    for (const output of computed) {
      if (!output.tracked) continue
      if (isSource) leaves.add(output)
      else results.push(output)
    }
  }
  return { leaves: [...leaves].map((value) => new NDArray(value)), results }
}
