import { KernelError } from '../../errors.ts'
import type { Kernel } from '../ir.ts'
import { verify } from '../verify.ts'
import { checkLaunch, type Launch, newHostMemory } from './launch.ts'
import { assemble } from './machine.ts'
import { CheckedMemory, type HostMemory, type Moment } from './memory.ts'

export type { HostMemory, Launch }

export interface InterpretOptions {
  /** Also refuse what depends on the order of lanes or programs; true by default. Bounds are always checked. */
  readonly findsRaces?: boolean
  /** How often `fma` rounds: after product and sum (default), or once. Nothing may depend on it. */
  readonly fma?: 'separate' | 'fused'
}

/**
 * Runs a kernel on the host, program by program and all lanes in step: slow, and exact in what every instruction does. Other
 * readers of the language are compared with it. What the kernel writes is written into the given buffers.
 *
 * @throws {KernelError} if the kernel breaks a rule of the language, or, while it runs, leaves a buffer, divides by zero, or races.
 * @throws {InputError} if the launch does not fit the kernel.
 */
export function interpret(kernel: Kernel, launch: Launch, { findsRaces = true, fma = 'separate' }: InterpretOptions = {}): void {
  verify(kernel)
  const checked = checkLaunch(kernel, launch)
  const moment: Moment = { program: 0, epoch: 0 }
  const newMemory = (name: string, data: HostMemory, isOfProgram: boolean) => new CheckedMemory(name, data, moment, { isOfProgram, findsRaces })
  const buffers = checked.buffers.map((data, k) => newMemory(kernel.buffers[k]?.name ?? '', data, false))
  const shared = kernel.shared.map(({ name, scalar, length }) => newMemory(name, newHostMemory(scalar, length), true))
  const position = checked.grid.map(() => 0)
  const run = assemble({ kernel, launch: checked, buffers, shared, moment, position, fma })

  const numPrograms = checked.grid.reduce((product, extent) => product * extent, 1)
  for (let program = 0; program < numPrograms; program++) {
    moment.program++
    moment.epoch++
    for (const { data } of shared) data.fill(poison(data))
    try {
      run()
    } catch (error) {
      if (!(error instanceof KernelError)) throw error
      throw new KernelError(`kernel '${kernel.name}', program (${position.join(', ')}): ${error.message}`, { cause: error })
    }
    advance(position, checked.grid)
  }
}

/** What shared memory holds at first: nothing that a kernel could take for a result. */
function poison(data: HostMemory): number {
  return data instanceof Float32Array || data instanceof Float64Array ? Number.NaN : 0x5bad5bad
}

/** The next program; the first axis runs fastest. */
function advance(position: number[], grid: readonly number[]): void {
  for (const [axis, extent] of grid.entries()) {
    position[axis] = (position[axis] ?? 0) + 1
    if (position[axis] < extent) return
    position[axis] = 0
  }
}
