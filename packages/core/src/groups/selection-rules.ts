import { InputError } from '../errors.ts'
import { commonGroup, type Irrep, type IrrepClass } from './irrep.ts'

/**
 * All irreps inside `a ⊗ b` for a in `as` and b in `bs`, each once, in the order of the group. `undefined` stands for
 * "any irrep", and makes the product undefined as well.
 *
 * @throws {GroupMismatchError} if the irreps belong to different groups.
 */
export function selectionRuleProduct(as: Irrep | Iterable<Irrep>, bs: Irrep | Iterable<Irrep>): readonly Irrep[]
export function selectionRuleProduct(
  as: Irrep | Iterable<Irrep> | undefined,
  bs: Irrep | Iterable<Irrep> | undefined,
): readonly Irrep[] | undefined
export function selectionRuleProduct(
  as: Irrep | Iterable<Irrep> | undefined,
  bs: Irrep | Iterable<Irrep> | undefined,
): readonly Irrep[] | undefined {
  if (as === undefined || bs === undefined) return undefined
  const [left, right] = [listOf(as), listOf(bs)]
  if (left.length === 0 || right.length === 0) return []
  const group = commonGroup('selectionRuleProduct', ...left, ...right)
  return ordered(
    group,
    left.flatMap((a) => right.flatMap((b) => [...group.product(a, b)])),
  )
}

/**
 * The irreps inside the n-fold product of `irreps`; the trivial irrep alone for n = 0.
 *
 * @throws {InputError} if n is not a non-negative integer.
 */
export function selectionRulePower(group: IrrepClass, irreps: Irrep | Iterable<Irrep>, n: number): readonly Irrep[] {
  if (!Number.isSafeInteger(n) || n < 0) throw new InputError(`selectionRulePower: the power ${n} must be a non-negative integer`)
  const factors = listOf(irreps)
  let power: readonly Irrep[] = [group.trivial()]
  for (let k = 0; k < n; k++) power = selectionRuleProduct(power, factors)
  return power
}

function listOf(x: Irrep | Iterable<Irrep>): readonly Irrep[] {
  return Symbol.iterator in x ? [...x] : [x]
}

function ordered(group: IrrepClass, irreps: readonly Irrep[]): readonly Irrep[] {
  return [...new Map(irreps.map((ir) => [ir.toString(), ir])).values()].sort((a, b) => group.compare(a, b))
}
