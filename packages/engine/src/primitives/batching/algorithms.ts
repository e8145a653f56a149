import { InputError } from '@equivar/core'
import { elementCount } from '../../array/shape.ts'
import { cast, logicalNot } from '../../functions/elementwise.ts'
import { concatenate, reshape, sliceAxis, sum } from '../../functions/structure.ts'
import { apply } from '../../graph/apply.ts'
import type { AlgorithmName } from '../names.ts'
import type { BatchingRule } from './rules.ts'
import { ofEntries } from './structure.ts'

export const algorithmBatching: { readonly [P in AlgorithmName]: BatchingRule<P> } = {
  argsort: { batch: ({ inputs }) => apply('argsort', inputs, {}) },
  bincount: {
    batch: ({ inputs: [indices], size, params: { numBins } }) => {
      const perEntry = reshape(indices, [size, elementCount(indices.shape.slice(1))])
      const [counts] = apply('bincount', [ofEntries(perEntry, numBins)], { numBins: size * numBins })
      return [reshape(counts, [size, numBins])]
    },
  },
  compact: {
    batch: ({ inputs: [mask], size }) => {
      const perEntry = reshape(mask, [size, elementCount(mask.shape.slice(1))])
      // A stable sort with what holds in front.
      const [positions] = apply('argsort', [cast(logicalNot(perEntry), 'int32')], {})
      return [positions, sum(cast(perEntry, 'int32'), { axes: 1 })]
    },
  },
  neighborGraph: {
    batch: () => {
      throw new InputError('neighborGraph: is not mapped; search one structure after the other')
    },
  },
  random: {
    // Every entry has its own key, and its numbers are those that the key gives by itself.
    batch: ({ inputs: [keys], size, params }) => {
      const entries = Array.from({ length: size }, (_, b) => apply('random', [reshape(sliceAxis(keys, 0, b, b + 1), [4])], params)[0])
      return [concatenate(entries.map((entry) => reshape(entry, [1, ...entry.shape])), 0)]
    },
  },
}
