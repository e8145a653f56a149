import { InputError } from '@equivar/core'
import * as engine from '@equivar/engine'
import { zerosLike, type NDArray } from '@equivar/engine'
import { nameOf } from '../array/arguments.ts'
import { flatten } from '../tree/structure.ts'
import { arraysLike, arraysOf, flatFunction, treeOf } from './trees.ts'
import { callUser } from './user-function.ts'

/**
 * f, whose intermediate results are not kept for derivatives but computed again when these are taken: memory for time.
 *
 * @throws {InputError} if f depends on arrays under differentiation that are not its arguments.
 * @example
 * const energy = (params: Params, x: DeviceArray) => layers.reduce((h, layer) => checkpoint(layer)(params, h), x)
 */
export function checkpoint<A extends unknown[], R>(f: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    const [leaves, structure] = flatten(args)
    const flat = flatFunction('checkpoint', f, structure)
    const outputs = engine.checkpoint(flat.call)(...leaves.map(({ ndarray }) => ndarray))
    return treeOf(flat.structure(), outputs) as R
  }
}

/**
 * f with tangents by a rule: `rule([x…], [t…]) = [f(x…), dy]`, dy linear in t and made of operations that have transposes, so that reverse
 * mode is served, too.
 *
 * @throws {InputError} if dy has not the structure of f's result, or f depends on arrays under differentiation that are not its arguments.
 * @example
 * const logCosh = customJvp(f, ([x], [t]) => [f(x), t.mul(np.tanh(x))])
 */
export function customJvp<A extends unknown[], R>(
  f: (...args: A) => R,
  rule: (primals: A, tangents: A) => readonly [output: R, tangent: R],
): (...args: A) => R {
  return (...args) => {
    const [leaves, structure] = flatten(args)
    const flat = flatFunction('customJvp', f, structure)
    const call = engine.customJvp(flat.call, {
      name: f.name || 'customJvp',
      tangents(inputs, outputs, tangents) {
        const filled = inputs.map((x, i) => tangents[i] ?? zerosLike(x))
        const [, tangent] = callUser('customJvp', rule, [treeOf(structure, inputs) as A, treeOf(structure, filled) as A])
        return like('customJvp: the tangent', arraysLike('customJvp: the tangent', tangent, flat.structure()), outputs)
      },
    })
    const outputs = call(...leaves.map(({ ndarray }) => ndarray))
    return treeOf(flat.structure(), outputs) as R
  }
}

export interface VjpRule<A extends unknown[], R, Residuals> {
  /** The result, and what the reverse rule needs. */
  readonly forward: (...args: A) => readonly [output: R, residuals: Residuals]
  /** One cotangent for every argument, in its structure. */
  readonly backward: (residuals: Residuals, cotangent: R) => A
}

/**
 * f with cotangents by a rule, in reverse mode of any order; forward mode is refused.
 *
 * @throws {InputError} if cotangents do not look as the arguments do, or f depends on arrays under differentiation that are not its arguments.
 * @example
 * const clipped = customVjp(f, { forward: (x) => [f(x), x], backward: (x, ct) => [np.clip(ct, -1, 1)] })
 */
export function customVjp<A extends unknown[], R, Residuals>(f: (...args: A) => R, { forward, backward }: VjpRule<A, R, Residuals>): (...args: A) => R {
  return (...args) => {
    const [leaves, structure] = flatten(args)
    const flat = flatFunction('customVjp', f, structure)
    const both = flatFunction('customVjp', (...own: A) => {
      const result: unknown = forward(...own)
      if (!Array.isArray(result) || result.length !== 2) throw new InputError(`customVjp: forward must give [output, residuals], got ${nameOf(result)}`)
      return result as readonly unknown[]
    }, structure)
    const parts = () => {
      const all = both.structure()
      const [output, residuals] = all.kind === 'list' ? all.items : []
      if (!output || !residuals) throw new InputError('customVjp: forward must give [output, residuals]')
      return { output, residuals }
    }
    let outputStructure = flat.structure
    const call = engine.customVjp(flat.call, {
      name: f.name || 'customVjp',
      forward(...inputs: NDArray[]) {
        const found = both.call(...inputs)
        outputStructure = () => parts().output
        const numOutputs = arraysOf(treeOf(both.structure(), found)).length - countOf(parts().residuals)
        return { outputs: found.slice(0, numOutputs), residuals: found.slice(numOutputs) }
      },
      backward(residuals, cotangents) {
        const own = parts()
        const found = callUser('customVjp', backward, [treeOf(own.residuals, residuals) as Residuals, treeOf(own.output, cotangents) as R])
        return arraysLike('customVjp: the cotangents', found, structure)
      },
    })
    const outputs = call(...leaves.map(({ ndarray }) => ndarray))
    return treeOf(outputStructure(), outputs) as R
  }
}

function like(what: string, found: readonly NDArray[], expected: readonly NDArray[]): readonly NDArray[] {
  for (const [k, x] of found.entries()) {
    const other = expected[k]
    if (other && (x.shape.join() !== other.shape.join() || x.dtype !== other.dtype)) throw new InputError(`${what} is ${x.toString()}, the result ${other.toString()}; they must look the same`)
  }
  return found
}

type Structure = ReturnType<typeof flatten>[1]

function countOf(structure: Structure): number {
  if (structure.kind === 'leaf') return 1
  return structure.kind === 'static' ? 0 : structure.items.reduce((sum, item) => sum + countOf(item), 0)
}
