import type { NDArray } from '../../array/ndarray.ts'
import { elementCount } from '../../array/shape.ts'
import { ravelMultiIndex } from '../../functions/indices.ts'
import {
  broadcastTo,
  concatenate,
  cumulativeSum,
  iota,
  matmul,
  moveAxis,
  oneHot,
  pad,
  permute,
  reshape,
  segmentSum,
  slice,
  take,
  transpose,
} from '../../functions/structure.ts'
import { apply } from '../../graph/apply.ts'
import type { StructuralName } from '../names.ts'
import { spread, withEntryAxes, type BatchingRule } from './rules.ts'

const shifted = (axes: readonly number[]) => axes.map((axis) => axis + 1)

export const structureBatching: { readonly [P in StructuralName]: BatchingRule<P> } = {
  matmul: {
    batch: ({ inputs: [a, b], isBatched: [inA, inB], params }) => {
      if (inA && !inB && b.ndim === 2) return [rowsTimes(params.transposeA ? transpose(a) : a, b, params.transposeB)]
      const ndim = Math.max(a.ndim - Number(inA), b.ndim - Number(inB))
      return [matmul(inA ? withEntryAxes(a, ndim) : a, inB ? withEntryAxes(b, ndim) : b, params)]
    },
  },
  sum: { batch: ({ inputs, params: { axes } }) => apply('sum', inputs, { axes: shifted(axes) }) },
  max: { batch: ({ inputs, params: { axes } }) => apply('max', inputs, { axes: shifted(axes) }) },
  cumulativeSum: { batch: ({ inputs: [x], params: { axis, reverse } }) => [cumulativeSum(x, axis + 1, { reverse })] },
  broadcastTo: { batch: ({ inputs: [x], size, params: { shape } }) => [broadcastTo(withEntryAxes(x, shape.length), [size, ...shape])] },
  reshape: { batch: ({ inputs: [x], size, params: { shape } }) => [reshape(x, [size, ...shape])] },
  permute: { batch: ({ inputs: [x], params: { axes } }) => [permute(x, [0, ...shifted(axes)])] },
  concatenate: { batch: ({ inputs, isBatched, size, params: { axis } }) => [concatenate(inputs.map((x, i) => spread(x, isBatched[i], size)), axis + 1)] },
  slice: { batch: ({ inputs: [x], size, params: { starts, limits } }) => [slice(x, [0, ...starts], [size, ...limits])] },
  pad: { batch: ({ inputs: [x], params: { low, high } }) => [pad(x, [0, ...low], [0, ...high])] },
  take: {
    batch: ({ inputs: [x, indices], isBatched: [inX, inIndices], size }) => {
      if (!inIndices) return [moveAxis(take(moveAxis(x, 1, 0), indices), 1, 0)]
      const [flat, rest] = inX ? [together(x), x.shape.slice(2)] : [x, x.shape.slice(1)]
      return [reshape(take(flat, inX ? ofEntries(indices, x.shape[1] ?? 0) : flattened(indices)), [size, indices.shape[1] ?? 0, ...rest])]
    },
  },
  segmentSum: {
    batch: ({ inputs: [x, indices], isBatched: [inX, inIndices], size, params: { numSegments } }) => {
      if (!inIndices) return [moveAxis(segmentSum(moveAxis(x, 1, 0), indices, numSegments), 1, 0)]
      const rows = spread(x, inX, size)
      return [reshape(segmentSum(together(rows), ofEntries(indices, numSegments), size * numSegments), [size, numSegments, ...rows.shape.slice(2)])]
    },
  },
  oneHot: { batch: ({ inputs: [indices], params: { depth, dtype } }) => [oneHot(indices, depth, dtype)] },
  iota: { batch: ({ params: { shape, axis, dtype }, size }) => [broadcastTo(iota(shape, axis, dtype), [size, ...shape])] },
}

/** Rows of all entries times one matrix, as one product. */
function rowsTimes(a: NDArray, b: NDArray, transposeB: boolean): NDArray {
  const rows = a.shape.slice(0, -1)
  const product = matmul(reshape(a, [elementCount(rows), a.shape[a.ndim - 1] ?? 0]), b, { transposeB })
  return reshape(product, [...rows, product.shape[1] ?? 0])
}

/** [entries, rows, …] → [entries · rows, …] */
export function together(x: NDArray): NDArray {
  return reshape(x, [(x.shape[0] ?? 0) * (x.shape[1] ?? 0), ...x.shape.slice(2)])
}

/** [entries, n] → [entries · n] */
function flattened(indices: NDArray): NDArray {
  return reshape(indices, [indices.size])
}

/** Indices [entries, n] into rows of an entry, as indices into the rows of all entries behind one another. */
export function ofEntries(indices: NDArray, rows: number): NDArray {
  const [size = 0, count = 0] = indices.shape
  return flattened(ravelMultiIndex([iota([size, count], 0, 'int32', indices.device), indices], [size, rows]))
}
