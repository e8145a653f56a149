import { InputError } from '@equivar/core'
import { cast, scope, stopGradient, type Device, type FloatDType, type NDArray } from '@equivar/engine'
import { currentCapture } from '../autograd/capture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { Buffer, Parameter } from './parameter.ts'
import { loadInto, type LoadOptions, type LoadReport, type StateDict } from './state-dict.ts'

type Member = Parameter | Buffer | Module

const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * A part of a model: a function with parameters. What is a {@link Parameter}, a {@link Buffer} or a module among its properties belongs to it,
 * under the name of the property.
 *
 * @example
 * class Scale extends Module {
 *   readonly factor = new Parameter(ones([1]))
 *   forward(x: Tensor): Tensor { return x.mul(this.factor) }
 * }
 */
export abstract class Module {
  #training = true
  readonly #registered = new Map<string, Member>()

  /** Whether layers that behave differently in training do so; true until `eval()`. */
  get training(): boolean {
    currentCapture()?.sawFlag(this, this.#training)
    return this.#training
  }

  /** Puts this module and all inside into training mode, or out of it. */
  train(on = true): this {
    for (const [, module] of this.namedModules()) module.#training = on
    return this
  }

  eval(): this {
    return this.train(false)
  }

  /** Parameters of this module and all inside, each once. */
  *parameters(): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter
  }

  /** With their names, as `'layers.0.weight'`. */
  *namedParameters(): Generator<[name: string, parameter: Parameter]> {
    yield* this.#named((member) => member instanceof Parameter)
  }

  *buffers(): Generator<Buffer> {
    for (const [, buffer] of this.namedBuffers()) yield buffer
  }

  *namedBuffers(): Generator<[name: string, buffer: Buffer]> {
    yield* this.#named((member) => member instanceof Buffer)
  }

  /** Modules right inside. */
  *namedChildren(): Generator<[name: string, module: Module]> {
    for (const [name, member] of this.#members()) if (member instanceof Module) yield [name, member]
  }

  *children(): Generator<Module> {
    for (const [, module] of this.namedChildren()) yield module
  }

  /** This module (named `''`) and all inside, each once, parents first. */
  *namedModules(prefix = '', seen = new Set<Module>()): Generator<[name: string, module: Module]> {
    if (seen.has(this)) return
    seen.add(this)
    yield [prefix, this]
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(joined(prefix, name), seen)
  }

  *modules(): Generator<Module> {
    for (const [, module] of this.namedModules()) yield module
  }

  /** Calls a function with every module inside and with this one, children first. */
  apply(f: (module: Module) => void): this {
    for (const child of this.children()) child.apply(f)
    f(this)
    return this
  }

  /** Parameters and persistent buffers by name, as constants that stay as they are. */
  stateDict(): Map<string, Tensor> {
    return new Map(this.#state().map(([name, tensor]) => [name, tensor.detach()]))
  }

  /**
   * Takes over numbers by name, cast to the dtypes that are there. Nothing is changed unless all fits; with `strict: false` names that are
   * missing or unknown are reported instead of refused.
   *
   * @throws {InputError} that names every missing, every unknown and every mis-shaped entry.
   */
  loadStateDict(state: StateDict, options: LoadOptions = {}): LoadReport {
    const owners = [...this.namedModules()].sort(([a], [b]) => b.length - a.length)
    return loadInto(this.constructor.name, this.#state(), state, options, (name, found) => {
      const [prefix, owner] = owners.find(([path]) => path === '' || name.startsWith(`${path}.`)) ?? ['', this]
      return owner.acceptState?.(prefix === '' ? name : name.slice(prefix.length + 1), found)
    })
  }

  /** No gradients, their memory is given back. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null
  }

  /** Derivatives with respect to all parameters on or off. */
  requiresGrad_(on = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(on)
    return this
  }

  /**
   * Floating-point parameters and buffers in another dtype, at once, or all of them on another device, as a promise; in place.
   *
   * @throws {DeviceError} (as a rejection) if the device was not opened or does not have a dtype.
   */
  to(dtype: FloatDType): this
  to(device: Device): Promise<this>
  to(target: string): this | Promise<this> {
    if (target !== 'float32' && target !== 'float64') return this.#onDevice(target)
    for (const tensor of this.#tensors()) if (tensor.dtype.startsWith('float')) tensor.replace(scope(() => cast(stopGradient(tensor.array), target)))
    for (const module of this.modules()) module.convertedTo?.(target)
    return this
  }

  /** One line a module, with what distinguishes it. */
  toString(): string {
    const children = [...this.namedChildren()].map(([name, child]) => `\n(${name}): ${child.toString()}`.replaceAll('\n', '\n  '))
    const own = this.describe()
    if (children.length === 0) return `${this.constructor.name}(${own})`
    return `${this.constructor.name}(${own === '' ? '' : `\n  ${own}`}${children.join('')}\n)`
  }

  [inspect](): string {
    return this.toString()
  }

  /** What stands in brackets behind the name. */
  protected describe(): string {
    return ''
  }

  /** Called after the module was moved to another dtype, for what does not follow its parameters. */
  protected convertedTo?(dtype: FloatDType): void

  /**
   * What to make of an entry of a state that is loaded, by its name in this module: a tensor in its place, or `'ignore'` for what other
   * libraries store beside the numbers.
   */
  protected acceptState?(name: string, found: Tensor): Tensor | 'ignore' | undefined

  /** Makes something a member under a name that is no property: `'running_mean'`, `'0'`. */
  protected register<M extends Member>(name: string, member: M): M {
    if (this.#registered.has(name)) throw new InputError(`${this.constructor.name}: '${name}' is registered twice`)
    this.#registered.set(name, member)
    return member
  }

  *#members(): Generator<[name: string, member: Member]> {
    yield* this.#registered
    const known = new Set<unknown>(this.#registered.values())
    for (const [name, value] of Object.entries(this) as [string, unknown][]) {
      if (known.has(value)) continue
      if (isMember(value)) yield [name, value]
      else if (Array.isArray(value) && value.some(isMember))
        throw new InputError(`${this.constructor.name}: the property '${name}' is a plain list that holds modules or parameters, which would not be found; use ModuleList or ParameterList`)
    }
  }

  *#named<M extends Member>(isWanted: (member: Member) => member is M): Generator<[name: string, member: M]> {
    const seen = new Set<Member>()
    for (const [path, module] of this.namedModules())
      for (const [name, member] of module.#members()) {
        if (!isWanted(member) || seen.has(member)) continue
        seen.add(member)
        yield [joined(path, name), member]
      }
  }

  #state(): [string, Parameter | Buffer][] {
    return [...this.#named(isState)]
  }

  *#tensors(): Generator<Parameter | Buffer> {
    yield* this.parameters()
    yield* this.buffers()
  }

  async #onDevice(device: Device): Promise<this> {
    const moved: [Tensor, NDArray][] = []
    for (const tensor of this.#tensors()) {
      const constant = stopGradient(tensor.array)
      moved.push([tensor, await constant.to(device)])
      constant.dispose()
    }
    for (const [tensor, array] of moved) tensor.replace(array)
    return this
  }
}

function isMember(value: unknown): value is Member {
  return value instanceof Parameter || value instanceof Buffer || value instanceof Module
}

function isState(member: Member): member is Parameter | Buffer {
  return member instanceof Parameter || (member instanceof Buffer && member.persistent)
}

function joined(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`
}
