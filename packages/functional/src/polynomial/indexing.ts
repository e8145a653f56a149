import { InputError, ShapeError } from '@equivar/core'
import { array, bincount, broadcastTo, cumulativeSum, iota, ravelMultiIndex, reshape, slice, type NDArray, type Shape } from '@equivar/engine'
import { nameOf, requireArray } from '../array/arguments.ts'
import { DeviceArray } from '../array/device-array.ts'

/** How often each entry is used, in order: the index array `[0, 0, 1, …]` of entry c repeated `counts[c]` times. */
export class Repeats {
  readonly counts: DeviceArray | readonly number[]
  readonly totalRepeatLength: number | undefined

  /** @param totalRepeatLength Σ counts; needed where counts are an array, unless other operands tell the batch size. */
  constructor(counts: DeviceArray | readonly number[], totalRepeatLength?: number) {
    if (!(counts instanceof DeviceArray) && !counts.every((count) => Number.isSafeInteger(count) && count >= 0))
      throw new InputError(`Repeats: the counts [${counts.join(', ')}] must be non-negative integers`)
    this.counts = counts
    this.totalRepeatLength = totalRepeatLength ?? (counts instanceof DeviceArray ? undefined : counts.reduce((a, b) => a + b, 0))
  }
}

/** Of one axis: `':'` goes with the batch, an int32 array picks. */
export type AxisIndex = ':' | DeviceArray
/** Of an operand: nothing, an index array for its first axis, one entry an axis, or repeats of its first axis. */
export type OperandIndex = null | undefined | DeviceArray | readonly AxisIndex[] | Repeats

/** Leading axes of an operand, and how the batch reads them. */
export interface Lead {
  readonly name: string
  readonly shape: Shape
  readonly keys: readonly (':' | NDArray)[]
}

/** The entries of an operand's index, one an axis. `length` is the batch size for repeats that do not know theirs. */
export function keysOf(name: string, index: OperandIndex, ndim: number, length: number | undefined): readonly (':' | NDArray)[] {
  if (index === null || index === undefined) return Array.from({ length: ndim }, () => ':')
  if (index instanceof Repeats) return [repeated(name, index, length), ...Array.from({ length: ndim - 1 }, () => ':' as const)]
  const keys = index instanceof DeviceArray ? [index, ...Array.from({ length: Math.max(0, ndim - 1) }, () => ':' as const)] : index
  if (!Array.isArray(keys) || keys.length !== ndim)
    throw new ShapeError(`segmentedPolynomial: ${name} has ${ndim} batch axes, but ${Array.isArray(keys) ? keys.length : nameOf(keys)} indices; pass one an axis, ':' where it is not indexed`)
  return keys.map((key: AxisIndex) => (key === ':' ? key : requireArray(`segmentedPolynomial: index of ${name}`, key)))
}

/** The shape that the polynomial is evaluated over: all index arrays and all axes that are not indexed, right-aligned. */
export function batchShape(leads: readonly Lead[]): number[] {
  const ndim = Math.max(0, ...leads.flatMap(({ shape, keys }) => [shape.length, ...keys.map((key) => (key === ':' ? 0 : key.ndim))]))
  const result = Array.from({ length: ndim }, () => 1)
  const owner = Array.from({ length: ndim }, () => '')
  const join = (name: string, shape: Shape) => {
    for (const [axis, extent] of shape.entries()) {
      const at = axis + ndim - shape.length
      if (extent === 1) continue
      if (result[at] !== 1 && result[at] !== extent)
        throw new ShapeError(`segmentedPolynomial: ${name} has ${extent} entries along batch axis ${at}, ${owner[at] ?? ''} has ${result[at] ?? 0}; batch axes must agree or be 1`)
      result[at] = extent
      owner[at] = name
    }
  }
  for (const { name, shape, keys } of leads) {
    join(name, shape.map((extent, axis) => (keys[axis] === ':' ? extent : 1)))
    for (const key of keys) if (key !== ':') join(`the index of ${name}`, key.shape)
  }
  return result
}

/** The row of the flattened leading axes for every batch entry: all share the only one, each has its own, or as an index array says. */
export function rowsOf({ shape, keys }: Lead, batch: Shape): 'shared' | 'batched' | NDArray {
  const missing = batch.length - shape.length
  const size = batch.reduce((a, b) => a * b, 1)
  if (keys.every((key) => key === ':')) {
    if (shape.every((extent) => extent === 1)) return 'shared'
    if (batch.every((extent, axis) => (axis < missing ? 1 : shape[axis - missing]) === extent)) return 'batched'
  }
  const rows = shape.map((extent, axis): NDArray | 0 => {
    const key = keys[axis]
    if (key === undefined || key === ':') return extent === 1 ? 0 : iota(batch, axis + missing, 'int32', deviceOf(keys))
    return broadcastTo(key, batch)
  })
  return reshape(ravelMultiIndex(rows, shape), [size])
}

function deviceOf(keys: readonly (':' | NDArray)[]): string | undefined {
  return keys.find((key) => key !== ':')?.device
}

/** `numpy.repeat(arange(n), counts)`: marks where an entry ends, added up. */
function repeated(name: string, { counts, totalRepeatLength }: Repeats, length: number | undefined): NDArray {
  const total = totalRepeatLength ?? length
  if (total === undefined) throw new InputError(`segmentedPolynomial: the repeats of ${name} do not say how many there are; pass totalRepeatLength`)
  if (!(counts instanceof DeviceArray)) return array(counts.flatMap((count, c) => Array.from({ length: count }, () => c)), { dtype: 'int32' })
  const ends = cumulativeSum(counts.ndarray, 0)
  return cumulativeSum(slice(bincount(ends, total + 1), [0], [total]), 0)
}
