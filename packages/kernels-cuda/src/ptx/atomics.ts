import type * as kernels from '@equivar/core/kernels'
import { guard, spaceName } from './access.ts'
import { literal } from './literals.ts'
import { bytesOfMemory, type PtxState, scalarOfMemory } from './state.ts'
import { memoryType, shuffled } from './shuffle.ts'
import { warpSize } from './shape.ts'
import { bitsOf, suffixOf } from './types.ts'

type Atomic = Extract<kernels.Instruction, { readonly op: 'atomic' }>

const names: { readonly [O in kernels.AtomicOperator]: string } = { add: 'add', min: 'min', max: 'max', exchange: 'exch' }

export function writeAtomic(state: PtxState, { operator, result, memory, index, value, mask }: Atomic): void {
  const { writer, kernel, indexBits } = state
  const scalar = scalarOfMemory(kernel, memory)
  const varies = [index, value, ...(mask === null ? [] : [mask])].some((id) => state.typeOf(id).uniformity === 'varying')
  const condition = state.all(varies ? state.inside : state.leader, mask === null ? null : state.use(mask))
  const place = state.address(memory, state.forms.of(index), bytesOfMemory(kernel, memory))
  // Adding is the same for both kinds of words, and known for unsigned ones everywhere.
  const type = operator === 'exchange' ? bitsOf(scalar, indexBits) : operator === 'add' && scalar === 'i32' ? 'u32' : suffixOf(scalar, indexBits)
  if (!state.uses.has(result) && operator !== 'exchange') {
    writer.line(`${guard(condition)}red.${spaceName(memory)}.${names[operator]}.${type} ${place}, ${state.use(value)}`)
    return
  }
  const before = state.define(result)
  if (condition !== null) writer.line(`mov.${memoryType(state.classOf(result))} ${before}, ${literal(scalar, 0)}`)
  writer.line(`${guard(condition)}atom.${spaceName(memory)}.${names[operator]}.${type} ${before}, ${place}, ${state.use(value)}`)
  if (!varies && state.uses.has(result)) handToAll(state, result)
}

/** What the first thread has, to all threads of the program. */
function handToAll(state: PtxState, result: kernels.ValueId): void {
  const { writer, shape } = state
  const own = state.use(result)
  if (shape.threads === 1) return
  if (shape.threads <= warpSize) {
    state.set(result, shuffled(state, 'idx', state.classOf(result), own, 0))
    return
  }
  const type = memoryType(state.classOf(result))
  const place = state.exchange(8)
  state.barrier()
  writer.line(`${guard(state.leader)}st.shared.${type} [${place}], ${own}`)
  state.barrier()
  writer.line(`ld.shared.${type} ${own}, [${place}]`)
}
