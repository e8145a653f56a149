import { warpSize } from './shape.ts'
import type { PtxState } from './state.ts'
import type { RegisterClass } from './types.ts'

/** What another thread of the program, in the same warp, has in a register: a certain one (`idx`), or the one whose number differs by a bit (`bfly`). */
export function shuffled(state: PtxState, mode: 'idx' | 'bfly', kind: RegisterClass, register: string, lane: number): string {
  const { writer } = state
  const width = Math.min(state.shape.threads, warpSize)
  const rest = `${lane}, ${((warpSize - width) << 8) | 31}, ${state.members}`
  const move = (from: string, to: string) => {
    writer.line(`shfl.sync.${mode}.b32 ${to}, ${from}, ${rest}`)
  }
  const result = writer.register(kind)
  if (kind !== 'd' && kind !== 'q') {
    move(register, result)
    return result
  }
  const [low, high] = [writer.register('r'), writer.register('r')]
  writer.line(`mov.b64 {${low}, ${high}}, ${register}`)
  move(low, low)
  move(high, high)
  writer.line(`mov.b64 ${result}, {${low}, ${high}}`)
  return result
}

/** How a register is stored, as suffix of an instruction. */
export function memoryType(kind: RegisterClass): string {
  return { p: 'pred', r: 'b32', q: 'b64', f: 'f32', d: 'f64' }[kind]
}
