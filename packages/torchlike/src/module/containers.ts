import { InputError } from '@equivar/core'
import type { Tensor } from '../tensor/tensor.ts'
import { Module } from './module.ts'
import type { Parameter } from './parameter.ts'

/** A module from one tensor to another. */
export interface Layer extends Module {
  forward(x: Tensor): Tensor
}

/** `y = f_n(… f_1(x))`; members are named `'0'`, `'1'`, … */
export class Sequential extends Module {
  readonly #layers: readonly Layer[]

  constructor(...layers: readonly Layer[]) {
    super()
    this.#layers = layers
    for (const [i, layer] of layers.entries()) this.register(`${i}`, layer)
  }

  forward(x: Tensor): Tensor {
    let result = x
    for (const layer of this.#layers) result = layer.forward(result)
    return result
  }

  [Symbol.iterator](): ArrayIterator<Layer> {
    return this.#layers.values()
  }
}

/** Modules in a list, named `'0'`, `'1'`, … */
export class ModuleList<M extends Module> extends Module {
  readonly #modules: M[] = []

  constructor(modules: Iterable<M> = []) {
    super()
    for (const module of modules) this.append(module)
  }

  get length(): number {
    return this.#modules.length
  }

  append(module: M): this {
    this.register(`${this.#modules.length}`, module)
    this.#modules.push(module)
    return this
  }

  /** @throws {InputError} if there is no such module; negative positions count from the end. */
  at(index: number): M {
    const module = this.#modules.at(index)
    if (!module) throw new InputError(`ModuleList: there is no module ${index} of ${this.length}`)
    return module
  }

  [Symbol.iterator](): ArrayIterator<M> {
    return this.#modules.values()
  }
}

/** Parameters in a list, named `'0'`, `'1'`, … */
export class ParameterList extends Module {
  readonly #parameters: readonly Parameter[]

  constructor(parameters: Iterable<Parameter>) {
    super()
    this.#parameters = [...parameters]
    for (const [i, parameter] of this.#parameters.entries()) this.register(`${i}`, parameter)
  }

  get length(): number {
    return this.#parameters.length
  }

  /** @throws {InputError} if there is no such parameter; negative positions count from the end. */
  at(index: number): Parameter {
    const parameter = this.#parameters.at(index)
    if (!parameter) throw new InputError(`ParameterList: there is no parameter ${index} of ${this.length}`)
    return parameter
  }

  [Symbol.iterator](): ArrayIterator<Parameter> {
    return this.#parameters.values()
  }
}
