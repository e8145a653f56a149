import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { storedDtype } from '../../array/dtype.ts'
import { broadcastShapes, elementCount, formatShape, requireShape, sameShape } from '../../array/shape.ts'
import type { StructuralName } from '../names.ts'
import type { ShapeRule } from '../rules.ts'
import { requireDtype, requireFloat, requireSameDtype } from './elementwise.ts'

export const structureShapes: { readonly [P in StructuralName]: ShapeRule<P> } = {
  matmul: {
    shape([a, b], { transposeA, transposeB }) {
      requireFloat('matmul', a)
      requireSameDtype('matmul', a, b)
      if (a.shape.length < 2 || b.shape.length < 2)
        throw new ShapeError(`matmul: needs at least two axes on both sides, got ${formatShape(a.shape)} and ${formatShape(b.shape)}; reshape vectors to one row or column`)
      const [m, k] = lastTwo(a.shape, transposeA)
      const [otherK, n] = lastTwo(b.shape, transposeB)
      if (k !== otherK)
        throw new ShapeError(
          `matmul: inner extents differ: ${formatShape(a.shape)}${transposeA ? ' transposed' : ''} has ${k} columns, ${formatShape(b.shape)}${transposeB ? ' transposed' : ''} has ${otherK} rows`,
        )
      return [{ dtype: a.dtype, shape: [...broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n] }]
    },
  },
  sum: {
    shape([x], { axes }) {
      if (x.dtype === 'bool') throw new DtypeError('sum: needs numbers, got bool; cast it first')
      requireAxes('sum', axes, x.shape.length)
      return [{ dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }]
    },
  },
  max: {
    shape([x], { axes }) {
      if (x.dtype === 'bool') throw new DtypeError('max: needs numbers, got bool; cast it first')
      requireAxes('max', axes, x.shape.length)
      if (axes.some((axis) => x.shape[axis] === 0)) throw new ShapeError(`max: shape ${formatShape(x.shape)} has no elements along the axes [${axes.join(', ')}]`)
      return [{ dtype: x.dtype, shape: x.shape.filter((_, axis) => !axes.includes(axis)) }]
    },
  },
  cumulativeSum: {
    shape([x], { axis }) {
      if (x.dtype === 'bool') throw new DtypeError('cumulativeSum: needs numbers, got bool; cast it first')
      requireAxes('cumulativeSum', [axis], x.shape.length)
      return [x]
    },
  },
  broadcastTo: {
    shape([x], { shape }) {
      requireShape('broadcastTo', shape)
      if (x.shape.length > shape.length || !sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape))
        throw new ShapeError(`broadcastTo: shape ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`)
      return [{ dtype: x.dtype, shape }]
    },
  },
  reshape: {
    shape([x], { shape }) {
      requireShape('reshape', shape)
      if (elementCount(shape) !== elementCount(x.shape))
        throw new ShapeError(`reshape: shape ${formatShape(x.shape)} holds ${elementCount(x.shape)} elements, ${formatShape(shape)} holds ${elementCount(shape)}`)
      return [{ dtype: x.dtype, shape }]
    },
  },
  permute: {
    shape([x], { axes }) {
      requireAxes('permute', axes, x.shape.length)
      if (axes.length !== x.shape.length) throw new ShapeError(`permute: axes [${axes.join(', ')}] do not name every axis of shape ${formatShape(x.shape)} once`)
      return [{ dtype: x.dtype, shape: axes.map((axis) => x.shape[axis] ?? 0) }]
    },
  },
  concatenate: {
    shape(inputs, { axis }) {
      const [first] = inputs
      if (!first) throw new InputError('concatenate: needs at least one array')
      requireAxes('concatenate', [axis], first.shape.length)
      let extent = 0
      for (const x of inputs) {
        requireSameDtype('concatenate', first, x)
        if (x.shape.length !== first.shape.length || x.shape.some((own, i) => i !== axis && own !== first.shape[i]))
          throw new ShapeError(`concatenate: shapes ${formatShape(first.shape)} and ${formatShape(x.shape)} differ outside of axis ${axis}`)
        extent += x.shape[axis] ?? 0
      }
      return [{ dtype: first.dtype, shape: first.shape.map((own, i) => (i === axis ? extent : own)) }]
    },
  },
  slice: {
    shape([x], { starts, limits }) {
      if (starts.length !== x.shape.length || limits.length !== x.shape.length)
        throw new ShapeError(`slice: needs one start and one limit for each of the ${x.shape.length} axes of ${formatShape(x.shape)}`)
      const shape = x.shape.map((extent, axis) => {
        const start = starts[axis] ?? -1
        const limit = limits[axis] ?? -1
        if (!(Number.isInteger(start) && Number.isInteger(limit) && start >= 0 && start <= limit && limit <= extent))
          throw new ShapeError(`slice: range ${start}…${limit} of axis ${axis} is outside shape ${formatShape(x.shape)}`)
        return limit - start
      })
      return [{ dtype: x.dtype, shape }]
    },
  },
  pad: {
    shape([x], { low, high }) {
      if (low.length !== x.shape.length || high.length !== x.shape.length || ![...low, ...high].every((n) => Number.isSafeInteger(n) && n >= 0))
        throw new ShapeError(`pad: needs non-negative widths for each of the ${x.shape.length} axes of ${formatShape(x.shape)}, got [${low.join(', ')}] and [${high.join(', ')}]`)
      return [{ dtype: x.dtype, shape: x.shape.map((extent, axis) => extent + (low[axis] ?? 0) + (high[axis] ?? 0)) }]
    },
  },
  take: {
    shape([x, indices]) {
      requireDtype('take: indices', indices, 'int32')
      if (x.shape.length === 0 || indices.shape.length !== 1)
        throw new ShapeError(`take: needs an array with rows and one axis of indices, got ${formatShape(x.shape)} and ${formatShape(indices.shape)}`)
      return [{ dtype: x.dtype, shape: [...indices.shape, ...x.shape.slice(1)] }]
    },
  },
  segmentSum: {
    shape([x, indices], { numSegments }) {
      requireDtype('segmentSum: indices', indices, 'int32')
      requireShape('segmentSum', [numSegments])
      if (x.dtype === 'bool') throw new DtypeError('segmentSum: needs numbers, got bool; cast it first')
      if (x.shape.length === 0 || indices.shape.length !== 1 || indices.shape[0] !== x.shape[0])
        throw new ShapeError(`segmentSum: needs one index a row, got ${formatShape(x.shape)} and ${formatShape(indices.shape)}`)
      return [{ dtype: x.dtype, shape: [numSegments, ...x.shape.slice(1)] }]
    },
  },
  oneHot: {
    shape([indices], { depth, dtype }) {
      requireDtype('oneHot: indices', indices, 'int32')
      requireShape('oneHot', [depth])
      return [{ dtype: storedDtype(dtype), shape: [...indices.shape, depth] }]
    },
  },
  iota: {
    shape(_, { shape, axis, dtype }) {
      requireShape('iota', shape)
      requireAxes('iota', [axis], shape.length)
      return [{ dtype: storedDtype(dtype), shape }]
    },
  },
}

function lastTwo(shape: readonly number[], transposed: boolean): readonly [number, number] {
  const rows = shape[shape.length - 2] ?? 0
  const columns = shape[shape.length - 1] ?? 0
  return transposed ? [columns, rows] : [rows, columns]
}

function requireAxes(what: string, axes: readonly number[], ndim: number): void {
  if (new Set(axes).size !== axes.length || !axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < ndim))
    throw new ShapeError(`${what}: axes [${axes.join(', ')}] must be distinct and inside an array of ${ndim} axes`)
}
