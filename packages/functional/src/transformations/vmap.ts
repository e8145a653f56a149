import { InputError } from '@equivar/core'
import { vmap as engineVmap } from '@equivar/engine'
import { flatten, structureText, type TreeStructure } from '../tree/structure.ts'
import type { DeviceArray } from '../array/device-array.ts'
import { flatFunction, treeOf } from './trees.ts'

/** Axes for the arrays of a tree: one for all, null where nothing is mapped, or one for each part. */
export type Axes = number | null | readonly Axes[] | { readonly [key: string]: Axes }

export interface VmapOptions {
  /** The axis that is mapped over: of all arguments, or a list of one for each; null where all entries share it. Default 0. */
  readonly inAxes?: Axes
  /** Where the mapped axis is in the result, or in its parts. Default 0. */
  readonly outAxes?: Axes
}

/**
 * f for every entry along an axis of its arguments, at once: `vmap(f)(x)[b] = f(x[b])`. No loop is run: every operation of f is done
 * for all entries together. Arrays with representations keep them; an axis that carries one cannot be mapped over.
 *
 * @throws {InputError} if an axis carries a representation, axes do not match the arguments, or none is mapped.
 * @throws {ShapeError} if extents of mapped axes differ.
 * @example
 * const perAtomForces = vmap(grad(energyOfAtom), { inAxes: [0, null] })
 */
export function vmap<A extends unknown[], R>(f: (...args: A) => R, { inAxes = 0, outAxes = 0 }: VmapOptions = {}): (...args: A) => R {
  return (...args) => {
    const [leaves, structure] = flatten(args)
    const axes = axesFor('vmap: inAxes', structure, inAxes, leaves)
    const entry = withoutAxes(structure, [...axes], leaves)
    const flat = flatFunction('vmap', f, entry)
    const ends: (number | null)[] = []
    const call = (...arrays: Parameters<typeof flat.call>) => {
      const results = flat.call(...arrays)
      ends.splice(0, ends.length, ...axesFor('vmap: outAxes', flat.structure(), outAxes, results.map((x) => ({ ndim: x.ndim + 1 }))))
      if (ends.includes(null)) throw new InputError('vmap: outAxes must be numbers; an output that no entry changes can be returned around vmap')
      return results
    }
    // The list of axes is filled when the function has been called, before it is read.
    const results = engineVmap(call, { inAxes: axes, outAxes: ends as readonly number[] })(...leaves.map(({ ndarray }) => ndarray))
    return treeOf(withAxes(flat.structure(), [...ends], results), results) as R
  }
}

/** The axis for every array of a tree, counted from the front. */
function axesFor(what: string, structure: TreeStructure, axes: Axes, leaves: readonly { readonly ndim: number }[]): (number | null)[] {
  const found: (number | null)[] = []
  const walk = (own: TreeStructure, given: Axes): void => {
    if (own.kind === 'leaf') {
      if (typeof given === 'object' && given !== null) throw new InputError(`${what} has a list of axes where there is an array; give a number or null`)
      const ndim = leaves[found.length]?.ndim ?? 0
      found.push(given !== null && given < 0 ? given + ndim : given)
      return
    }
    if (own.kind === 'static') return
    if (typeof given === 'number' || given === null) for (const item of own.items) walk(item, given)
    else if (isList(given)) {
      if (own.kind !== 'list' || given.length !== own.items.length) throw new InputError(`${what}: ${given.length} axes for ${structureText(own)}; give one for each part, or one for all`)
      for (const [i, item] of own.items.entries()) walk(item, given[i] ?? null)
    } else {
      if (own.kind !== 'dict') throw new InputError(`${what}: an object of axes for ${structureText(own)}`)
      for (const [i, item] of own.items.entries()) {
        const key = own.keys[i] ?? ''
        const part = given[key]
        if (part === undefined) throw new InputError(`${what}: there is no axis for '${key}'; give null where it is shared`)
        walk(item, part)
      }
    }
  }
  walk(structure, axes)
  return found
}

function withoutAxes(structure: TreeStructure, axes: (number | null)[], leaves: readonly DeviceArray[]): TreeStructure {
  return mapNodes(structure, axes, leaves, (type, aux, axis, ndim) => (type.removeAxis ? type.removeAxis(aux, axis, ndim) : aux))
}

function withAxes(structure: TreeStructure, axes: (number | null)[], results: readonly { readonly ndim: number }[]): TreeStructure {
  return mapNodes(structure, axes, results, (type, aux, axis, ndim) => (type.insertAxis ? type.insertAxis(aux, axis, ndim) : aux))
}

type NodeStructure = Extract<TreeStructure, { kind: 'node' }>

/** The structure with other constants of nodes that hold one array with a mapped axis. */
function mapNodes(
  structure: TreeStructure,
  axes: readonly (number | null)[],
  leaves: readonly { readonly ndim: number }[],
  auxOf: (type: NodeStructure['type'], aux: unknown, axis: number, ndim: number) => unknown,
): TreeStructure {
  let next = 0
  const walk = (own: TreeStructure): TreeStructure => {
    if (own.kind === 'leaf') {
      next++
      return own
    }
    if (own.kind === 'static') return own
    const [axis, ndim] = [axes[next], leaves[next]?.ndim ?? 0]
    const items = own.items.map(walk)
    if (own.kind !== 'node' || axis === null || axis === undefined) return { ...own, items }
    return { ...own, items, aux: auxOf(own.type, own.aux, axis, ndim) }
  }
  return walk(structure)
}

function isList(axes: Axes): axes is readonly Axes[] {
  return Array.isArray(axes)
}
