import { DtypeError, InputError, ShapeError } from '@equivar/core'
import { storedDtype, type DType } from '../../array/dtype.ts'
import { elementCount, formatShape, requireShape } from '../../array/shape.ts'
import type { AlgorithmName, Distribution } from '../names.ts'
import type { ShapeRule } from '../rules.ts'
import { requireDtype } from './elementwise.ts'
import { neighborGraphShape } from './neighbor-graph.ts'

const dtypesOf: { readonly [D in Distribution]: readonly DType[] } = {
  uniform: ['float32', 'float64'],
  normal: ['float32', 'float64'],
  bits: ['uint32'],
  keys: ['uint32'],
  integers: ['int32'],
}

export const algorithmShapes: { readonly [P in AlgorithmName]: ShapeRule<P> } = {
  argsort: {
    shape([x]) {
      if (x.dtype === 'bool') throw new DtypeError('argsort: needs numbers, got bool; cast it first')
      if (x.shape.length === 0) throw new ShapeError(`argsort: needs an axis to sort along, got ${formatShape(x.shape)}; reshape it to [1]`)
      return [{ dtype: 'int32', shape: x.shape }]
    },
  },
  bincount: {
    shape([indices], { numBins }) {
      requireDtype('bincount: indices', indices, 'int32')
      requireShape('bincount', [numBins])
      return [{ dtype: 'int32', shape: [numBins] }]
    },
  },
  compact: {
    shape([mask]) {
      requireDtype('compact: mask', mask, 'bool')
      return [
        { dtype: 'int32', shape: [elementCount(mask.shape)] },
        { dtype: 'int32', shape: [] },
      ]
    },
  },
  neighborGraph: neighborGraphShape,
  random: {
    shape([key], { shape, distribution, dtype: name, range }) {
      requireDtype('random: key', key, 'uint32')
      if (key.shape.length !== 1 || key.shape[0] !== 4)
        throw new ShapeError(`random: a key has shape [4], got ${formatShape(key.shape)}; make it by randomKey or splitKey`)
      requireShape('random', shape)
      const dtype = storedDtype(name)
      if (!dtypesOf[distribution].includes(dtype))
        throw new DtypeError(`random: ${distribution} numbers are ${dtypesOf[distribution].join(' or ')}, not ${dtype}; cast them`)
      if (distribution === 'integers') requireRange(range)
      return [{ dtype, shape }]
    },
  },
}

function requireRange([low, high]: readonly [number, number] = [0, 0]): void {
  const isInt32 = (x: number) => Number.isInteger(x) && x >= -(2 ** 31) && x < 2 ** 31
  if (!isInt32(low) || !isInt32(high) || low >= high)
    throw new InputError(`random: the range of integers is ${low} … ${high}, but must be of 32-bit integers, the first below the second`)
}
