import { compile, type CompileOptions, type NDArray, type Program, type ProgramStatistics } from '@equivar/engine'
import { flatten, structureText, type TreeStructure } from '../tree/structure.ts'
import { flatFunction, treeOf } from './trees.ts'

/** A function that is traced once and replayed. It is called as the function is. */
export interface Jitted<A extends unknown[], R> {
  (...args: A): R
  /** Of the programs that were made, one for each structure and dtypes of arguments; each serves many shapes. */
  statistics(): readonly ProgramStatistics[]
  /** Gives memory and constants back; results that were handed out stay. */
  dispose(): void
  [Symbol.dispose](): void
}

export interface JitOptions extends CompileOptions {
  /** Programs that are kept ready, for structures of arguments. Default 16. */
  readonly keepPrograms?: number
}

interface Compiled {
  readonly program: Program<NDArray[], NDArray[]>
  readonly structure: () => TreeStructure
}

/**
 * `f` as a program: run once with arrays that have shapes and no elements, planned, and replayed from then on. Derivatives inside are
 * part of the program. Other shapes (another number of edges) compile no kernels as long as all sizes in f are sums and products of
 * extents of its arguments; `statistics()` says whether it is so, and why not.
 *
 * - Arguments and results are trees of arrays. Numbers, texts and functions among the arguments are constants: other ones are another
 *   program. Pass what changes, a learning rate for example, as an array.
 * - f is pure. Reading elements inside is refused, and what f prints or stores it does when traced only.
 * - Where an argument is being differentiated or mapped from outside, f itself is called, as part of that.
 *
 * @throws {InputError} if f gives a promise or anything but trees of arrays, or reads elements.
 * @example
 * const step = jit((params: Params, batch: Batch) => valueAndGrad(loss)(params, batch))
 */
export function jit<A extends unknown[], R>(f: (...args: A) => R, { keepPrograms = 16, ...options }: JitOptions = {}): Jitted<A, R> {
  const programs = new Map<string, Compiled>()
  const run = (...args: A): R => {
    const [leaves, structure] = flatten(args)
    const arrays = leaves.map(({ ndarray }) => ndarray)
    if (arrays.some((x) => x.isAbstract || x.isTracked)) return f(...args)
    const key = `${structureText(structure)} ${leaves.map(({ dtype, device }) => `${dtype}@${device}`).join()}`
    const { program, structure: resultStructure } = remembered(programs, key, keepPrograms, () => {
      const flat = flatFunction('jit', f, structure)
      return { program: compile((...inputs: NDArray[]) => flat.call(...inputs), options), structure: flat.structure }
    })
    // The structure is known when the function has been traced.
    const results = program(...arrays)
    return treeOf(resultStructure(), results) as R
  }
  const dispose = () => {
    for (const { program } of programs.values()) program.dispose()
    programs.clear()
  }
  return Object.assign(run, {
    statistics: () => [...programs.values()].map(({ program }) => program.statistics()),
    dispose,
    [Symbol.dispose]: dispose,
  })
}

/** The last used at the end; the first go when there are too many. */
function remembered(programs: Map<string, Compiled>, key: string, limit: number, make: () => Compiled): Compiled {
  const compiled = programs.get(key) ?? make()
  programs.delete(key)
  programs.set(key, compiled)
  for (const [oldest, { program }] of programs) {
    if (programs.size <= limit) break
    program.dispose()
    programs.delete(oldest)
  }
  return compiled
}
