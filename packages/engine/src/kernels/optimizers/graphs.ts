import type { FloatDType } from '../../array/dtype.ts'
import type { ElementwiseDag, ElementwiseName, ElementwiseNode } from '../elementwise/dag.ts'
import type { ParamsOf } from '../../primitives/names.ts'

/** Makes a graph step by step. */
class GraphWriter {
  readonly #inputs: number
  readonly #scalars: number
  readonly #dtype: FloatDType
  readonly #nodes: ElementwiseNode[] = []

  constructor(inputs: number, scalars: number, dtype: FloatDType) {
    this.#inputs = inputs
    this.#scalars = scalars
    this.#dtype = dtype
  }

  apply(op: Extract<ElementwiseName, 'add' | 'sub' | 'mul' | 'div' | 'sqrt' | 'square' | 'maximum'>, ...args: readonly number[]): number {
    const params: ParamsOf<typeof op> = {}
    return this.#inputs + this.#scalars + this.#nodes.push({ op, args, params }) - 1
  }

  /** `x + f (y − x)`, with f between 0 and 1. */
  blend(x: number, y: number, factor: number): number {
    return this.apply('add', x, this.apply('mul', factor, this.apply('sub', y, x)))
  }

  build(outputs: readonly number[]): ElementwiseDag {
    const fill = (length: number) => Array.from({ length }, () => this.#dtype)
    return Object.freeze({ inputs: fill(this.#inputs), scalars: fill(this.#scalars), nodes: this.#nodes, outputs })
  }
}

const graphs = new Map<string, ElementwiseDag>()

function once(name: string, make: () => ElementwiseDag): ElementwiseDag {
  let graph = graphs.get(name)
  if (!graph) graphs.set(name, (graph = make()))
  return graph
}

export interface AdamOptions {
  /** Divide by the largest second moment so far (Reddi et al., "On the convergence of Adam and beyond", 2018). */
  readonly amsgrad?: boolean
  /** Decay weights beside the gradient instead of in it (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019). */
  readonly decoupled?: boolean
}

/** Settings of one step of Adam, as torch names them. */
export interface AdamSettings {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** Number of this step, from 1. */
  readonly step: number
}

/**
 * One step of Adam (Kingma and Ba, 2015) as torch computes it. Inputs: parameter p, gradient g, moments m and v, with `amsgrad` also
 * the largest v; outputs: the same without g.
 *
 * `g += λ p` (decoupled: `p *= 1 − η λ`), `m += (1 − β₁)(g − m)`, `v += (1 − β₂)(g² − v)`,
 * `p −= η / (1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε)`.
 */
export function adamGraph(dtype: FloatDType, { amsgrad = false, decoupled = false }: AdamOptions = {}): ElementwiseDag {
  return once(`adam ${dtype} ${amsgrad} ${decoupled}`, () => {
    const inputs = amsgrad ? 5 : 4
    const w = new GraphWriter(inputs, 6, dtype)
    const [p, g, m, v, most] = [0, 1, 2, 3, 4] as const
    const [decay, blend1, blend2] = [inputs, inputs + 1, inputs + 2]
    const [stepSize, rootCorrection, epsilon] = [inputs + 3, inputs + 4, inputs + 5]
    const start = decoupled ? w.apply('mul', p, decay) : p
    const gradient = decoupled ? g : w.apply('add', g, w.apply('mul', decay, p))
    const nextM = w.blend(m, gradient, blend1)
    const nextV = w.blend(v, w.apply('square', gradient), blend2)
    const largest = amsgrad ? w.apply('maximum', most, nextV) : nextV
    const denominator = w.apply('add', w.apply('mul', w.apply('sqrt', largest), rootCorrection), epsilon)
    const next = w.apply('sub', start, w.apply('mul', stepSize, w.apply('div', nextM, denominator)))
    return w.build([next, nextM, nextV, ...(amsgrad ? [largest] : [])])
  })
}

/** Numbers for the scalars of {@link adamGraph}. */
export function adamScalars(settings: AdamSettings, { decoupled = false }: AdamOptions = {}): readonly number[] {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = settings
  const decay = decoupled ? 1 - learningRate * weightDecay : weightDecay
  return [decay, 1 - beta1, 1 - beta2, learningRate / (1 - beta1 ** step), 1 / Math.sqrt(1 - beta2 ** step), epsilon]
}

export interface SgdOptions {
  readonly momentum?: boolean
  /** Look ahead along the momentum. */
  readonly nesterov?: boolean
}

/**
 * One step of gradient descent: `g += λ p`, `b = μ b + g`, `p −= η b` (nesterov: `η (g + μ b)`; without momentum `η g`). Inputs: p, g,
 * with momentum also b; outputs: the same without g. Scalars: η, λ, μ.
 */
export function sgdGraph(dtype: FloatDType, { momentum = false, nesterov = false }: SgdOptions = {}): ElementwiseDag {
  return once(`sgd ${dtype} ${momentum} ${nesterov}`, () => {
    const inputs = momentum ? 3 : 2
    const w = new GraphWriter(inputs, 3, dtype)
    const [p, g, buffer, rate, decay, mu] = [0, 1, 2, inputs, inputs + 1, inputs + 2] as const
    const gradient = w.apply('add', g, w.apply('mul', decay, p))
    if (!momentum) return w.build([w.apply('sub', p, w.apply('mul', rate, gradient))])
    const next = w.apply('add', w.apply('mul', mu, buffer), gradient)
    const direction = nesterov ? w.apply('add', gradient, w.apply('mul', mu, next)) : next
    return w.build([w.apply('sub', p, w.apply('mul', rate, direction)), next])
  })
}

/** An exponential moving average, `a = δ a + (1 − δ) p`. Inputs: a, p; output: a. Scalars: 1 − δ. */
export function emaGraph(dtype: FloatDType): ElementwiseDag {
  return once(`ema ${dtype}`, () => {
    const w = new GraphWriter(2, 1, dtype)
    return w.build([w.blend(0, 1, 2)])
  })
}
