import { abstractArray, stopGradient, track, unscoped, type NDArray } from '@equivar/engine'
import type { Capture, Captured } from '../autograd/capture.ts'
import { registerLeaf } from '../autograd/graph.ts'
import { Tensor } from '../tensor/tensor.ts'

/** What a captured function depends on beside its arguments, as it was when the function was captured. */
export class Surroundings {
  /** Tensors whose elements are read. */
  readonly values = new Set<Tensor>()
  /** Tensors whose gradients are read, and whether there was one. */
  readonly gradients = new Map<Tensor, boolean>()
  /** Modules that behaved as in training, or not. */
  readonly flags = new Map<{ readonly training: boolean }, boolean>()

  /** Whether all is as it was, but for elements. */
  hold(): boolean {
    for (const [tensor, has] of this.gradients) if ((tensor.grad !== null) !== has) return false
    for (const [module, training] of this.flags) if (module.training !== training) return false
    return true
  }

  /** The arrays that a program is given, in order. */
  arrays(): NDArray[] {
    const gradients = [...this.gradients].flatMap(([tensor, has]) => (has && tensor.grad ? [tensor.grad.array] : []))
    return [...[...this.values].map(({ array }) => array), ...gradients].map(stopGradient)
  }
}

/** Watches a function that runs as it is. */
export class Discovery implements Capture {
  readonly found = new Surroundings()
  /** Gradients that were set before anybody read them do not matter. */
  readonly #overwritten = new Set<Captured>()
  /** Gradients are known by whose they are, for each pass makes new ones. */
  readonly #gradients = new Set<Captured>()
  readonly #mark: number

  /** @param mark ids below it are those of tensors that were there before */
  constructor(mark: number) {
    this.#mark = mark
  }

  arrayOf(tensor: Captured): undefined {
    if (tensor instanceof Tensor && tensor.id < this.#mark && !this.#gradients.has(tensor)) this.found.values.add(tensor)
  }

  replaces(): boolean {
    return false
  }

  gradientOf(tensor: Captured): undefined {
    const isRead = tensor instanceof Tensor && tensor.id < this.#mark && !this.#overwritten.has(tensor)
    if (!isRead || this.found.gradients.has(tensor)) return
    const { ownGradient } = tensor
    this.found.gradients.set(tensor, ownGradient !== undefined)
    if (ownGradient) this.#gradients.add(ownGradient)
  }

  setsGradient(tensor: Captured): boolean {
    this.#overwritten.add(tensor)
    return false
  }

  sawFlag(module: { readonly training: boolean }, value: boolean): void {
    if (!this.found.flags.has(module)) this.found.flags.set(module, value)
  }
}

/** Runs a function on arrays without elements: what was there before is replaced by inputs of the program, and not touched. */
export class Tracing implements Capture {
  readonly written = new Set<Tensor>()
  readonly gradientsSet = new Set<Tensor>()
  /** Whether something was met that is not among the surroundings; they know it now. */
  isIncomplete = false
  readonly #known: Surroundings
  readonly #mark: number
  readonly #arrays = new Map<Tensor, NDArray>()
  readonly #gradients = new Map<Tensor, Tensor | undefined>()

  constructor(known: Surroundings, mark: number) {
    this.#known = known
    this.#mark = mark
  }

  /** Takes the arrays in the order of the surroundings. To be called with the capture in force, as everything else. */
  begin(arrays: readonly NDArray[]): void {
    let next = 0
    const take = () => arrays[next++]
    for (const tensor of this.#known.values) this.#standIn(tensor, take())
    for (const [tensor, has] of this.#known.gradients) {
      const array = has ? take() : undefined
      this.#gradients.set(tensor, array && unscoped(() => new Tensor(stopGradient(array))))
    }
  }

  /** New elements of what was written, in order. */
  results(): { readonly written: NDArray[]; readonly gradients: (NDArray | undefined)[] } {
    return {
      written: [...this.written].map((tensor) => stopGradient(tensor.array)),
      gradients: [...this.gradientsSet].map((tensor) => {
        const gradient = this.#gradients.get(tensor)
        return gradient && stopGradient(gradient.array)
      }),
    }
  }

  arrayOf(tensor: Captured): NDArray | undefined {
    if (!this.#isOutside(tensor)) return undefined
    const known = this.#arrays.get(tensor)
    if (known) return known
    this.#known.values.add(tensor)
    this.isIncomplete = true
    return this.#standIn(tensor, abstractArray(tensor.shape, tensor.dtype, tensor.device))
  }

  replaces(tensor: Captured, array: NDArray): boolean {
    if (!this.#isOutside(tensor)) return false
    this.written.add(tensor)
    this.#standIn(tensor, array)
    return true
  }

  gradientOf(tensor: Captured): { readonly gradient: Tensor | undefined } | undefined {
    if (!this.#isOutside(tensor)) return undefined
    if (this.#gradients.has(tensor)) return { gradient: this.#gradients.get(tensor) }
    this.isIncomplete = true
    this.#known.gradients.set(tensor, tensor.ownGradient !== undefined)
    const own = tensor.ownGradient && unscoped(() => new Tensor(abstractArray(tensor.shape, tensor.dtype, tensor.device)))
    this.#gradients.set(tensor, own)
    return { gradient: own }
  }

  setsGradient(tensor: Captured, gradient: Captured | undefined): boolean {
    if (!this.#isOutside(tensor)) return false
    this.gradientsSet.add(tensor)
    this.#gradients.set(tensor, gradient instanceof Tensor ? gradient : undefined)
    return true
  }

  sawFlag(module: { readonly training: boolean }, value: boolean): void {
    if (!this.#known.flags.has(module)) this.#known.flags.set(module, value)
  }

  #isOutside(tensor: Captured): tensor is Tensor {
    return tensor instanceof Tensor && tensor.id < this.#mark
  }

  #standIn(tensor: Tensor, array: NDArray | undefined): NDArray {
    // Outside of scopes that end before the trace does.
    const standIn = unscoped(() => {
      const own = array ?? abstractArray(tensor.shape, tensor.dtype, tensor.device)
      return tensor.isLeaf && tensor.requiresGrad ? track(stopGradient(own)) : stopGradient(own)
    })
    this.#arrays.set(tensor, standIn)
    if (tensor.isLeaf && tensor.requiresGrad) {
      registerLeaf(tensor)
      tensor.giveHooksTo(standIn)
    }
    return standIn
  }
}
