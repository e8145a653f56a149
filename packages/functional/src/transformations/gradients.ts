import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import { stopGradient as engineStop, withTracked, type NDArray } from '@equivar/engine'
import { nameOf } from '../array/arguments.ts'
import { DeviceArray, isDeviceArray } from '../array/device-array.ts'
import { map } from '../tree/map.ts'
import { flatten } from '../tree/structure.ts'
import { arraysOf, treeOf } from './trees.ts'
import { callUser } from './user-function.ts'

/** With respect to which arguments. */
export type Argnums = number | readonly number[]

/** Types of the arguments that are named. */
export type Selected<A extends readonly unknown[], N extends Argnums> = N extends number
  ? A[N]
  : N extends readonly number[]
    ? { -readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never }
    : never

export interface GradOptions<N extends Argnums, HasAux extends boolean> {
  /** Which arguments to differentiate with respect to, all of whose arrays are floats. Default 0. */
  readonly argnums?: N
  /** Whether the function gives `[value, more]`, of which more is handed on as it is. Default false. */
  readonly hasAux?: HasAux
}

/**
 * `∂f/∂x`, in the structure of x: a function of the same arguments. f gives one number. Applied to itself it gives derivatives of every
 * order; it may stand inside and outside of all other transformations.
 *
 * @throws {ShapeError} if f does not give one element. @throws {DtypeError} if an array of x is no float.
 * @example
 * const forces = grad((r: DeviceArray, params: Params) => energy(params, r))
 */
export function grad<A extends unknown[], const N extends Argnums = 0>(
  f: (...args: A) => DeviceArray,
  options?: GradOptions<N, false>,
): (...args: A) => Selected<A, N>
export function grad<A extends unknown[], Aux, const N extends Argnums = 0>(
  f: (...args: A) => readonly [DeviceArray, Aux],
  options: GradOptions<N, true>,
): (...args: A) => [Selected<A, N>, Aux]
export function grad(f: (...args: unknown[]) => unknown, options: GradOptions<Argnums, boolean> = {}): (...args: unknown[]) => unknown {
  return (...args) => {
    const { gradients, aux } = differentiated('grad', f, options, args)
    return options.hasAux ? [gradients, aux] : gradients
  }
}

/**
 * `[f(x), ∂f/∂x]`, or `[[value, more], ∂f/∂x]` where f gives more; see {@link grad}.
 *
 * @example
 * const [loss, gradients] = valueAndGrad(lossOf)(params, batch)
 */
export function valueAndGrad<A extends unknown[], const N extends Argnums = 0>(
  f: (...args: A) => DeviceArray,
  options?: GradOptions<N, false>,
): (...args: A) => [DeviceArray, Selected<A, N>]
export function valueAndGrad<A extends unknown[], Aux, const N extends Argnums = 0>(
  f: (...args: A) => readonly [DeviceArray, Aux],
  options: GradOptions<N, true>,
): (...args: A) => [[DeviceArray, Aux], Selected<A, N>]
export function valueAndGrad(f: (...args: unknown[]) => unknown, options: GradOptions<Argnums, boolean> = {}): (...args: unknown[]) => unknown {
  return (...args) => {
    const { value, gradients, aux } = differentiated('valueAndGrad', f, options, args)
    return [options.hasAux ? [value, aux] : value, gradients]
  }
}

function differentiated(what: string, f: (...args: unknown[]) => unknown, { argnums = 0, hasAux = false }: GradOptions<Argnums, boolean>, args: unknown[]) {
  const positions = typeof argnums === 'number' ? [argnums] : argnums
  for (const position of positions)
    if (!(Number.isInteger(position) && position >= 0 && position < args.length)) throw new InputError(`${what}: there is no argument ${position} among ${args.length}`)
  const [leaves, structure] = flatten(positions.map((position) => args[position]))
  const result = withTracked(leaves.map(({ ndarray }) => ndarray), {}, (tracked, createGraph) => {
    const own = treeOf(structure, tracked) as unknown[]
    const output = callUser(what, f, args.map((arg, i) => (positions.includes(i) ? own[positions.indexOf(i)] : arg)))
    const [value, aux] = hasAux && Array.isArray(output) ? (output as [unknown, unknown]) : [output, undefined]
    if (!isDeviceArray(value)) throw new InputError(`${what}: the function must give an array of one element${hasAux ? ' and more' : ''}, got ${nameOf(value)}`)
    const gradients = engine.grad(value.ndarray, tracked, { createGraph, allowUnused: true })
    const handOut = (x: DeviceArray) => new DeviceArray(createGraph ? x.ndarray.share() : engineStop(x.ndarray))
    return { value: handOut(value), aux: map(handOut, aux), gradients }
  })
  const gradients = treeOf(structure, result.gradients) as unknown[]
  return { ...result, gradients: typeof argnums === 'number' ? gradients[0] : gradients }
}

/**
 * `[y, pullback]` with `y = f(x…)` and `pullback(ct) = [(∂y/∂x₀)ᵀ ct, …]`, one tree for every argument; y and ct may be trees. What
 * `pullback` needs is kept as long as it is.
 *
 * @throws {DtypeError} if an array of the arguments is no float. @throws {InputError} if a cotangent has another structure than y.
 * @example
 * const [y, pullback] = vjp(f, x)
 * const [g] = pullback(np.onesLike(y))
 */
export function vjp<A extends unknown[], R>(f: (...args: A) => R, ...args: A): [output: R, pullback: (cotangent: R) => A] {
  const [leaves, structure] = flatten(args)
  // The graph lives on in the pullback, so results are its own and not a scope's.
  const { output, tracked, createGraph } = withTracked(leaves.map(({ ndarray }) => ndarray), {}, (own, keep) => ({
    output: callUser('vjp', f, treeOf(structure, own) as A),
    tracked: own,
    createGraph: keep,
  }))
  const [results, resultStructure] = flatten(output)
  const handedOut = treeOf(resultStructure, results.map(({ ndarray }) => (createGraph ? ndarray.share() : engineStop(ndarray)))) as R
  const pullback = (cotangent: R): A => {
    const cotangents = cotangentsLike('vjp: the cotangent', cotangent, results)
    const differentiable = results.flatMap(({ ndarray }, k) => (ndarray.dtype === 'float32' || ndarray.dtype === 'float64' ? [k] : []))
    const of = <T>(list: readonly T[]) => differentiable.flatMap((k) => list[k] ?? [])
    const gradients = engine.scope(() =>
      engine.grad(of(results.map(({ ndarray }) => ndarray)), tracked, {
        cotangents: of(cotangents),
        createGraph: createGraph || cotangents.some((x) => x.isTracked),
        allowUnused: true,
      }),
    )
    return treeOf(structure, gradients) as A
  }
  return [handedOut, pullback]
}

/**
 * `[f(x…), Σᵢ (∂f/∂xᵢ) tᵢ]`: forward mode; tangents are trees as their arguments, the result's tangent one as the result.
 *
 * @throws {DtypeError} if an array of the arguments is no float. @throws {InputError} if a tangent has another structure than its argument.
 * @example
 * const [y, dy] = jvp(f, [x], [v])
 */
export function jvp<A extends unknown[], R>(f: (...args: A) => R, primals: A, tangents: NoInfer<A>): [output: R, tangent: R] {
  const [leaves, structure] = flatten(primals)
  const directions = cotangentsLike('jvp: the tangents', tangents, leaves)
  const keep = directions.some((t) => t.isTracked) ? { createGraph: true } : {}
  return withTracked(leaves.map(({ ndarray }) => ndarray), keep, (tracked, createGraph) => {
    const [results, resultStructure] = flatten(callUser('jvp', f, treeOf(structure, tracked) as A))
    const outputs = results.map(({ ndarray }) => ndarray)
    const found = engine.pushforward(outputs, tracked, directions, { createGraph, allowUnused: true })
    return [treeOf(resultStructure, outputs.map((x) => (createGraph ? x.share() : engineStop(x)))) as R, treeOf(resultStructure, found) as R]
  })
}

/** The same elements through which no derivative flows; for every array of a tree. */
export function stopGradient<T>(tree: T): T {
  return map((x) => new DeviceArray(engineStop(x.ndarray)), tree)
}

/** Arrays of a tree beside those of another one, of the same number, shapes and dtypes. */
function cotangentsLike(what: string, tree: unknown, expected: readonly DeviceArray[]): NDArray[] {
  const arrays = arraysOf(tree)
  if (arrays.length !== expected.length) throw new InputError(`${what} holds ${arrays.length} arrays, expected ${expected.length}; it must have the structure of what it belongs to`)
  for (const [i, x] of arrays.entries()) {
    const other = expected[i]
    if (other && (x.dtype !== other.dtype || x.shape.join() !== other.shape.join())) throw new InputError(`${what} has ${x.toString()} where ${other.toString()} is expected; shapes and dtypes must agree`)
  }
  return arrays
}
