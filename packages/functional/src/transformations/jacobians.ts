import { InputError } from '@equivar/core'
import { cast, equal, iota, reshape } from '@equivar/engine'
import { DeviceArray } from '../array/device-array.ts'
import * as np from '../numpy/index.ts'
import { leaves as leavesOf } from '../tree/map.ts'
import { flatten, unflatten, type TreeStructure } from '../tree/structure.ts'
import { jvp, vjp } from './gradients.ts'
import { vmap } from './vmap.ts'

/**
 * Of an array by an array the array of derivatives, (…output, …input). Of trees: in the structure of the output, with the structure of the
 * input at every array.
 */
export type Jacobian<R, X> = R extends DeviceArray ? X : unknown

export interface JacobianOptions<N extends number = number> {
  /** With respect to which argument. Default 0. */
  readonly argnum?: N
}

/**
 * `J[…, …] = ∂f(x)[…] / ∂x[…]` by reverse mode, one pass for every element of the output, all at once: for few outputs of many inputs.
 *
 * @throws {DtypeError} if an array of the argument is no float. @throws {InputError} if there is no such argument.
 */
export function jacrev<A extends unknown[], R, const N extends number = 0>(
  f: (...args: A) => R,
  options: JacobianOptions<N> = {},
): (...args: A) => Jacobian<R, A[N]> {
  return (...args) => {
    const { of, x } = argumentOf('jacrev', f, args, options)
    const [inputs, inputStructure] = flatten(x)
    const [output, pullback] = vjp(of, x)
    const [outputs, outputStructure] = flatten(output)
    const parts = outputs.map((y, k) => {
      const cotangent = (seed: DeviceArray) => unflatten(outputStructure, outputs.map((other, own) => (own === k ? seed : np.zerosLike(other)))) as R
      const rows = vmap((seed: DeviceArray) => leavesOf(pullback(cotangent(seed))))(basis(y))
      return unflatten(arraysOnly(inputStructure), rows.map((row, i) => row.reshape([...y.shape, ...(inputs[i]?.shape ?? [])])))
    })
    return nested(outputStructure, parts)
  }
}

/**
 * `J[…, …] = ∂f(x)[…] / ∂x[…]` by forward mode, one pass for every element of the input, all at once: for few inputs of many outputs.
 *
 * @throws as {@link jacrev}.
 */
export function jacfwd<A extends unknown[], R, const N extends number = 0>(
  f: (...args: A) => R,
  options: JacobianOptions<N> = {},
): (...args: A) => Jacobian<R, A[N]> {
  return (...args) => {
    const { of, x } = argumentOf('jacfwd', f, args, options)
    const [inputs, inputStructure] = flatten(x)
    let outputStructure: TreeStructure | undefined
    const columns = inputs.map((own, i) => {
      const tangent = (seed: DeviceArray) => unflatten(inputStructure, inputs.map((other, k) => (k === i ? seed : np.zerosLike(other))))
      const found = vmap((seed: DeviceArray) => {
        const [, dy] = jvp(of, [x], [tangent(seed)])
        const [leaves, structure] = flatten(dy)
        outputStructure = structure
        return leaves
      })(basis(own))
      // Entries of the input come last.
      return found.map((column) => np.moveaxis(column, 0, -1).reshape([...column.shape.slice(1), ...own.shape]))
    })
    if (!outputStructure) throw new InputError('jacfwd: the argument holds no arrays')
    const numOutputs = columns[0]?.length ?? 0
    const parts = Array.from({ length: numOutputs }, (_, k) => unflatten(arraysOnly(inputStructure), columns.flatMap((column) => column[k] ?? [])))
    return nested(outputStructure, parts)
  }
}

/** `H[…, …] = ∂²f / ∂x[…] ∂x[…]` of a function with one number: forward over reverse mode. @throws as {@link jacrev}. */
export function hessian<A extends unknown[], const N extends number = 0>(
  f: (...args: A) => DeviceArray,
  options: JacobianOptions<N> = {},
): (...args: A) => Jacobian<DeviceArray, A[N]> {
  return jacfwd<A, Jacobian<DeviceArray, A[N]>, N>(jacrev(f, options), options)
}

function argumentOf<A extends unknown[], R>(what: string, f: (...args: A) => R, args: A, { argnum = 0 }: JacobianOptions) {
  if (!(Number.isInteger(argnum) && argnum >= 0 && argnum < args.length)) throw new InputError(`${what}: there is no argument ${argnum} among ${args.length}`)
  return { x: args[argnum], of: (x: unknown) => f(...(args.map((arg, i) => (i === argnum ? x : arg)) as A)) }
}

/** The arrays of which one element is 1 and the others 0, one behind another. */
function basis(x: DeviceArray): DeviceArray {
  const { size, shape, dtype, device } = x
  const identity = cast(equal(iota([size, size], 0, 'int32', device), iota([size, size], 1, 'int32', device)), dtype)
  return new DeviceArray(reshape(identity, [size, ...shape]))
}

/** Derivatives by representations are no representations of the same axes: plain arrays stand for them. */
function arraysOnly(structure: TreeStructure): TreeStructure {
  if (structure.kind === 'leaf' || structure.kind === 'static') return structure
  const items = structure.items.map(arraysOnly)
  const [only] = items
  return structure.kind === 'node' && items.length === 1 && only ? only : { ...structure, items }
}

/** The output's structure with a tree at every array. */
function nested<R, X>(structure: TreeStructure, parts: readonly unknown[]): Jacobian<R, X> {
  return unflatten(arraysOnly(structure), parts) as Jacobian<R, X>
}
