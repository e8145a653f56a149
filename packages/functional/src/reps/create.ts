import {
  clebschGordan as hostClebschGordan,
  concatenate as concatenateIrreps,
  InputError,
  IrrepsAndLayout,
  ShapeError,
  type Irrep,
  type Irreps,
  type LayoutLike,
  type Rep,
} from '@equivar/core'
import type { DType, Shape } from '@equivar/engine'
import { nameOf, requireArray } from '../array/arguments.ts'
import type { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { normal, type Key } from '../random/index.ts'
import { IrrepsArray } from './irreps-array.ts'
import { RepArray } from './rep-array.ts'

/**
 * Numbers of mean 0 and variance 1 in the shape `[...leadingShape, irreps.dim]`.
 *
 * @throws {LayoutError} if irreps come without a layout and no scope gives one.
 * @example
 * const x = randn(random.key(0), new Irreps('O3', '16x0e + 16x1o'), [12], irMul)
 */
export function randn(key: Key, irreps: Irreps | IrrepsAndLayout | string, leadingShape: Shape = [], layout?: LayoutLike, dtype: DType = 'float32'): IrrepsArray {
  const rep = irreps instanceof IrrepsAndLayout ? irreps : new IrrepsAndLayout(irreps, layout)
  return new IrrepsArray(rep.irreps, normal(key, [...leadingShape, rep.dim], dtype), rep.layout)
}

/**
 * Arrays with irreps side by side along the last axis; leading shapes are equal.
 *
 * @throws {InputError} if there is none. @throws {ShapeError} if leading shapes differ. @throws {LayoutError} if layouts differ where it matters.
 */
export function concatenate(arrays: readonly IrrepsArray[]): IrrepsArray {
  const [first] = arrays
  if (!first) throw new InputError('concatenate: the list is empty; pass at least one array')
  const wrong = arrays.findIndex((x) => !(x instanceof IrrepsArray))
  if (wrong >= 0) throw new InputError(`concatenate: element ${wrong} is ${nameOf(arrays[wrong])}; pass arrays with irreps, or use numpy.concatenate`)
  for (const x of arrays)
    if (x.ndim !== first.ndim || x.leadingShape.some((extent, axis) => extent !== first.leadingShape[axis]))
      throw new ShapeError(`concatenate: leading shapes [${first.leadingShape.join(', ')}] and [${x.leadingShape.join(', ')}] differ; make them equal`)
  const { irreps, layout } = concatenateIrreps(arrays.map((x) => new IrrepsAndLayout(x.irreps, x.layout)))
  return new IrrepsArray(irreps, np.concatenate(arrays.map(({ array }) => array), -1), layout)
}

/** Arrays with irreps as they are; raw arrays as scalars of the group and layout of `like`. */
export function asIrrepsArray(x: IrrepsArray | DeviceArray, like: IrrepsArray | { readonly irreps: Irreps; readonly layout: LayoutLike }): IrrepsArray {
  if (x instanceof IrrepsArray) return x
  requireArray('asIrrepsArray', x)
  return new IrrepsArray(like.irreps.newScalars(x.shape.at(-1) ?? 0), x, like.layout)
}

/** Clebsch–Gordan coefficients `C_sijk` of three irreps, with their representations on axes 1, 2 and 3; float64. */
export function clebschGordan(a: Irrep, b: Irrep, c: Irrep): RepArray {
  const array = np.array(hostClebschGordan(a, b, c), { dtype: 'float64' })
  return new RepArray(new Map<number, Rep>([[1, a], [2, b], [3, c]]), array)
}
