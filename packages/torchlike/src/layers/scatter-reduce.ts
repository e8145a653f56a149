import { DtypeError, InputError, ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray } from '@equivar/engine'
import { compute } from '../functions/combine.ts'
import { product } from '../tensor/reductions.ts'
import type { Tensor } from '../tensor/tensor.ts'

export type ScatterReduction = 'sum' | 'mean' | 'prod' | 'amax' | 'amin'

export interface ScatterOptions {
  /** Axis along which rows are reduced. Default 0. */
  readonly dim?: number
  /** Number of rows of the result. */
  readonly dimSize: number
  /** Default `'sum'`. */
  readonly reduce?: ScatterReduction
}

/**
 * `y[…, s, …] = reduction of x[…, i, …] over all i with index[i] = s`, along an axis; 0 where there is none. `prod`, `amax` and `amin` compare every
 * row with every result, so they are for small numbers of either.
 *
 * @throws {ShapeError} {DtypeError} {InputError} if index, axis or reduction do not fit.
 */
export function scatterReduce(x: Tensor, index: Tensor, { dim = 0, dimSize, reduce = 'sum' }: ScatterOptions): Tensor {
  const axis = dim < 0 ? dim + x.ndim : dim
  if (!(Number.isInteger(dim) && axis >= 0 && axis < x.ndim)) throw new ShapeError(`scatterReduce: axis ${dim} is outside of a tensor of ${x.ndim} axes`)
  if (index.dtype !== 'int32') throw new DtypeError(`scatterReduce: the index is ${index.dtype}; use .to('int32')`)
  if (index.ndim !== 1 || index.size !== x.shape[axis]) throw new ShapeError(`scatterReduce: an index of shape [${index.shape.join(', ')}] for axis ${dim} of [${x.shape.join(', ')}]`)
  if (!Object.hasOwn(reductions, reduce)) throw new InputError(`scatterReduce: '${reduce}' is unknown; use one of ${Object.keys(reductions).join(', ')}`)
  return compute(() => {
    const rows = engine.transpose(x.array, 0, axis)
    const flat = engine.reshape(rows, [index.size, rows.size / Math.max(1, index.size)])
    const shape = [dimSize, ...rows.shape.slice(1)]
    const reduced = index.size === 0 ? engine.zeros([dimSize, shape.slice(1).reduce((a, b) => a * b, 1)], rows) : reductions[reduce](flat, index.array, dimSize)
    return engine.transpose(engine.reshape(reduced, shape), 0, axis)
  })
}

const reductions: { readonly [R in ScatterReduction]: (x: NDArray, index: NDArray, size: number) => NDArray } = {
  sum: engine.segmentSum,
  mean: (x, index, size) => engine.div(engine.segmentSum(x, index, size), engine.maximum(counts(x, index, size), 1)),
  prod: (x, index, size) => orZero(product(member(x, index, size, 1), 1), x, index, size),
  amax: (x, index, size) => orZero(engine.max(member(x, index, size, -Number.MAX_VALUE), { axes: 1 }), x, index, size),
  amin: (x, index, size) => orZero(engine.neg(engine.max(engine.neg(member(x, index, size, Number.MAX_VALUE)), { axes: 1 })), x, index, size),
}

/** Rows of every result, as a column. */
function counts(x: NDArray, index: NDArray, size: number): NDArray {
  return engine.reshape(engine.cast(engine.bincount(index, size), x.dtype), [size, 1])
}

function orZero(y: NDArray, x: NDArray, index: NDArray, size: number): NDArray {
  return engine.where(engine.greater(counts(x, index, size), 0), y, 0)
}

/** [size, rows, width]: x where the row belongs to the result, else another number. */
function member(x: NDArray, index: NDArray, size: number, otherwise: number): NDArray {
  const belongs = engine.reshape(engine.transpose(engine.oneHot(index, size, 'int32')), [size, index.size, 1])
  const limit = x.dtype === 'float32' ? Math.sign(otherwise) * Math.min(Math.abs(otherwise), 3.4028234e38) : otherwise
  return engine.where(engine.equal(belongs, 1), engine.reshape(x, [1, ...x.shape]), limit)
}
