import { DtypeError, InputError, ShapeError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray, Device, DType, DTypeName, Shape, TypedArray } from '@equivar/engine'
import { backward, retain, type PassOptions } from '../autograd/backward.ts'
import { currentCapture, type Captured } from '../autograd/capture.ts'
import { addHook, moveHooks, registerLeaf, registerResult, type GraphTensor } from '../autograd/graph.ts'
import { TensorMath } from './math.ts'

const inspect = Symbol.for('nodejs.util.inspect.custom')
let created = 0

/** Tensors that are made from here on have this id or a larger one. */
export function nextTensorId(): number {
  return created
}

export interface TensorOptions {
  /** Derivatives with respect to it can be taken. Default false. */
  readonly requiresGrad?: boolean
}

export interface BackwardOptions extends PassOptions {
  /** The derivative of something with respect to the tensor; 1 unless given, which needs a tensor of one element. */
  readonly gradient?: Tensor
  /** Whose `.grad` is added to. Default: every leaf, and what `retainGrad` was called on. */
  readonly inputs?: readonly Tensor[]
}

/**
 * An array that remembers how it was computed, with torch's semantics: `backward()` adds the derivatives of a result to `.grad` of every
 * tensor with `requiresGrad` that it came from.
 *
 * Tensors do not change, but for `copy_`, `requiresGrad_`, what optimisers do to parameters, and `.grad`. Memory goes back by itself:
 * `backward()` lets its graph go; tensors on the way can be read until the next `backward()` has let its graph go, then only what was kept by
 * `detach()`, results of one element, and outputs. Elsewhere `noGrad`, `scope`, `using`, `dispose()` and garbage collection do it.
 *
 * @example
 * const x = tensor([1, 2, 3], { dtype: 'float64', requiresGrad: true })
 * x.square().sum().backward()
 * console.log(await x.grad?.toText())
 */
export class Tensor extends TensorMath<Tensor> implements GraphTensor, Captured {
  /** Ascending with time of creation. */
  readonly id = created++
  #array: NDArray
  #isLeaf: boolean
  #isSevered = false
  #gradient: Tensor | undefined
  #why = 'was disposed'

  /** Takes over an array of the engine. It is a result where the array is tracked, else a leaf. */
  constructor(array: NDArray, { requiresGrad = false }: TensorOptions = {}) {
    super()
    this.#isLeaf = !array.isTracked
    this.#array = array
    if (!this.#isLeaf) registerResult(this)
    else if (requiresGrad) {
      this.#track(array)
      array.dispose()
    }
  }

  /** The engine's array behind the tensor, for functions of `@equivar/engine`. @throws {InputError} if its memory was given back. */
  get array(): NDArray {
    const standIn = currentCapture()?.arrayOf(this)
    if (standIn) return standIn
    if (this.#array.isDisposed) throw new InputError(`${this.#name} ${this.#why}`)
    return this.#array
  }

  get shape(): Shape {
    return this.#array.shape
  }

  get dtype(): DType {
    return this.#array.dtype
  }

  get device(): Device {
    return this.#array.device
  }

  get ndim(): number {
    return this.#array.ndim
  }

  /** Number of elements. */
  get size(): number {
    return this.#array.size
  }

  /** Made by the user, not computed from tensors with `requiresGrad`. */
  get isLeaf(): boolean {
    return this.#isLeaf
  }

  get requiresGrad(): boolean {
    return this.#isLeaf ? this.#array.isTracked : this.array.isTracked
  }

  /** What backward passes added up, in the shape of the tensor; null before the first. */
  get grad(): Tensor | null {
    const captured = currentCapture()?.gradientOf(this)
    if (captured) return captured.gradient instanceof Tensor ? captured.gradient : null
    return this.#gradient ?? null
  }

  /** Replaces the gradient, whose memory is given back. @throws {ShapeError} {DtypeError} if it does not look as the tensor does. */
  set grad(gradient: Tensor | null) {
    if (currentCapture()?.setsGradient(this, gradient ?? undefined)) return
    const before = this.#gradient
    this.#gradient = gradient ?? undefined
    if (before && before !== gradient) before.discard('was a gradient that has been replaced; clone() it to keep it')
  }

  /** The gradient that is really there, whatever is captured. */
  get ownGradient(): Tensor | undefined {
    return this.#gradient
  }

  /**
   * Adds the derivatives of this tensor to `.grad` of every leaf that it was computed from, and of what `retainGrad` was called on. The
   * graph is let go then, unless `retainGraph` or `createGraph`.
   *
   * @throws {InputError} if it was computed from nothing with `requiresGrad`, or its graph was let go. @throws {ShapeError} if the gradient
   * is missing for more than one element, or has another shape.
   */
  backward(options: BackwardOptions = {}): void {
    this.requireGraph('backward')
    const { gradient, inputs, ...pass } = options
    for (const input of inputs ?? []) input.requireGraph('backward: input')
    backward(this.array, gradient?.array, inputs, pass)
  }

  /** @throws {InputError} unless derivatives can be taken. */
  requireGraph(what: string): void {
    if (this.#isSevered)
      throw new InputError(`${what}: the graph of ${this.#name} was let go by an earlier backward pass; pass { retainGraph: true } to that one`)
    if (!this.array.isTracked)
      throw new InputError(`${what}: ${this.#name} was computed from no tensor with requiresGrad, or inside noGrad`)
  }

  /** Backward passes give this result a `.grad` too. */
  retainGrad(): this {
    this.requireGraph('retainGrad')
    if (!this.#isLeaf) retain(this)
    return this
  }

  /** See GraphTensor. */
  accumulate(gradient: NDArray): void {
    const before = this.grad
    if (!before) return void (this.grad = new Tensor(gradient))
    this.grad = new Tensor(engine.add(before.array, gradient))
    gradient.dispose()
  }

  /**
   * Calls a function with the gradient with respect to this tensor, whenever a pass arrives here; what it returns takes its place.
   * The result takes the hook away.
   *
   * @throws {InputError} unless derivatives can be taken.
   */
  registerHook(hook: (gradient: Tensor) => Tensor | undefined): () => void {
    this.requireGraph('registerHook')
    // Outside of the scope of the pass, so that a hook may keep what it is given.
    return addHook(this.#array, (cotangent) => engine.unscoped(() => hook(new Tensor(cotangent.share())))?.array)
  }

  /** Hooks of this tensor act on another array, too, which stands for it. */
  giveHooksTo(array: NDArray): void {
    moveHooks(this.#array, array)
  }

  /** The same elements as a constant, which stay when the graph is let go. */
  detach(): Tensor {
    return new Tensor(engine.stopGradient(this.array))
  }

  /** The same elements as a result of their own; derivatives flow through. */
  clone(): Tensor {
    return this.computed(engine.identity)
  }

  /**
   * In another dtype, at once, or on another device, as a promise.
   *
   * @throws {DeviceError} (as a rejection) if the device was not opened or does not have the dtype. @throws {InputError} (as a rejection) for
   * a result of a graph: derivatives do not cross devices.
   */
  to(dtype: DTypeName): Tensor
  to(device: Device): Promise<Tensor>
  to(target: string): Tensor | Promise<Tensor> {
    if (isDtypeName(target)) return this.computed((x) => engine.cast(x, target))
    return this.#onDevice(target)
  }

  /** As `to('float32')`. */
  float(): Tensor {
    return this.to('float32')
  }

  /** As `to('float64')`. */
  double(): Tensor {
    return this.to('float64')
  }

  /** Turns derivatives with respect to this leaf on or off, in place. @throws {InputError} for a result. @throws {DtypeError} for integers. */
  requiresGrad_(on = true): this {
    if (!this.#isLeaf) throw new InputError(`requiresGrad_: ${this.#name} is a result; detach() it first`)
    if (on === this.#array.isTracked) return this
    const before = this.#array
    engine.unscoped(() => {
      if (on) this.#track(before)
      else this.#array = engine.stopGradient(before)
    })
    before.dispose()
    return this
  }

  /**
   * Takes over the elements of another tensor of the same shape and dtype, in place: what was computed before keeps the old ones.
   *
   * @throws {InputError} for a result. @throws {ShapeError} {DtypeError} if they differ.
   */
  copy_(source: Tensor): this {
    if (!this.#isLeaf) throw new InputError(`copy_: ${this.#name} is a result; only leaves are changed in place`)
    requireAlike('copy_', this, source)
    this.replace(engine.stopGradient(source.array))
    return this
  }

  /** Takes over an array of the same shape and dtype; `copy_` with checks is for users. */
  replace(array: NDArray): void {
    if (currentCapture()?.replaces(this, array)) return
    const before = this.#array
    engine.unscoped(() => {
      if (before.isTracked) this.#track(array)
      else this.#array = engine.stopGradient(array)
    })
    array.dispose()
    before.dispose()
  }

  /** A copy of the elements, row-major. */
  async data(): Promise<TypedArray> {
    return this.array.data()
  }

  /** The only element. @throws {ShapeError} (as a rejection) if there are more or none. */
  async item(): Promise<number> {
    return this.array.item()
  }

  /** Shape, dtype, device and elements as text. */
  async toText(): Promise<string> {
    return `tensor ${await this.array.toText()}${this.#suffix}`
  }

  /** Rows along the first axis. @throws {ShapeError} if there are no axes. */
  *[Symbol.iterator](): Generator<Tensor> {
    const [extent = 0] = this.shape
    for (let i = 0; i < extent; i++) yield this.at(i)
  }

  /** Gives the memory back; the second call does nothing. A graph that needs it keeps it. */
  dispose(): void {
    this.#array.dispose()
  }

  [Symbol.dispose](): void {
    this.dispose()
  }

  /** See GraphTensor. */
  sever(): void {
    if (this.#array.isDisposed || !this.#array.isTracked) return
    const before = this.#array
    this.#array = engine.stopGradient(before)
    this.#isSevered = true
    before.dispose()
  }

  /** See GraphTensor. */
  discard(why = 'was on the way of a backward pass, whose memory is given back with the next one; detach() what you keep'): void {
    this.#why = why
    this.dispose()
  }

  override toString(): string {
    return `${this.#name}${this.#suffix}`
  }

  [inspect](): string {
    if (this.#array.isDisposed) return `${this.#name}, which ${this.#why}`
    const elements = this.#array.preview().slice(this.#array.toString().length)
    return `${this.toString()}${elements}`
  }

  protected computed(f: (x: NDArray) => NDArray): Tensor {
    const x = this.array
    return new Tensor(
      engine.scope(() => {
        const y = f(x)
        return y === x ? x.share() : y
      }),
    )
  }

  get #name(): string {
    return `tensor ${this.dtype}[${this.shape.join(', ')}]`
  }

  get #suffix(): string {
    const place = this.device === 'cpu' ? '' : ` on ${this.device}`
    return `${place}${this.#array.isDisposed || !this.#array.isTracked ? '' : ', requiresGrad'}`
  }

  #track(array: NDArray): void {
    const before = this.#array
    this.#array = engine.track(array)
    if (before.isTracked) moveHooks(before, this.#array)
    registerLeaf(this)
  }

  async #onDevice(device: Device): Promise<Tensor> {
    if (!this.#isLeaf) throw new InputError(`to: ${this.#name} is a result, and derivatives do not cross devices; detach() it first`)
    using constant = engine.stopGradient(this.array)
    return new Tensor(await constant.to(device), { requiresGrad: this.requiresGrad })
  }
}

const dtypeNames: { readonly [name in DTypeName]: true } = { float32: true, float64: true, int32: true, int64: true, uint32: true, bool: true }

function isDtypeName(name: string): name is DTypeName {
  return Object.hasOwn(dtypeNames, name)
}

/** @throws {ShapeError} {DtypeError} unless both look alike. */
function requireAlike(what: string, target: Tensor, source: Tensor): void {
  if (source.shape.join() !== target.shape.join())
    throw new ShapeError(`${what}: the source has shape [${source.shape.join(', ')}], the target [${target.shape.join(', ')}]`)
  if (source.dtype !== target.dtype) throw new DtypeError(`${what}: the source is ${source.dtype}, the target ${target.dtype}; use .to('${target.dtype}')`)
}
