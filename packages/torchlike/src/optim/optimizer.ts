import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { NDArray } from '@equivar/engine'
import { Parameter } from '../module/parameter.ts'
import { Tensor } from '../tensor/tensor.ts'

/** Options that groups of parameters may have of their own. */
export interface GroupOptions {
  /** η */
  readonly lr: number
  /** λ, default 0. */
  readonly weightDecay?: number
}

export type GroupInput<Options> = Partial<Options> & {
  readonly params: Iterable<Parameter>
  readonly name?: string
}

/** Parameters with one learning rate and one set of options. */
export class ParameterGroup<Options extends GroupOptions> {
  readonly name: string
  readonly params: readonly Parameter[]
  readonly options: Options
  #lr: number
  readonly #rates = new Map<string, Tensor>()

  constructor(name: string, params: readonly Parameter[], options: Options) {
    this.name = name
    this.params = params
    this.options = options
    this.#lr = options.lr
  }

  /** Learning rate; compiled functions see changes. */
  get lr(): number {
    return this.#lr
  }

  /** @throws {InputError} unless it is finite and not negative. */
  set lr(value: number) {
    requireRate(value)
    this.#lr = value
    for (const rate of this.#rates.values()) rate.replace(engine.scalar(value, rate))
  }

  /** The learning rate as an array that goes with a parameter. */
  rateFor({ dtype, device }: Parameter): NDArray {
    const key = `${dtype} ${device}`
    let rate = this.#rates.get(key)
    if (!rate) this.#rates.set(key, (rate = engine.unscoped(() => new Tensor(engine.scalar(this.#lr, { dtype, device })))))
    return rate.array
  }
}

/** State of an optimiser: tensors by name for every parameter, by number in the order of the groups. */
export interface OptimizerState {
  readonly state: ReadonlyMap<number, ReadonlyMap<string, Tensor>>
  readonly groups: readonly { readonly name: string; readonly lr: number }[]
}

/** What changes parameters by their gradients. */
export abstract class Optimizer<Options extends GroupOptions> {
  readonly groups: readonly ParameterGroup<Options>[]
  readonly #state = new Map<Parameter, Map<string, Tensor>>()

  /**
   * @param params parameters, or groups with options of their own.
   * @throws {InputError} if there are none, one is named twice, or an option is out of range.
   */
  constructor(params: Iterable<Parameter> | Iterable<GroupInput<Options>>, options: Options) {
    const items: (Parameter | GroupInput<Options>)[] = [...params]
    const single = items.filter((item) => item instanceof Parameter)
    const groups = single.length > 0 ? [{ params: single }] : items.filter((item): item is GroupInput<Options> => !(item instanceof Parameter))
    if (single.length > 0 && single.length < items.length) throw new InputError(`${new.target.name}: parameters and groups of them cannot be mixed`)
    this.groups = groups.map((group, k) => {
      const { params: own, name = `${k}`, ...rest } = group as GroupInput<Options>
      return new ParameterGroup(name, [...own], { ...options, ...rest })
    })
    const all = this.groups.flatMap((group) => group.params)
    if (all.length === 0) throw new InputError(`${new.target.name}: there are no parameters`)
    if (new Set(all).size !== all.length) throw new InputError(`${new.target.name}: a parameter is in two groups, or twice in one`)
    for (const group of this.groups) requireRate(group.lr)
  }

  /** No gradients, their memory is given back. */
  zeroGrad(): void {
    for (const group of this.groups) for (const parameter of group.params) parameter.grad = null
  }

  /** One update of every parameter that has a gradient. */
  step(): void {
    engine.noGrad(() => {
      for (const group of this.groups)
        for (const parameter of group.params) {
          const gradient = parameter.grad
          if (gradient)
            engine.scope(() => {
              this.update(parameter, gradient.array, group)
            })
        }
    })
  }

  /** Numbers and tensors to resume from, which stay as they are. */
  stateDict(): OptimizerState {
    const all = this.groups.flatMap((group) => group.params)
    const state = new Map(
      all.flatMap((parameter, i) => {
        const own = this.#state.get(parameter)
        return own ? [[i, new Map([...own].map(([name, tensor]) => [name, tensor.detach()]))] as const] : []
      }),
    )
    return { state, groups: this.groups.map(({ name, lr }) => ({ name, lr })) }
  }

  /** What the state lacks starts anew, from 0. @throws {InputError} if groups or parameters differ. */
  loadStateDict({ state, groups }: OptimizerState): void {
    const all = this.groups.flatMap((group) => group.params)
    if (groups.length !== this.groups.length) throw new InputError(`${this.constructor.name}: the state has ${groups.length} groups, the optimiser ${this.groups.length}`)
    const loaded = [...state].map(([i, own]) => {
      const parameter = all[i]
      if (!parameter) throw new InputError(`${this.constructor.name}: the state is of a parameter ${i}, the optimiser has ${all.length}`)
      for (const [name, tensor] of own)
        if (tensor.ndim > 0 && tensor.shape.join() !== parameter.shape.join())
          throw new InputError(`${this.constructor.name}: ${name} of parameter ${i} has shape [${tensor.shape.join(', ')}], the parameter [${parameter.shape.join(', ')}]`)
      return [parameter, own] as const
    })
    const given = new Map(loaded)
    for (const [parameter, own] of this.#state)
      for (const [name, tensor] of own) if (!given.get(parameter)?.has(name)) tensor.replace(engine.zeros(tensor.shape, tensor))
    for (const [parameter, own] of loaded)
      for (const [name, tensor] of own) {
        const target = this.stateOf(parameter, name, () => engine.zeros(tensor.shape, parameter))
        target.replace(engine.scope(() => engine.cast(tensor.array, parameter.dtype)))
      }
    for (const [k, { lr }] of groups.entries()) {
      const group = this.groups[k]
      if (group) group.lr = lr
    }
  }

  /** Changes one parameter; called without recording, inside of a scope. */
  protected abstract update(parameter: Parameter, gradient: NDArray, group: ParameterGroup<Options>): void

  /** A tensor that belongs to a parameter, made when it is first asked for. */
  protected stateOf(parameter: Parameter, name: string, make: () => NDArray): Tensor {
    const own = this.#state.get(parameter) ?? new Map<string, Tensor>()
    this.#state.set(parameter, own)
    let found = own.get(name)
    if (!found) own.set(name, (found = engine.unscoped(() => new Tensor(make()))))
    return found
  }

  /** The tensor, if it was made. */
  protected knownState(parameter: Parameter, name: string): Tensor | undefined {
    return this.#state.get(parameter)?.get(name)
  }
}

function requireRate(lr: number): void {
  if (!(Number.isFinite(lr) && lr >= 0)) throw new InputError(`optimizer: the learning rate is ${lr}; it must be finite and not negative`)
}
