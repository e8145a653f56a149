import { InternalError } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'
import { Body } from './body.ts'
import { integerDivision } from './division.ts'
import type { Value } from './graph.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { Helpers } from './helpers.ts'
import { requireCompilable } from './limits.ts'
import { moduleBytes } from './module.ts'
import { orderByParts } from './order-parts.ts'
import { EmitterState } from './state.ts'
import { writeFunction } from './write-function.ts'

export interface EmitOptions {
  /** Use relaxed SIMD for `fma`, which then rounds once where the hardware does; see `supportsRelaxedSimd`. */
  readonly relaxedMultiplyAdd: boolean
  /** Whether the imported memory is shared between threads; then atomics on buffers are atomic. */
  readonly sharedMemory: boolean
  /** Most pages of 64 KiB that the memory may have: its declared maximum, or more. */
  readonly maxPages: number
}

/**
 * A WebAssembly module that runs the kernel. It imports memory as `env.memory` and exports `run(args, first, last)`: programs
 * `first … last − 1` by their linear number, axis 0 of the grid running fastest; `args` is the address of the argument block, see
 * `argumentLayout`. At least 64 bytes behind every buffer must be readable: the end of one is read by whole vectors.
 *
 * @throws {KernelError} if the kernel breaks a rule of the language, or is too large for one function.
 */
export function emit(kernel: kernels.Kernel, options: EmitOptions): Uint8Array<ArrayBuffer> {
  kernels.verify(kernel)
  const state = new EmitterState(kernel, options)
  const helpers = new Helpers()
  writePrograms(state, (position) => new Body(state, helpers, position).run())
  const parameters = ['i32', 'i32', 'i32'] as const
  orderByParts(state.graph.root)
  const body = writeFunction(state.graph, parameters)
  requireCompilable(kernel.name, body.length)
  return moduleBytes([{ type: { parameters, results: [] }, body, exportName: 'run' }, ...helpers.functions()], options)
}

/** The loop over programs: coordinates follow from the first number by division, and from then on by counting. */
function writePrograms(state: EmitterState, run: (position: readonly Value[]) => void): void {
  const { graph, kernel } = state
  const [first, last] = [graph.parameter(1, 'i32'), graph.parameter(2, 'i32')]
  const extents = Array.from({ length: kernel.gridRank - 1 }, (_, axis) => state.gridExtent(axis))
  const position: Value[] = []
  let rest = first
  for (const extent of extents) {
    position.push(integerDivision(graph, 'rem', false, rest, extent))
    rest = integerDivision(graph, 'div', false, rest, extent)
  }
  graph.loop({
    initial: [first, ...position, ...(extents.length > 0 ? [rest] : [])],
    guard: graph.op('i32_lt_u', [first, last]),
    body: ([number, ...own]) => {
      if (!number) throw new InternalError('programs are numbered')
      run(extents.length === 0 ? [number] : own)
      const following = graph.op('i32_add', [number, graph.i32(1)])
      return { next: [following, ...advanced(graph, own, extents)], condition: graph.op('i32_lt_u', [following, last]) }
    },
  })
}

/** The coordinates of the next program. */
function advanced(graph: GraphBuilder, position: readonly Value[], extents: readonly Value[]): readonly Value[] {
  let carry = graph.i32(1)
  return position.map((coordinate, axis) => {
    const next = graph.op('i32_add', [coordinate, carry])
    const extent = extents[axis]
    if (!extent) return next
    carry = graph.op('i32_eq', [next, extent])
    return graph.select(carry, graph.i32(0), next)
  })
}
