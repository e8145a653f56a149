import { InputError } from '@equivar/core'
import { allocate } from '../array/dtype.ts'
import { elementCount } from '../array/shape.ts'
import type { AlgorithmName } from '../primitives/names.ts'
import { randomEvaluator } from './random.ts'
import { requireRows } from './structure.ts'
import type { Evaluator } from './tensor.ts'

export const algorithmEvaluators: { readonly [P in AlgorithmName]: Evaluator<P> } = {
  argsort: {
    evaluate([{ data, shape }]) {
      const extent = shape[shape.length - 1] ?? 1
      const out = new Int32Array(data.length)
      for (let start = 0; start < data.length; start += extent) {
        const row = data.subarray(start, start + extent)
        const order = out.subarray(start, start + extent)
        for (let i = 0; i < extent; i++) order[i] = i
        order.sort((i, j) => compare(row[i] ?? 0, row[j] ?? 0) || i - j)
      }
      return [out]
    },
  },
  bincount: {
    evaluate([{ data }], { numBins }) {
      requireRows('bincount', data, numBins)
      const counts = allocate('int32', numBins)
      for (const bin of data) counts[bin] = (counts[bin] ?? 0) + 1
      return [counts]
    },
  },
  compact: {
    evaluate([{ data, shape }]) {
      const positions = new Int32Array(elementCount(shape))
      let next = 0
      for (let i = 0; i < data.length; i++) if (data[i] !== 0) positions[next++] = i
      const count = next
      for (let i = 0; i < data.length; i++) if (data[i] === 0) positions[next++] = i
      return [positions, Int32Array.of(count)]
    },
  },
  neighborGraph: {
    evaluate() {
      throw new InputError('neighborGraph: needs the kernels of a device; use findNeighbors')
    },
  },
  random: randomEvaluator,
}

/** NaN behind all numbers; both zeros are equal. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : Number(Number.isNaN(a)) - Number(Number.isNaN(b))
}
