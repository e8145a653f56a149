import { GroupMismatchError, InputError } from '../errors.ts'
import { Irrep, type IrrepClass, O3, SO3 } from '../groups/index.ts'
import { Irreps } from '../irreps/index.ts'

/** The irreps that a product may put out: multiplicities in it play no part. */
export type IrrepsFilterOut = Irreps | readonly Irrep[]

/**
 * All arguments are irreps of one group, which is returned.
 *
 * @throws {InputError} if one is not an {@link Irreps}.
 * @throws {GroupMismatchError} if groups differ.
 */
export function commonGroupOf(descriptor: string, irreps: Readonly<Record<string, unknown>>): IrrepClass {
  let first: readonly [string, Irreps] | undefined
  for (const [name, value] of Object.entries(irreps)) {
    if (!(value instanceof Irreps))
      throw new InputError(`${descriptor}: ${name} is ${describe(value)}; pass irreps such as new Irreps('O3', '4x0e + 4x1o')`)
    first ??= [name, value]
    if (value.group !== first[1].group)
      throw new GroupMismatchError(
        `${descriptor}: ${first[0]} '${first[1].toString()}' belongs to ${first[1].group.label}, ${name} '${value.toString()}' to ${value.group.label}; use one group`,
      )
  }
  if (!first) throw new InputError(`${descriptor}: no irreps were given`)
  return first[1].group
}

/** The filter as text for a cache key and as a predicate; without a filter everything passes. */
export interface OutputFilter {
  readonly key: string
  readonly accepts: (ir: Irrep) => boolean
}

/**
 * @throws {InputError} if the filter is neither undefined nor irreps.
 * @throws {GroupMismatchError} if it belongs to another group.
 */
export function outputFilter(descriptor: string, group: IrrepClass, filter: IrrepsFilterOut | undefined): OutputFilter {
  if (filter === undefined) return { key: '*', accepts: () => true }
  const list: unknown = filter instanceof Irreps ? filter.segments.map(({ ir }) => ir) : filter
  if (!Array.isArray(list)) throw new InputError(`${descriptor}: filterIrrepsOut is ${describe(filter)}; pass irreps, a list of irreps, or undefined`)
  const accepted = new Set<string>()
  for (const ir of list as readonly unknown[]) {
    if (!(ir instanceof Irrep)) throw new InputError(`${descriptor}: filterIrrepsOut holds ${describe(ir)}; pass irreps, a list of irreps, or undefined`)
    if (ir.group !== group)
      throw new GroupMismatchError(`${descriptor}: filterIrrepsOut holds ${ir.toString()} of ${ir.group.label}, but the inputs belong to ${group.label}; use one group`)
    accepted.add(ir.toString())
  }
  return { key: [...accepted].sort().join('+'), accepts: (ir) => accepted.has(ir.toString()) }
}

/** The degree l of an irrep of SO(3) or O(3). @throws {InputError} for any other group. */
export function degreeOf(descriptor: string, ir: Irrep): number {
  if (ir instanceof SO3 || ir instanceof O3) return ir.l
  throw new InputError(`${descriptor} needs irreps with a degree l, of SO3 or O3, but '${ir.toString()}' belongs to ${ir.group.label}`)
}

/** @throws {InputError} unless `value` is an integer of at least `least`. */
export function requireInteger(descriptor: string, name: string, value: unknown, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least)
    throw new InputError(`${descriptor}: ${name} is ${describe(value)}; pass an integer of at least ${least}`)
}

/** @throws {InputError} unless `value` is a non-empty array. */
export function requireList(descriptor: string, name: string, value: unknown): void {
  if (!Array.isArray(value) || value.length === 0)
    throw new InputError(`${descriptor}: ${name} is ${describe(value)}; pass a non-empty list such as [0, 1, 2]`)
}

/** A value in a message: short, and never a crash. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return `the string '${value}'`
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `the array [${value.map((item) => (typeof item === 'object' ? '...' : String(item))).join(', ')}]`
  return typeof value === 'object' ? `a ${value.constructor.name}` : `a ${typeof value}`
}
