import type * as kernels from '@equivar/core/kernels'
import { literal } from './literals.ts'
import { bytesOfMemory, type PtxState, scalarOfMemory } from './state.ts'

type Load = Extract<kernels.Instruction, { readonly op: 'load' | 'loadLanes' }>
type Store = Extract<kernels.Instruction, { readonly op: 'store' | 'storeLanes' }>

/** Whether an access is of lanes, not once a program. */
function isVarying(state: PtxState, instruction: Load | Store): boolean {
  if (instruction.op === 'loadLanes' || instruction.op === 'storeLanes') return true
  return [instruction.index, instruction.mask].some((id) => id !== null && state.typeOf(id).uniformity === 'varying')
}

/** The condition under which a thread takes part; `null` if all do. */
function conditionOf(state: PtxState, instruction: Load | Store): string | null {
  const inside = isVarying(state, instruction) ? state.inside : null
  if (instruction.op === 'load' || instruction.op === 'store') return state.all(inside, instruction.mask === null ? null : state.use(instruction.mask))
  return state.all(inside, instruction.active === null ? null : state.below(instruction.active))
}

/** `ld.global.nc` for what nobody writes while the kernel runs, unless that would have it read too early. */
function loadName({ kernel, readInTurn }: PtxState, load: Load): string {
  const { space, slot } = load.memory
  if (space === 'shared') return 'ld.shared'
  return kernel.buffers[slot]?.access === 'read' && !readInTurn.has(load) ? 'ld.global.nc' : 'ld.global'
}

export function writeLoad(state: PtxState, instruction: Load): void {
  const { writer, kernel } = state
  const { memory, result } = instruction
  const scalar = scalarOfMemory(kernel, memory)
  const condition = conditionOf(state, instruction)
  const from = state.address(memory, state.forms.ofAccess(instruction), bytesOfMemory(kernel, memory))
  const to = state.define(result)
  if (condition !== null) writer.line(`mov.${typeOf(scalar)} ${to}, ${literal(scalar, 0)}`)
  writer.line(`${guard(condition)}${loadName(state, instruction)}.${typeOf(scalar)} ${to}, ${from}`)
}

/** Loads of consecutive elements from the first on, as one. */
export function writeVectorLoad(state: PtxState, loads: readonly Load[]): void {
  const [first] = loads
  if (!first) return
  const { writer, kernel } = state
  const { memory } = first
  const scalar = scalarOfMemory(kernel, memory)
  const condition = conditionOf(state, first)
  const from = state.address(memory, state.forms.ofAccess(first), bytesOfMemory(kernel, memory))
  const registers = loads.map(({ result }) => state.define(result))
  if (condition !== null) for (const to of registers) writer.line(`mov.${typeOf(scalar)} ${to}, ${literal(scalar, 0)}`)
  writer.line(`${guard(condition)}${loadName(state, first)}.v${loads.length}.${typeOf(scalar)} {${registers.join(', ')}}, ${from}`)
}

/** Stores of consecutive elements from the first on, as one. */
export function writeStores(state: PtxState, stores: readonly Store[]): void {
  const [first] = stores
  if (!first) return
  const { writer, kernel } = state
  const { memory } = first
  const once = isVarying(state, first) ? null : state.leader
  const condition = state.all(once, conditionOf(state, first))
  const scalar = scalarOfMemory(kernel, memory)
  const to = state.address(memory, state.forms.ofAccess(first), bytesOfMemory(kernel, memory))
  const values = stores.map(({ value }) => state.use(value))
  const name = `st.${spaceName(memory)}${stores.length > 1 ? `.v${stores.length}` : ''}.${typeOf(scalar)}`
  writer.line(`${guard(condition)}${name} ${to}, ${stores.length > 1 ? `{${values.join(', ')}}` : values.join('')}`)
}

export function spaceName({ space }: kernels.MemoryRef): 'global' | 'shared' {
  return space === 'buffer' ? 'global' : 'shared'
}

export function guard(condition: string | null): string {
  return condition === null ? '' : `@${condition} `
}

/** Integers in memory are bits. */
function typeOf(scalar: kernels.StorageType): 'f32' | 'f64' | 'b32' {
  return scalar === 'f32' || scalar === 'f64' ? scalar : 'b32'
}
