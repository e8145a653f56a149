import type { CheckedLaunch, Executable, Launch } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { argumentLayout, type ArgumentLayout } from '../wasm/index.ts'
import type { Block } from './allocator.ts'
import type { LinearMemory } from './linear-memory.ts'
import { CpuMemory } from './memory.ts'

/** Programs `first … last − 1` with the arguments at an address. */
export type Run = (args: number, first: number, last: number) => void

/** Code of a kernel, on the calling thread and as the address of a module for others (see `storeModule`; 0 if there are none). */
export interface Code {
  readonly run: Run
  readonly moduleAddress: number
}

/** A kernel compiled for this device. */
export class CpuExecutable implements Executable {
  readonly kernel: kernels.Kernel
  readonly code: Code
  readonly layout: ArgumentLayout
  /** Where the arguments of launches that are not recorded are written, a copy a thread. */
  readonly ownArguments: Block

  constructor(kernel: kernels.Kernel, code: Code, takeArguments: (layout: ArgumentLayout) => Block) {
    this.kernel = kernel
    this.code = code
    this.layout = argumentLayout(kernel)
    this.ownArguments = takeArguments(this.layout)
  }
}

/** A launch ready to be run. */
export interface Job extends Code {
  readonly kernelName: string
  /** Address of the arguments of the first thread, and bytes to those of the next. */
  readonly args: number
  readonly stride: number
  readonly numPrograms: number
  /** Programs that a thread takes at once; all of them, where the calling thread runs them alone. */
  readonly chunk: number
  /** Rough number of operations. */
  readonly work: number
  /** Whether threads that sleep shall be woken for it. */
  readonly wakes: boolean
}

/** Writes the arguments of a launch, a copy for each thread, which differ by the memory of a program. */
export function writeArguments(
  { i32, f32, f64 }: LinearMemory,
  { kernel, layout }: CpuExecutable,
  { grid, buffers }: Launch,
  { parameters }: CheckedLaunch,
  { args, scratch, threads }: { readonly args: number; readonly scratch: readonly number[]; readonly threads: number },
): void {
  for (let thread = 0; thread < threads; thread++) {
    const at = args + thread * layout.byteLength
    for (const [axis, offset] of layout.gridOffsets.entries()) i32[(at + offset) >>> 2] = grid[axis] ?? 0
    for (const [k, offset] of layout.parameterOffsets.entries()) {
      const [scalar, value] = [kernel.parameters[k]?.scalar, parameters[k] ?? 0]
      if (scalar === 'f64') f64[(at + offset) / 8] = value
      else if (scalar === 'f32') f32[(at + offset) >>> 2] = value
      else i32[(at + offset) >>> 2] = value
    }
    for (const [k, offset] of layout.bufferOffsets.entries()) {
      const binding = buffers[k]
      if (binding?.memory instanceof CpuMemory) i32[(at + offset) >>> 2] = binding.memory.block.address + binding.byteOffset
    }
    i32[(at + layout.sharedOffset) >>> 2] = scratch[thread] ?? 0
  }
}
