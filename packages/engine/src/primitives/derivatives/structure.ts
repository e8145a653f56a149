import { cast, div, equal, mul } from '../../functions/elementwise.ts'
import {
  broadcastTo,
  concatenate,
  cumulativeSum,
  keptShape,
  matmul,
  pad,
  permute,
  reshape,
  segmentSum,
  slice,
  sliceAxis,
  sum,
  sumTo,
  take,
} from '../../functions/structure.ts'
import type { StructuralName } from '../names.ts'
import type { DerivativeRules } from '../rules.ts'
import { linearIn, orZeros, present, requireOneLinear, total } from './helpers.ts'

export const structureDerivatives: { readonly [P in StructuralName]: DerivativeRules<P> } = {
  matmul: {
    jvp: {
      tangents: ({ inputs: [a, b], tangents: [ta, tb], params }) => [
        total(linearIn(ta, (t) => matmul(t, b, params)), linearIn(tb, (t) => matmul(a, t, params))),
      ],
    },
    transpose: {
      cotangents: ({ inputs: [a, b], linear, cotangents: [ct], params: { transposeA, transposeB } }) => {
        requireOneLinear('matmul', linear)
        const c = present(ct)
        if (linear[0]) {
          const forA = transposeA ? matmul(b, c, { transposeA: transposeB, transposeB: true }) : matmul(c, b, { transposeB: !transposeB })
          return [sumTo(forA, a.shape), undefined]
        }
        const forB = transposeB ? matmul(c, a, { transposeA: true, transposeB: transposeA }) : matmul(a, c, { transposeA: !transposeA })
        return [undefined, sumTo(forB, b.shape)]
      },
    },
  },
  sum: {
    jvp: { tangents: ({ tangents: [t], params: { axes } }) => [linearIn(t, (tangent) => sum(tangent, { axes }))] },
    transpose: {
      cotangents: ({ inputs: [x], cotangents: [ct], params: { axes } }) => [broadcastTo(reshape(present(ct), keptShape(x.shape, axes)), x.shape)],
    },
  },
  max: {
    jvp: {
      tangents: ({ inputs: [x], outputs: [y], tangents: [t], params: { axes } }) => [
        linearIn(t, (tangent) => {
          const isLargest = cast(equal(x, reshape(y, keptShape(x.shape, axes))), x.dtype)
          return div(sum(mul(tangent, isLargest), { axes }), sum(isLargest, { axes }))
        }),
      ],
    },
    transpose: 'never linear',
  },
  cumulativeSum: {
    jvp: { tangents: ({ tangents: [t], params: { axis, reverse } }) => [linearIn(t, (tangent) => cumulativeSum(tangent, axis, { reverse }))] },
    transpose: { cotangents: ({ cotangents: [ct], params: { axis, reverse } }) => [cumulativeSum(present(ct), axis, { reverse: !reverse })] },
  },
  broadcastTo: {
    jvp: { tangents: ({ tangents: [t], params: { shape } }) => [linearIn(t, (tangent) => broadcastTo(tangent, shape))] },
    transpose: { cotangents: ({ inputs: [x], cotangents: [ct] }) => [sumTo(present(ct), x.shape)] },
  },
  reshape: {
    jvp: { tangents: ({ tangents: [t], params: { shape } }) => [linearIn(t, (tangent) => reshape(tangent, shape))] },
    transpose: { cotangents: ({ inputs: [x], cotangents: [ct] }) => [reshape(present(ct), x.shape)] },
  },
  permute: {
    jvp: { tangents: ({ tangents: [t], params: { axes } }) => [linearIn(t, (tangent) => permute(tangent, axes))] },
    transpose: { cotangents: ({ cotangents: [ct], params: { axes } }) => [permute(present(ct), axes.map((_, axis) => axes.indexOf(axis)))] },
  },
  concatenate: {
    jvp: {
      tangents: ({ inputs, tangents, params: { axis } }) => [
        concatenate(
          inputs.map((x, i) => orZeros(tangents[i], x)),
          axis,
        ),
      ],
    },
    transpose: {
      cotangents: ({ inputs, linear, cotangents: [ct], params: { axis } }) => {
        let start = 0
        return inputs.map((x, i) => {
          const limit = start + (x.shape[axis] ?? 0)
          const part = linear[i] ? sliceAxis(present(ct), axis, start, limit) : undefined
          start = limit
          return part
        })
      },
    },
  },
  slice: {
    jvp: { tangents: ({ tangents: [t], params: { starts, limits } }) => [linearIn(t, (tangent) => slice(tangent, starts, limits))] },
    transpose: {
      cotangents: ({ inputs: [x], cotangents: [ct], params: { starts, limits } }) => [
        pad(present(ct), starts, x.shape.map((extent, axis) => extent - (limits[axis] ?? 0))),
      ],
    },
  },
  pad: {
    jvp: { tangents: ({ tangents: [t], params: { low, high } }) => [linearIn(t, (tangent) => pad(tangent, low, high))] },
    transpose: {
      cotangents: ({ inputs: [x], cotangents: [ct], params: { low } }) => [
        slice(present(ct), low, x.shape.map((extent, axis) => extent + (low[axis] ?? 0))),
      ],
    },
  },
  take: {
    jvp: { tangents: ({ inputs: [, indices], tangents: [t] }) => [linearIn(t, (tangent) => take(tangent, indices))] },
    transpose: {
      cotangents: ({ inputs: [x, indices], cotangents: [ct] }) => [segmentSum(present(ct), indices, x.shape[0] ?? 0), undefined],
    },
  },
  segmentSum: {
    jvp: {
      tangents: ({ inputs: [, indices], tangents: [t], params: { numSegments } }) => [
        linearIn(t, (tangent) => segmentSum(tangent, indices, numSegments)),
      ],
    },
    transpose: { cotangents: ({ inputs: [, indices], cotangents: [ct] }) => [take(present(ct), indices), undefined] },
  },
  oneHot: { jvp: 'locally constant', transpose: 'never linear' },
  iota: { jvp: 'locally constant', transpose: 'never linear' },
}
