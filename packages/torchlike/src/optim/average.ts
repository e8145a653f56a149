import * as engine from '@equivar/engine'
import type { Parameter } from '../module/parameter.ts'
import { Tensor } from '../tensor/tensor.ts'

export interface AverageOptions {
  /** d, default 0.99. */
  readonly decay?: number
  /** Follow quickly at first: the decay of update n is min(d, (1 + n) / (10 + n)). Default true. */
  readonly warmUp?: boolean
}

/** Moving averages of parameters, `s ← s − (1 − d)(s − p)` at every update: what is evaluated and saved instead of the last parameters. */
export class ExponentialMovingAverage {
  readonly decay: number
  readonly warmUp: boolean
  readonly #pairs: readonly { readonly parameter: Parameter; readonly shadow: Tensor }[]
  readonly #updates = new Map<string, Tensor>()

  /** Starts from the parameters as they are. */
  constructor(params: Iterable<Parameter>, { decay = 0.99, warmUp = true }: AverageOptions = {}) {
    this.decay = decay
    this.warmUp = warmUp
    this.#pairs = [...params].map((parameter) => ({ parameter, shadow: engine.unscoped(() => parameter.detach()) }))
    for (const { parameter } of this.#pairs) this.#count(parameter)
  }

  /** Averages in the order of the parameters. */
  get shadows(): readonly Tensor[] {
    return this.#pairs.map(({ shadow }) => shadow)
  }

  /** Takes the parameters into the averages, after an optimiser's step. */
  update(): void {
    engine.noGrad(() => {
      for (const count of this.#updates.values()) count.replace(engine.scope(() => engine.add(count.array, 1)))
      for (const { parameter, shadow } of this.#pairs)
        shadow.replace(
          engine.scope(() => {
            const decay = this.warmUp ? engine.averageDecay(this.decay, this.#count(parameter).array) : this.decay
            return engine.movingAverage(shadow.array, engine.stopGradient(parameter.array), decay)
          }),
        )
    })
  }

  /** Runs `f` with the averages in the place of the parameters, also if it returns a promise. */
  async averaged<R>(f: () => R | Promise<R>): Promise<R> {
    const before = this.#pairs.map(({ parameter, shadow }) => {
      const own = engine.unscoped(() => parameter.detach())
      parameter.copy_(shadow)
      return own
    })
    try {
      return await f()
    } finally {
      for (const [i, { parameter }] of this.#pairs.entries()) {
        const own = before[i]
        if (own) parameter.copy_(own)
        own?.dispose()
      }
    }
  }

  /** What to resume from. */
  stateDict(): { readonly shadows: readonly Tensor[]; readonly updates: readonly Tensor[] } {
    return { shadows: this.shadows.map((shadow) => shadow.detach()), updates: [...this.#updates.values()].map((count) => count.detach()) }
  }

  /** @throws {ShapeError} {DtypeError} if shapes or dtypes differ. */
  loadStateDict({ shadows, updates }: ReturnType<ExponentialMovingAverage['stateDict']>): void {
    for (const [i, { shadow }] of this.#pairs.entries()) if (shadows[i]) shadow.copy_(shadows[i])
    for (const [i, count] of [...this.#updates.values()].entries()) if (updates[i]) count.copy_(updates[i])
  }

  /** Number of updates as a tensor, so that compiled steps count too. */
  #count({ dtype, device }: Parameter): Tensor {
    const key = `${dtype} ${device}`
    let count = this.#updates.get(key)
    if (!count) this.#updates.set(key, (count = engine.unscoped(() => new Tensor(engine.scalar(0, { dtype, device })))))
    return count
  }
}
