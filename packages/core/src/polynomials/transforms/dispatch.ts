import type { TensorProductParts } from '../parts.ts'
import { asSubscripts, type Subscripts } from '../subscripts.ts'
import { addOrRenameModes } from './add-or-rename-modes.ts'
import { consolidateModes } from './consolidate-modes.ts'
import { dimensionsOf } from './extents.ts'
import { flattenModes } from './flatten-modes.ts'
import { permuteOperands } from './permute-operands.ts'
import { squeezeModes } from './squeeze-modes.ts'
import { permutationsOf } from './symmetries.ts'

export type OperandPermutations = 'permuteNone' | 'permuteAll' | 'permuteAllButLast'

/** A product in wanted subscripts; its operand k is operand `permutation[k]` of the product it was made from. */
export interface Dispatched<P = TensorProductParts> {
  readonly product: P
  readonly permutation: readonly number[]
}

/**
 * Ways to write a product in one of some subscripts that an algorithm supports, by permuting operands, adding modes of extent
 * one and flattening modes. What flattens least comes first: few modes, rather coefficient modes, rather short ones.
 */
export function* dispatch(parts: TensorProductParts, targets: readonly (Subscripts | string)[], permutations: OperandPermutations): Generator<Dispatched> {
  const orders = operandOrders(parts.operands.length, permutations)
  const wanted = targets.map(asSubscripts)
  const simple = consolidateModes(squeezeModes(parts))
  for (const modes of flattenableSets(simple)) {
    const flattened = modes === '' ? simple : consolidateModes(squeezeModes(flattenModes(simple, modes)))
    for (const target of wanted)
      for (const permutation of orders) {
        const permuted = permuteOperands(flattened, permutation)
        for (const mapping of permuted.subscripts.isSubsetOf(target)) yield { product: addOrRenameModes(permuted, target, mapping), permutation }
      }
  }
}

function flattenableSets(parts: TensorProductParts): readonly string[] {
  const { subscripts } = parts
  const dimensions = dimensionsOf(parts)
  const numCoefficientModes = (modes: string) => [...modes].filter((mode) => subscripts.coefficients.includes(mode)).length
  const extent = (modes: string) => [...modes].reduce((product, mode) => product * Math.max(1, ...(dimensions.get(mode) ?? [])), 1)
  return [...subscripts.flattenablePowerset()].sort((a, b) => a.length - b.length || numCoefficientModes(b) - numCoefficientModes(a) || extent(a) - extent(b))
}

function operandOrders(numOperands: number, permutations: OperandPermutations): readonly (readonly number[])[] {
  const identity = Array.from({ length: numOperands }, (_, k) => k)
  if (permutations === 'permuteNone') return [identity]
  if (permutations === 'permuteAll') return permutationsOf(identity)
  return permutationsOf(identity.slice(0, -1)).map((order) => [...order, numOperands - 1])
}
