import { ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray, Shape } from '@equivar/engine'
import { indexed, inserted, type Key } from './keys.ts'
import { countNonzero, extremePosition, product, variance, type VarianceOptions } from './reductions.ts'

/** What holds an array of the engine. */
export interface HasArray {
  readonly array: NDArray
}

export interface DimsOptions {
  /** Reduced axes stay with extent 1. Default false. */
  readonly keepDims?: boolean
}

/** Axes, counted from the end when negative; all where they are left out. */
export type Dims = number | readonly number[]

/** Methods of tensors that compute: thin names for the engine's functions. Dtypes must agree, shapes broadcast as numpy's do. */
export abstract class TensorMath<T extends HasArray> implements HasArray {
  abstract readonly array: NDArray

  /** A tensor of what `f` computes; everything else that it makes is freed. */
  protected abstract computed(f: (x: NDArray) => NDArray): T

  /** `y = x + other` */
  add(other: T | number): T {
    return this.#binary(engine.add, other)
  }

  /** `y = x − other` */
  sub(other: T | number): T {
    return this.#binary(engine.sub, other)
  }

  /** `y = x · other`, element by element. */
  mul(other: T | number): T {
    return this.#binary(engine.mul, other)
  }

  /** `y = x / other` */
  div(other: T | number): T {
    return this.#binary(engine.div, other)
  }

  /** `y = xᵉ` */
  pow(exponent: T | number): T {
    return this.#binary(engine.pow, exponent)
  }

  /** `y = max(x, other)`, element by element. */
  maximum(other: T | number): T {
    return this.#binary(engine.maximum, other)
  }

  /** `y = min(x, other)`, element by element. */
  minimum(other: T | number): T {
    return this.#binary(engine.minimum, other)
  }

  /** `y = min(max(x, low), high)` */
  clamp(low: number, high: number): T {
    return this.computed((x) => engine.minimum(engine.maximum(x, low), high))
  }

  /** `y = x < other`, bool. */
  lt(other: T | number): T {
    return this.#binary(engine.less, other)
  }

  /** `y = x ≤ other`, bool. */
  le(other: T | number): T {
    return this.#binary(engine.lessEqual, other)
  }

  /** `y = x > other`, bool. */
  gt(other: T | number): T {
    return this.#binary(engine.greater, other)
  }

  /** `y = x ≥ other`, bool. */
  ge(other: T | number): T {
    return this.#binary(engine.greaterEqual, other)
  }

  /** `y = x equals other`, bool. */
  eq(other: T | number): T {
    return this.#binary(engine.equal, other)
  }

  /** `y = x differs from other`, bool. */
  ne(other: T | number): T {
    return this.#binary(engine.notEqual, other)
  }

  /** `y = not x` of a bool tensor. */
  logicalNot(): T {
    return this.computed(engine.logicalNot)
  }

  /** `y = x and other` of bool tensors. */
  logicalAnd(other: T): T {
    return this.computed((x) => engine.logicalAnd(x, other.array))
  }

  /** `y = x or other` of bool tensors. */
  logicalOr(other: T): T {
    return this.computed((x) => engine.logicalOr(x, other.array))
  }

  neg(): T {
    return this.computed(engine.neg)
  }

  abs(): T {
    return this.computed(engine.abs)
  }

  sign(): T {
    return this.computed(engine.sign)
  }

  floor(): T {
    return this.computed(engine.floor)
  }

  square(): T {
    return this.computed(engine.square)
  }

  sqrt(): T {
    return this.computed(engine.sqrt)
  }

  exp(): T {
    return this.computed(engine.exp)
  }

  log(): T {
    return this.computed(engine.log)
  }

  sin(): T {
    return this.computed(engine.sin)
  }

  cos(): T {
    return this.computed(engine.cos)
  }

  tanh(): T {
    return this.computed(engine.tanh)
  }

  sigmoid(): T {
    return this.computed(engine.sigmoid)
  }

  relu(): T {
    return this.computed(engine.relu)
  }

  reciprocal(): T {
    return this.computed(engine.reciprocal)
  }

  /** `y = Σ x` over axes. */
  sum(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => engine.sum(x, reduction(dims, options)))
  }

  /** `y = (1/n) Σ x` over axes. @throws {ShapeError} where there are no elements. */
  mean(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => engine.mean(x, reduction(dims, options)))
  }

  /** `y = Σ (x − mean)² / (n − correction)` over axes; the correction is 1 unless given. */
  var(dims?: Dims, options: VarianceOptions & DimsOptions = {}): T {
    return this.computed((x) => variance(x, reduction(dims, options), options))
  }

  /** Root of {@link TensorMath.var}. */
  std(dims?: Dims, options: VarianceOptions & DimsOptions = {}): T {
    return this.computed((x) => engine.sqrt(variance(x, reduction(dims, options), options)))
  }

  /** `y = Π x` along an axis, or of all elements; 1 where there are none. @throws {ShapeError} for an axis that is not there. */
  prod(dim?: number): T {
    return this.computed((x) => (dim === undefined ? product(engine.reshape(x, [x.size]), 0) : product(x, axisOf('prod', dim, x.ndim))))
  }

  /** `y = whether any element is not 0`, over axes, bool. */
  any(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => engine.greater(countNonzero(x, reduction(dims, options)), 0))
  }

  /** `y = whether no element is 0`, over axes, bool. */
  all(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => {
      const found = countNonzero(x, reduction(dims, options))
      return engine.equal(found, found.size === 0 ? 0 : x.size / found.size)
    })
  }

  /** `y = √(Σ x²)` over axes; where all are 0 its derivatives are taken as 0. */
  norm(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => engine.norm(x, reduction(dims, options)))
  }

  /** Largest element over axes; equal ones share the derivative. */
  amax(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => engine.max(x, reduction(dims, options)))
  }

  /** Smallest element over axes; equal ones share the derivative. */
  amin(dims?: Dims, options: DimsOptions = {}): T {
    return this.computed((x) => engine.neg(engine.max(engine.neg(x), reduction(dims, options))))
  }

  /** Position of the first largest element along an axis, or of all elements, int32. */
  argmax(dim?: number): T {
    return this.computed((x) => extremePosition('argmax', x, dim))
  }

  /** Position of the first smallest element along an axis, or of all elements, int32. */
  argmin(dim?: number): T {
    return this.computed((x) => extremePosition('argmin', x, dim))
  }

  /** `y_i = Σ_{j ≤ i} x_j` along an axis. */
  cumsum(dim: number): T {
    return this.computed((x) => engine.cumulativeSum(x, dim))
  }

  /** Ascending along an axis. */
  sort(dim = -1): T {
    return this.computed((x) => engine.sort(x, dim))
  }

  /** Positions of the elements in ascending order along an axis, int32. */
  argsort(dim = -1): T {
    return this.computed((x) => engine.argsort(x, dim))
  }

  /** `y[…, i, j] = Σ_k x[…, i, k] other[…, k, j]`; leading axes broadcast. */
  matmul(other: T): T {
    return this.computed((x) => engine.matmul(x, other.array))
  }

  /** The elements in another shape; one extent may be −1. */
  reshape(shape: Shape): T {
    return this.computed((x) => engine.reshape(x, shape))
  }

  /** Another name of {@link TensorMath.reshape}: nothing here depends on what shares memory. */
  view(shape: Shape): T {
    return this.reshape(shape)
  }

  /** Axes `start … end` as one. */
  flatten(start = 0, end = -1): T {
    return this.computed((x) => {
      const [first, last] = [axisOf('flatten', start, x.ndim), axisOf('flatten', end, x.ndim)]
      if (last < first) throw new ShapeError(`flatten: axis ${start} does not come before axis ${end}`)
      if (x.ndim === 0) return engine.reshape(x, [1])
      const extent = x.shape.slice(first, last + 1).reduce((a, b) => a * b, 1)
      return engine.reshape(x, [...x.shape.slice(0, first), extent, ...x.shape.slice(last + 1)])
    })
  }

  /** Swaps two axes. */
  transpose(dim0: number, dim1: number): T {
    return this.computed((x) => engine.transpose(x, dim0, dim1))
  }

  /** Axes in another order. */
  permute(dims: readonly number[]): T {
    return this.computed((x) => engine.permute(x, dims))
  }

  /** A new axis of extent 1 before the given one; −1 is behind all. */
  unsqueeze(dim: number): T {
    return this.computed((x) => inserted(x, axisOf('unsqueeze', dim, x.ndim + 1)))
  }

  /** Without an axis of extent 1, or without all of them. @throws {ShapeError} if the named axis has another extent. */
  squeeze(dim?: number): T {
    return this.computed((x) => {
      if (dim === undefined) return engine.reshape(x, x.shape.filter((extent) => extent !== 1))
      const at = axisOf('squeeze', dim, x.ndim)
      if (x.shape[at] !== 1) throw new ShapeError(`squeeze: axis ${dim} has extent ${x.shape[at] ?? 0}, not 1`)
      return engine.reshape(x, x.shape.filter((_, axis) => axis !== at))
    })
  }

  /** Repeats along missing axes and axes of extent 1. */
  expand(shape: Shape): T {
    return this.computed((x) => engine.broadcastTo(x, shape))
  }

  /** `y = x[keys…]`, see {@link Key}: `x.at(0)`, `x.at(':', [1, 3])`, `x.at('...', null)`, `x.at(indices)`. */
  at(...keys: readonly Key<T>[]): T {
    return this.computed((x) => indexed(x, keys.map((key) => (isTensor(key) ? key.array : key))))
  }

  /** Rows along an axis: `y[…, i, …] = x[…, indices[i], …]`. @throws {InputError} for an index out of range. */
  indexSelect(dim: number, indices: T): T {
    return this.computed((x) => indexed(x, [...Array.from({ length: axisOf('indexSelect', dim, x.ndim) }, () => ':' as const), indices.array]))
  }

  #binary(f: (a: NDArray, b: NDArray | number) => NDArray, other: T | number): T {
    return this.computed((x) => f(x, typeof other === 'number' ? other : other.array))
  }
}

function isTensor<T extends HasArray>(key: Key<T>): key is T {
  return typeof key === 'object' && key !== null && 'array' in key
}

function reduction(dims: Dims | undefined, { keepDims = false }: DimsOptions): engine.ReductionOptions {
  return dims === undefined ? { keepDims } : { axes: dims, keepDims }
}

/** Axis counted from the end when negative. @throws {ShapeError} if there is none such. */
function axisOf(what: string, dim: number, ndim: number): number {
  const at = dim < 0 ? dim + ndim : dim
  if (!(Number.isInteger(dim) && at >= 0 && at < Math.max(1, ndim))) throw new ShapeError(`${what}: axis ${dim} is outside of a tensor of ${ndim} axes`)
  return at
}
