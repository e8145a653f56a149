import { abstractArray } from '@equivar/engine'
import { flatten } from '../tree/structure.ts'
import { flatFunction, treeOf } from './trees.ts'

/**
 * What `f(x…)` looks like, without computing it: the tree of its results around abstract arrays, which have a shape and a dtype.
 *
 * @example
 * const numParameters = tree.reduce((sum, x) => sum + x.size, evalShape((key) => init(key, config), random.key(0)), 0)
 */
export function evalShape<A extends unknown[], R>(f: (...args: A) => R, ...args: A): R {
  const [leaves, structure] = flatten(args)
  const flat = flatFunction('evalShape', f, structure)
  const results = flat.call(...leaves.map(({ shape, dtype, device }) => abstractArray(shape, dtype, device)))
  return treeOf(flat.structure(), results.map(({ shape, dtype, device }) => abstractArray(shape, dtype, device))) as R
}
