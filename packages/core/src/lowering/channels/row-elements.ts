import type { Element } from '../normal-form.ts'
import { accessOf } from './declarations.ts'
import type { Pass } from './passes.ts'
import { widthOf } from '../scalars.ts'
import type { KernelSpec } from './spec.ts'

/** More rows than this do not stay in registers: they are copied next to each other. */
const maxInRegisters = 8
/** Bytes of a thread's registers for rows that its entries share. */
const maxHeldBytes = 192

/** Input elements along channels that are the same for all entries of a program: of a shared operand, or of the row that it runs over. */
export function rowElements({ form, iteration, request }: KernelSpec, pass: Pass): readonly number[] {
  const elements = new Set(pass.targets.flatMap(({ terms }) => terms.flatMap((term) => term.elements)))
  return [...elements]
    .filter((number) => {
      const access = accessOf(request.inputs, form.inputs[number]?.operand ?? 0)
      if (access.kind === 'shared') return true
      return access.kind === 'indexed' && 'index' in iteration && iteration.index === access.index
    })
    .sort((a, b) => comparePlaces(form.inputs[a], form.inputs[b]) || a - b)
}

export function comparePlaces(a: Element | undefined, b: Element | undefined): number {
  return (a?.operand ?? 0) - (b?.operand ?? 0) || (a?.offset ?? 0) - (b?.offset ?? 0)
}

/** Elements of one operand at one distance from each other. */
interface Progression {
  readonly element: Element
  length: number
  distance: number
}

/** A list of elements as few progressions, in order: what a loop can run over. */
export function evenlySpaced(elements: readonly Element[]): readonly Progression[] {
  const found: Progression[] = []
  let last: Element | undefined
  for (const element of elements) {
    const own = found[found.length - 1]
    const distance = element.offset - (last?.offset ?? 0)
    const isNext = own && last && last.operand === element.operand && last.stride === element.stride && (own.length === 1 || own.distance === distance)
    if (isNext) {
      own.length++
      own.distance = distance
    } else found.push({ element, length: 1, distance: 0 })
    last = element
  }
  return found
}

/** Those that threads read into registers before entries are visited. */
export function heldRows(spec: KernelSpec, pass: Pass): readonly number[] {
  if (!spec.isByEntry) return []
  const elements = rowElements(spec, pass)
  return elements.length * widthOf(spec.request.mathScalar) <= maxHeldBytes ? elements : []
}

/**
 * Those that are copied into the program's memory before its entries are visited: rows of one span lie far apart, at distances
 * that are powers of two as often as not, and push one another out of a cache.
 */
export function scratchRows(spec: KernelSpec, pass: Pass): readonly number[] {
  if (heldRows(spec, pass).length > 0 || pass.targets.some(({ kind }) => kind === 'channelSum')) return []
  // Programs of parts of the channels leave rows to the cache that they share.
  if (spec.isByEntry && spec.lanes < pass.channels) return []
  const elements = rowElements(spec, pass)
  const bytes = elements.length * spec.lanes * 8
  return elements.length > maxInRegisters && bytes <= spec.maxRowBytes ? elements : []
}
