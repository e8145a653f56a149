import type * as kernels from '@equivar/core/kernels'
import { instructionsOf, usesOf } from './walk.ts'

/** Values that are the place of one load or store and nothing else. Half of the text of long formulas would be their names. */
export function placesOf(kernel: kernels.Kernel): ReadonlySet<kernels.ValueId> {
  const uses = usesOf(kernel.body)
  const places = new Set<kernels.ValueId>()
  for (const instruction of instructionsOf(kernel.body)) {
    const place = instruction.op === 'load' || instruction.op === 'store' ? instruction.index : instruction.op === 'loadLanes' || instruction.op === 'storeLanes' ? instruction.base : undefined
    if (place !== undefined && uses.get(place) === 1) places.add(place)
  }
  return places
}
