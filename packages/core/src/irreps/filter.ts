import { InputError } from '../errors.ts'
import type { MulIrrep } from './mul-irrep.ts'

/** Exactly one of: what to keep, what to drop, or one boolean for each segment. */
export interface Filter<Selector> {
  readonly keep?: Selector | undefined
  readonly drop?: Selector | undefined
  readonly mask?: readonly boolean[] | undefined
}

/** One boolean for each segment; `matches` turns a selector into a predicate. */
export function makeMask<Selector>(
  segments: readonly MulIrrep[],
  { keep, drop, mask }: Filter<Selector>,
  matches: (selector: Selector) => (segment: MulIrrep) => boolean,
): readonly boolean[] {
  const given = [keep, drop, mask].filter((option) => option !== undefined).length
  if (given !== 1) throw new InputError(`Irreps.filter: ${given} of keep, drop and mask were given; pass exactly one`)
  if (keep !== undefined) return segments.map(matches(keep))
  if (drop !== undefined) {
    const dropped = matches(drop)
    return segments.map((segment) => !dropped(segment))
  }
  if (mask?.length !== segments.length)
    throw new InputError(`Irreps.filter: the mask has ${mask?.length} entries, but the irreps have ${segments.length} segments; pass one for each`)
  return [...mask]
}
