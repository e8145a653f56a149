import { ProgramState, type CompileOptions, type ProgramStatistics } from './program.ts'
import type { ProgramExplanation } from './explain.ts'

/** Programs that are dropped without being disposed give their memory back as arrays do. */
const forgotten = new FinalizationRegistry<ProgramState>((state) => state.dispose())

/** A function that was made into steps on a device; it is called as the function is. */
export interface Program<Inputs extends readonly unknown[], Result> {
  (...inputs: Inputs): Result
  /** The same as a method. */
  run(...inputs: Inputs): Result
  /** Counts and sizes, of the shapes of the last call where they depend on shapes. */
  statistics(): ProgramStatistics
  /** What every step does, for the shapes of the last call. */
  explain(): ProgramExplanation
  /** The same with the time that each step takes by itself, on a device with a clock; results of calls stay as they are. */
  profile(): Promise<ProgramExplanation>
  /** Gives memory and constants back; results that were handed out stay. The second call does nothing. */
  dispose(): void
  [Symbol.dispose](): void
}

/**
 * `program(x…) = f(x…)`, without running f again: the function is traced once with arrays that have shapes and no elements, and what it
 * would compute is planned and replayed.
 *
 * - f takes and gives arrays, in lists and plain objects. It is pure: what it reads besides its inputs is taken as it was when traced,
 *   arrays that it closes over are held by the program, and only arrays flow out.
 * - `grad`, `vjp` and `jvp` inside of f become part of the program. Derivatives do not flow through a program from outside.
 * - Other shapes than those of the first call need no trace of their own as long as all sizes in f are sums and products of extents of
 *   its inputs, which is found out by two more traces; `statistics().newShapes` says whether it is so, and why not.
 * - A program called inside of another traced function is part of that one.
 *
 * Adding a zero may change the sign of a zero; all other results are those of eager execution, up to rounding where primitives run as
 * one kernel.
 *
 * @throws {InputError} at a call, if inputs have another structure than those of the first one, are disposed, abstract or tracked, or
 * if f returns a promise or anything but arrays, or reads elements. @throws {DtypeError} {DeviceError} if an input has another dtype or
 * device. All of these before any kernel runs.
 * @example
 * const energyAndForces = compile((r: NDArray) => { const x = track(r); const e = energy(x); return [e, ...grad(e, [x])] })
 * const [e, g] = energyAndForces(positions)
 */
export function compile<Inputs extends readonly unknown[], Result>(f: (...inputs: Inputs) => Result, options: CompileOptions = {}): Program<Inputs, Result> {
  const state = new ProgramState(f as (...inputs: readonly unknown[]) => unknown, options)
  const run = (...inputs: Inputs) => state.run(inputs) as Result
  const dispose = () => {
    state.dispose()
  }
  const program = Object.assign((...inputs: Inputs) => run(...inputs), {
    run,
    statistics: () => state.statistics(),
    explain: () => state.explain(),
    profile: () => state.profile(),
    dispose,
    [Symbol.dispose]: dispose,
  })
  forgotten.register(program, state)
  return program
}
