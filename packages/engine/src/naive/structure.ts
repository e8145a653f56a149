import { InputError } from '@equivar/core'
import { allocate, dtypeOf, type DType, type TypedArray } from '../array/dtype.ts'
import { broadcastStrides, elementCount, rowMajorStrides } from '../array/shape.ts'
import type { StructuralName } from '../primitives/names.ts'
import { collapse, forEachRow, innerStride } from './loops.ts'
import { matmulEvaluator } from './matmul.ts'
import type { Evaluator } from './tensor.ts'

export const structureEvaluators: { readonly [P in StructuralName]: Evaluator<P> } = {
  matmul: matmulEvaluator,
  sum: {
    evaluate([x], { axes }, [spec]) {
      const accumulator = allocate(spec.dtype === 'float32' ? 'float64' : spec.dtype, elementCount(spec.shape))
      const nest = collapse({ extents: x.shape, strides: [rowMajorStrides(x.shape), reducedStrides(x.shape, axes)] })
      const di = innerStride(nest, 0)
      const d = innerStride(nest, 1)
      forEachRow(nest, (n, i, o) => {
        if (d === 0) {
          let total = accumulator[o] ?? 0
          for (let k = 0; k < n; k++) total += x.data[i + k * di] ?? 0
          accumulator[o] = total
        } else for (let k = 0; k < n; k++) accumulator[o + k * d] = (accumulator[o + k * d] ?? 0) + (x.data[i + k * di] ?? 0)
      })
      return [rounded(accumulator, spec.dtype)]
    },
  },
  max: {
    evaluate([x], { axes }, [spec]) {
      const out = new Float64Array(elementCount(spec.shape)).fill(-Infinity)
      const nest = collapse({ extents: x.shape, strides: [rowMajorStrides(x.shape), reducedStrides(x.shape, axes)] })
      const di = innerStride(nest, 0)
      const d = innerStride(nest, 1)
      forEachRow(nest, (n, i, o) => {
        for (let k = 0; k < n; k++) out[o + k * d] = Math.max(out[o + k * d] ?? 0, x.data[i + k * di] ?? 0)
      })
      return [rounded(out, spec.dtype)]
    },
  },
  cumulativeSum: {
    evaluate([x], { axis, reverse }) {
      const out = allocate(x.dtype, x.data.length)
      const extent = x.shape[axis] ?? 0
      const stride = elementCount(x.shape.slice(axis + 1))
      const step = reverse ? -stride : stride
      for (let outer = 0; outer < x.data.length; outer += extent * stride) {
        for (let inner = 0; inner < stride; inner++) {
          let total = 0
          let at = outer + inner + (reverse ? (extent - 1) * stride : 0)
          for (let k = 0; k < extent; k++, at += step) {
            total += x.data[at] ?? 0
            out[at] = total
          }
        }
      }
      return [out]
    },
  },
  broadcastTo: { evaluate: ([x], _, [spec]) => [gatherStrided(x.data, spec.dtype, spec.shape, broadcastStrides(x.shape, spec.shape), 0)] },
  reshape: { evaluate: ([x]) => [x.data] },
  permute: {
    evaluate([x], { axes }, [spec]) {
      const strides = rowMajorStrides(x.shape)
      return [gatherStrided(x.data, spec.dtype, spec.shape, axes.map((axis) => strides[axis] ?? 0), 0)]
    },
  },
  concatenate: {
    evaluate(inputs, { axis }, [spec]) {
      const out = allocate(spec.dtype, elementCount(spec.shape))
      const row = elementCount(spec.shape.slice(axis))
      let at = 0
      for (const x of inputs) {
        const width = elementCount(x.shape.slice(axis))
        for (let i = 0, o = at; i < x.data.length; i += width, o += row) out.set(x.data.subarray(i, i + width), o)
        at += width
      }
      return [out]
    },
  },
  slice: {
    evaluate([x], { starts }, [spec]) {
      const strides = rowMajorStrides(x.shape)
      const offset = starts.reduce((total, start, axis) => total + start * (strides[axis] ?? 0), 0)
      return [gatherStrided(x.data, spec.dtype, spec.shape, strides, offset)]
    },
  },
  pad: {
    evaluate([x], { low }, [spec]) {
      const out = allocate(spec.dtype, elementCount(spec.shape))
      const strides = rowMajorStrides(spec.shape)
      const offset = low.reduce((total, width, axis) => total + width * (strides[axis] ?? 0), 0)
      const nest = collapse({ extents: x.shape, strides: [strides, rowMajorStrides(x.shape)] })
      const d = innerStride(nest, 0)
      const di = innerStride(nest, 1)
      forEachRow(nest, (n, o, i) => {
        for (let k = 0; k < n; k++) out[offset + o + k * d] = x.data[i + k * di] ?? 0
      })
      return [out]
    },
  },
  take: {
    evaluate([x, indices], _, [spec]) {
      requireRows('take', indices.data, x.shape[0] ?? 0)
      const out = allocate(spec.dtype, elementCount(spec.shape))
      const width = elementCount(x.shape.slice(1))
      for (let row = 0, o = 0; row < indices.data.length; row++) {
        const i = (indices.data[row] ?? 0) * width
        for (let k = 0; k < width; k++) out[o++] = x.data[i + k] ?? 0
      }
      return [out]
    },
  },
  segmentSum: {
    evaluate([x, indices], { numSegments }, [spec]) {
      requireRows('segmentSum', indices.data, numSegments)
      const accumulator = allocate(spec.dtype === 'float32' ? 'float64' : spec.dtype, elementCount(spec.shape))
      const width = elementCount(x.shape.slice(1))
      for (let row = 0, i = 0; row < indices.data.length; row++) {
        const o = (indices.data[row] ?? 0) * width
        for (let k = 0; k < width; k++) accumulator[o + k] = (accumulator[o + k] ?? 0) + (x.data[i++] ?? 0)
      }
      return [rounded(accumulator, spec.dtype)]
    },
  },
  oneHot: {
    evaluate([indices], { depth }, [spec]) {
      requireRows('oneHot', indices.data, depth)
      const out = allocate(spec.dtype, elementCount(spec.shape))
      for (let row = 0; row < indices.data.length; row++) out[row * depth + (indices.data[row] ?? 0)] = 1
      return [out]
    },
  },
  iota: {
    evaluate(_, { axis }, [spec]) {
      const out = allocate(spec.dtype, elementCount(spec.shape))
      const stride = elementCount(spec.shape.slice(axis + 1))
      const extent = spec.shape[axis] ?? 1
      for (let i = 0; i < out.length; i++) out[i] = Math.floor(i / stride) % extent
      return [out]
    },
  },
}

/** @throws {InputError} if an index is not one of `rows` rows. */
export function requireRows(what: string, indices: ArrayLike<number>, rows: number): void {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] ?? -1
    if (!(index >= 0 && index < rows)) throw new InputError(`${what}: index ${index} at position ${i} is out of range for ${rows} rows`)
  }
}

/** float32 sums are accumulated in float64 and rounded once, here. */
function rounded(accumulator: TypedArray, dtype: DType): TypedArray {
  if (dtypeOf(accumulator) === dtype) return accumulator
  const out = allocate(dtype, accumulator.length)
  out.set(accumulator)
  return out
}

function reducedStrides(shape: readonly number[], axes: readonly number[]): number[] {
  const kept = rowMajorStrides(shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)))
  return kept.map((stride, axis) => (axes.includes(axis) ? 0 : stride))
}

function gatherStrided(data: TypedArray, dtype: DType, shape: readonly number[], strides: readonly number[], offset: number): TypedArray {
  const out = allocate(dtype, elementCount(shape))
  const nest = collapse({ extents: shape, strides: [rowMajorStrides(shape), strides] })
  const di = innerStride(nest, 1)
  forEachRow(nest, (n, o, i) => {
    for (let k = 0; k < n; k++) out[o + k] = data[offset + i + k * di] ?? 0
  })
  return out
}
