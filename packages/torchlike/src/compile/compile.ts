import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import type { CompileOptions, NDArray, Program, ProgramExplanation, ProgramStatistics } from '@equivar/engine'
import { currentCapture, withCapture } from '../autograd/capture.ts'
import { nextTensorId, Tensor } from '../tensor/tensor.ts'
import type { Surroundings } from './captures.ts'
import { Discovery, Tracing } from './captures.ts'
import { constantsOf, tensorsIn, tensorsOf } from './tree.ts'

/** A function of tensors that runs as a program. It is called as the function is. */
export interface Compiled<Inputs extends readonly unknown[], Result> {
  (...inputs: Inputs): Result
  /** Of the program of the last call; undefined before the second call. */
  statistics(): ProgramStatistics | undefined
  /** What every step of the program of the last call does. */
  explain(): ProgramExplanation | undefined
  /** Gives programs and their memory back. */
  dispose(): void
  [Symbol.dispose](): void
}

interface Results {
  readonly result: unknown
  readonly written: NDArray[]
  readonly gradients: (NDArray | undefined)[]
}

interface Variant {
  readonly surroundings: Surroundings
  readonly requiresGrad: string
  program: Program<[unknown, NDArray[]], Results> | undefined
  trace: Tracing | undefined
}

/** Programs for different flags and gradients that are kept. */
const keptVariants = 8
/** Traces that may meet something new; each knows all of the one before. */
const maxTraces = 5

/**
 * `compiled(x…) = f(x…)` as one program: what f computes, derivatives taken by `backward` and `grad`, and what it changes: parameters,
 * buffers, gradients, the state of optimisers and of random generators. f takes and gives tensors, in lists and plain objects.
 *
 * The first call runs f as it is and sees which tensors it reads; from the second on they are inputs of the program, and what f changes are
 * outputs. So numbers are those of f itself, up to rounding where element-wise operations run as one. Traced anew where a module changes
 * between `train` and `eval`, or a gradient is there or not. Numbers that are no tensors (options of an optimiser but its learning rate) stay
 * as they are when traced. Gradients of inputs are not handed out: give them back as results.
 *
 * @throws {InputError} at a call, if f returns a promise or reads elements, or an input is a result of a graph.
 * @example
 * const step = compile((x: Tensor, y: Tensor) => {
 *   optimizer.zeroGrad()
 *   const loss = model.forward(x).sub(y).square().mean()
 *   loss.backward()
 *   optimizer.step()
 *   return loss
 * })
 */
export function compile<Inputs extends readonly unknown[], Result>(
  f: (...inputs: Inputs) => Result,
  options: CompileOptions = {},
): Compiled<Inputs, Result> {
  const variants: Variant[] = []
  let last: Variant | undefined

  const call = (...inputs: Inputs): Result => {
    if (currentCapture()) return f(...inputs)
    const tensors = tensorsIn(inputs)
    for (const x of tensors)
      if (x.requiresGrad && !x.isLeaf) throw new InputError(`compile: an input, ${x.toString()}, is a result, and derivatives do not flow through a program; detach() it`)
    const requiresGrad = tensors.map((x) => (x.requiresGrad ? '1' : '0')).join('')
    const variant = variants.find((own) => own.requiresGrad === requiresGrad && own.surroundings.hold())
    if (variant) {
      last = variant
      return run(variant, inputs) as Result
    }
    const discovery = new Discovery(nextTensorId())
    const result = withCapture(discovery, () => synchronous(f(...inputs)))
    for (const x of tensors) discovery.found.values.delete(x)
    variants.push({ surroundings: discovery.found, requiresGrad, program: undefined, trace: undefined })
    if (variants.length > keptVariants) variants.shift()?.program?.dispose()
    return result
  }

  const run = (variant: Variant, inputs: Inputs): unknown => {
    for (let attempt = 0; attempt < maxTraces; attempt++) {
      variant.program ??= programOf(f, inputs, variant, options)
      const { program } = variant
      try {
        const results = engine.scope(() => engine.noGrad(() => program(constantsOf(inputs), variant.surroundings.arrays())))
        return handOut(results, variant.trace)
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error
        program.dispose()
        variant.program = undefined
      }
    }
    throw new InputError('compile: the function depends on other tensors at every run; make tensors that it keeps before it is compiled')
  }

  const dispose = () => {
    for (const { program } of variants.splice(0)) program?.dispose()
  }
  return Object.assign(call, {
    statistics: () => last?.program?.statistics(),
    explain: () => last?.program?.explain(),
    dispose,
    [Symbol.dispose]: dispose,
  })
}

/** A trace met something that the program was not prepared for. */
class Incomplete extends Error {}

function programOf<Inputs extends readonly unknown[]>(
  f: (...inputs: Inputs) => unknown,
  inputs: Inputs,
  variant: Variant,
  options: CompileOptions,
): Program<[unknown, NDArray[]], Results> {
  const flags = tensorsIn(inputs).map(({ requiresGrad }) => requiresGrad)
  return engine.compile((arrays: unknown, state: NDArray[]) => {
    const trace = new Tracing(variant.surroundings, nextTensorId())
    return withCapture(trace, () => {
      trace.begin(state)
      let next = 0
      const own = tensorsOf(arrays, (array) => new Tensor(engine.stopGradient(array), { requiresGrad: flags[next++] ?? false }))
      const result = constantsOf(synchronous(f(...(own as Inputs))))
      const changes = trace.results()
      if (trace.isIncomplete) throw new Incomplete()
      variant.trace = trace
      return { result, ...changes }
    })
  }, options)
}

/** Puts what a program computed where f would have put it, and gives its results. */
function handOut({ result, written, gradients }: Results, trace: Tracing | undefined): unknown {
  for (const [i, tensor] of [...(trace?.written ?? [])].entries()) {
    const array = written[i]
    if (array) tensor.replace(array)
  }
  for (const [i, tensor] of [...(trace?.gradientsSet ?? [])].entries()) {
    const array = gradients[i]
    tensor.grad = array ? new Tensor(array) : null
  }
  return tensorsOf(result)
}

function synchronous<R>(result: R): R {
  if (result instanceof Promise) throw new InputError('compile: the function returned a promise; await inputs before the call, and results behind it')
  return result
}
