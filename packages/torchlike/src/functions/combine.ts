import { DtypeError, InputError, ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { DTypeName, NDArray } from '@equivar/engine'
import { Tensor } from '../tensor/tensor.ts'

/** A tensor of what `f` computes of the arrays of others; everything else that it makes is freed. */
export function compute(f: () => NDArray): Tensor {
  return new Tensor(engine.scope(f))
}

/** Joins tensors along an existing axis. */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  return compute(() => engine.concatenate(tensors.map(({ array }) => array), dim))
}

/** Joins tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  return compute(() => engine.stack(tensors.map(({ array }) => array), dim))
}

/** Cuts an axis into parts of the given extents. @throws {ShapeError} if they do not add up to the axis. */
export function split(x: Tensor, extents: readonly number[], dim = 0): Tensor[] {
  return engine.split(x.array, extents, dim).map((part) => new Tensor(part))
}

/** `y = condition ? a : b`, element by element. @throws {InputError} if both are numbers. */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  return compute(() => engine.where(condition.array, operand(a), operand(b)))
}

/** Einstein sums, `einsum('bij,jk->bik', x, y)`; see the engine's function of this name. */
export function einsum(subscripts: string, ...tensors: readonly Tensor[]): Tensor {
  return compute(() => engine.einsum(subscripts, ...tensors.map(({ array }) => array)))
}

/** Matrix product; leading axes broadcast. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  return a.matmul(b)
}

/** `y = a × b` over the last axis of extent 3. */
export function cross(a: Tensor, b: Tensor): Tensor {
  return compute(() => engine.cross(a.array, b.array))
}

/** `y[…, k] = 1 where indices[…] = k, else 0`, int32 unless a dtype is named. @throws {InputError} if an index is not in [0, numClasses). */
export function oneHot(indices: Tensor, numClasses: number, dtype: DTypeName = 'int32'): Tensor {
  return compute(() => engine.oneHot(indices.array, numClasses, dtype))
}

/**
 * `y[…, i, …] = x[…, index[…, i, …], …]` along an axis: one position for each element of the result. The other axes of the index are at most
 * those of x.
 *
 * @throws {ShapeError} if numbers of axes differ, or an axis of the index is longer. @throws {InputError} for an index out of range.
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  const { axis, positions, region } = elementIndex('gather', x, dim, index)
  return compute(() => {
    const rows = engine.transpose(engine.slice(x.array, x.shape.map(() => 0), region), 0, axis)
    const picked = engine.take(engine.reshape(rows, [rows.size]), positions())
    return engine.transpose(engine.reshape(picked, swapped(index.shape, axis)), 0, axis)
  })
}

/**
 * `y = x` plus `source[…, i, …]` at `[…, index[…, i, …], …]`, along an axis; equal positions add up.
 *
 * @throws {ShapeError} if index and source differ in shape, or do not fit x. @throws {InputError} for an index out of range.
 */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  if (index.shape.join() !== source.shape.join())
    throw new ShapeError(`scatterAdd: the index has shape [${index.shape.join(', ')}], the source [${source.shape.join(', ')}]`)
  const { axis, positions, region } = elementIndex('scatterAdd', x, dim, index)
  return compute(() => {
    const values = engine.transpose(source.array, 0, axis)
    const shape = swapped(region, axis)
    const total = shape.reduce((a, b) => a * b, 1)
    const rows = engine.segmentSum(engine.reshape(values, [values.size]), positions(), total)
    const added = engine.transpose(engine.reshape(rows, shape), 0, axis)
    return engine.add(x.array, engine.pad(added, x.shape.map(() => 0), x.shape.map((own, k) => own - (region[k] ?? 0))))
  })
}

/**
 * `y = x`, but `source[…, i, …]` at `[…, index[…, i, …], …]`, along an axis; where a position occurs more than once, the mean of what is put
 * there.
 *
 * @throws {ShapeError} {InputError} as {@link scatterAdd}. @throws {DtypeError} unless x is of floats.
 */
export function scatter(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const { dtype, shape, device } = x
  if (!dtype.startsWith('float')) throw new DtypeError(`scatter: x is ${dtype}; use .to('float32')`)
  const nothing = new Tensor(engine.zeros(shape, { dtype, device }))
  const ones = new Tensor(engine.ones(source.shape, { dtype, device }))
  const [sums, counts] = [scatterAdd(nothing, dim, index, source), scatterAdd(nothing, dim, index, ones)]
  return compute(() => engine.where(engine.greater(counts.array, 0), engine.div(sums.array, engine.maximum(counts.array, 1)), x.array))
}

/**
 * `y = x`, with `source[…, i, …]` added to `y[…, index[i], …]` along an axis; equal indices add up.
 *
 * @throws {ShapeError} if the source does not have the index's length along the axis, and x's shape otherwise. @throws {InputError} for an
 * index out of range.
 */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor): Tensor {
  const axis = dim < 0 ? dim + x.ndim : dim
  const expected = x.shape.map((extent, own) => (own === axis ? index.size : extent))
  if (source.shape.join() !== expected.join())
    throw new ShapeError(`indexAdd: the source has shape [${source.shape.join(', ')}]; ${index.size} indices along axis ${dim} of [${x.shape.join(', ')}] need [${expected.join(', ')}]`)
  return compute(() => {
    const rows = engine.segmentSum(engine.transpose(source.array, 0, axis), index.array, x.shape[axis] ?? 0)
    return engine.add(x.array, engine.transpose(rows, 0, axis))
  })
}

/**
 * Positions at which a tensor is not 0, one row of coordinates each, int32; the number of rows depends on the elements, so the result is a promise.
 *
 * @throws {InputError} (as a rejection) inside of a compiled function.
 */
export async function nonzero(x: Tensor): Promise<Tensor> {
  const mask = compute(() => {
    const flat = engine.reshape(x.array, [x.size])
    return x.dtype === 'bool' ? flat : engine.notEqual(flat, 0)
  })
  const found = await engine.nonzero(mask.array)
  const positions = await found.data()
  for (const used of [mask, found]) used.dispose()
  const coordinates = new Int32Array(positions.length * x.ndim)
  positions.forEach((position, row) => {
    let rest = position
    for (let axis = x.ndim - 1; axis >= 0; axis--) {
      const extent = x.shape[axis] ?? 1
      coordinates[row * x.ndim + axis] = rest % extent
      rest = Math.floor(rest / extent)
    }
  })
  return new Tensor(engine.array(coordinates, { shape: [positions.length, x.ndim], device: x.device }))
}

/**
 * Row of the only 1 in every row of a one-hot matrix, int32: species as indices. A promise, for the matrix is checked.
 *
 * @throws {InputError} (as a rejection) unless every row holds one 1 and else zeros.
 */
export async function oneHotToIndex(x: Tensor): Promise<Tensor> {
  const [rows, classes] = x.shape
  if (x.ndim !== 2 || rows === undefined || classes === undefined) throw new ShapeError(`oneHotToIndex: needs a matrix, got shape [${x.shape.join(', ')}]`)
  const values = await x.data()
  const indices = new Int32Array(rows)
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * classes, (row + 1) * classes)
    const at = own.indexOf(1)
    if (at < 0 || own.some((value, k) => value !== 0 && k !== at)) throw new InputError(`oneHotToIndex: row ${row} is [${[...own].join(', ')}], not a single 1 among zeros`)
    indices[row] = at
  }
  return new Tensor(engine.array(indices, { device: x.device }))
}

function operand(x: Tensor | number): NDArray | number {
  return typeof x === 'number' ? x : x.array
}

/** Which elements of x an index of its number of axes speaks of. */
function elementIndex(what: string, x: Tensor, dim: number, index: Tensor) {
  const axis = dim < 0 ? dim + x.ndim : dim
  if (!(Number.isInteger(dim) && axis >= 0 && axis < x.ndim)) throw new ShapeError(`${what}: axis ${dim} is outside of a tensor of ${x.ndim} axes`)
  if (index.dtype !== 'int32') throw new DtypeError(`${what}: the index is ${index.dtype}; use .to('int32')`)
  if (index.ndim !== x.ndim || !index.shape.every((extent, own) => own === axis || extent <= (x.shape[own] ?? 0)))
    throw new ShapeError(`${what}: an index of shape [${index.shape.join(', ')}] does not fit into [${x.shape.join(', ')}] beside axis ${dim}`)
  const extent = x.shape[axis] ?? 0
  const rest = index.shape.reduce((product, own, k) => (k === axis ? product : product * own), 1)
  return {
    axis,
    /** What of x is spoken of: all along the axis, as much as the index has along the others. */
    region: index.shape.map((own, k) => (k === axis ? extent : own)),
    /** In a matrix with the axis in front, so that what is out of range there is out of range in all. */
    positions: () => {
      const rows = engine.reshape(engine.transpose(index.array, 0, axis), [index.shape[axis] ?? 0, rest])
      const columns = engine.reshape(engine.arange(0, rest, 1, { device: index.device }), [1, rest])
      return engine.reshape(engine.add(engine.mul(rows, rest), columns), [index.size])
    },
  }
}

function swapped(shape: readonly number[], axis: number): number[] {
  return shape.map((extent, k) => (k === 0 ? (shape[axis] ?? 1) : k === axis ? (shape[0] ?? 1) : extent))
}
