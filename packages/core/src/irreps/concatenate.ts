import { InputError, LayoutError, ShapeError } from '../errors.ts'
import { concatenateLast, HostIrrepsArray } from './host-irreps-array.ts'
import { Irreps } from './irreps.ts'
import { IrrepsAndLayout } from './irreps-and-layout.ts'
import type { Layout } from './layout.ts'

/**
 * Irreps one after the other: of a list of irreps, of irreps with layout, or of arrays, whose numbers are joined along
 * the last axis.
 *
 * @throws {InputError} if the list is empty or mixed.
 * @throws {GroupMismatchError} if groups differ.
 * @throws {LayoutError} if layouts differ where it matters.
 * @throws {ShapeError} if leading shapes differ.
 */
export function concatenate(parts: readonly Irreps[]): Irreps
export function concatenate(parts: readonly IrrepsAndLayout[]): IrrepsAndLayout
export function concatenate(parts: readonly HostIrrepsArray[]): HostIrrepsArray
export function concatenate(parts: readonly (Irreps | IrrepsAndLayout | HostIrrepsArray)[]): Irreps | IrrepsAndLayout | HostIrrepsArray {
  const [first] = parts
  if (!first) throw new InputError('concatenate: the list is empty; pass at least one element')
  if (allOf(parts, Irreps)) return joinIrreps(parts)
  if (allOf(parts, IrrepsAndLayout)) return new IrrepsAndLayout(joinIrreps(parts.map(({ irreps }) => irreps)), commonLayout(parts))
  if (!allOf(parts, HostIrrepsArray)) throw new InputError('concatenate: the elements are of different kinds; pass only Irreps, only IrrepsAndLayout, or only arrays')
  const leading = parts[0]?.leadingShape ?? []
  for (const [i, part] of parts.entries())
    if (part.leadingShape.length !== leading.length || part.leadingShape.some((extent, axis) => extent !== leading[axis]))
      throw new ShapeError(`concatenate: array 0 has leading shape [${leading.join(', ')}], array ${i} [${part.leadingShape.join(', ')}]; make them equal`)
  const array = concatenateLast(parts.map((part) => part.array), leading)
  return new HostIrrepsArray(joinIrreps(parts.map(({ irreps }) => irreps)), array, commonLayout(parts))
}

function allOf<T>(parts: readonly unknown[], kind: abstract new (...args: never[]) => T): parts is readonly T[] {
  return parts.every((part) => part instanceof kind)
}

function joinIrreps(parts: readonly Irreps[]): Irreps {
  return parts.reduce((joined, irreps) => joined.add(irreps))
}

/** The one layout of all parts in which it matters, else that of the first. */
function commonLayout(parts: readonly { readonly irreps: Irreps; readonly layout: Layout }[]): Layout {
  const sensitive = parts.filter(({ irreps }) => !irreps.isLayoutInsensitive())
  const layout = (sensitive[0] ?? parts[0])?.layout
  if (!layout || sensitive.some((part) => part.layout !== layout))
    throw new LayoutError(`concatenate: the layouts ${parts.map((part) => part.layout.toString()).join(', ')} differ; change them to one first`)
  return layout
}
