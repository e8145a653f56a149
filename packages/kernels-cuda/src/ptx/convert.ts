import type * as kernels from '@equivar/core/kernels'
import type { PtxState } from './state.ts'
import { suffixOf } from './types.ts'

type Convert = Extract<kernels.Instruction, { readonly op: 'convert' }>

export function writeConvert(state: PtxState, { result, x }: Convert): void {
  const { writer, indexBits } = state
  const [from, to] = [state.typeOf(x).scalar, state.typeOf(result).scalar]
  const [source, target] = [suffixOf(from, indexBits), suffixOf(to, indexBits)]
  const own = state.use(x)
  if (from === to) {
    state.set(result, own)
    return
  }
  const register = state.define(result)
  const [fromFloat, toFloat] = [isFloat(from), isFloat(to)]
  if (fromFloat && toFloat) writer.line(`cvt.${to === 'f32' ? 'rn.' : ''}${target}.${source} ${register}, ${own}`)
  else if (toFloat) writer.line(`cvt.rn.${target}.${source} ${register}, ${own}`)
  else if (fromFloat) {
    // What is out of range becomes the nearest end; a NaN of 32 bits becomes 0 where the target has 32, others must be told so.
    writer.line(`cvt.rzi.${target}.${source} ${register}, ${own}`)
    if (from === 'f32' && !target.endsWith('64')) return
    const isNumber = writer.define('p', (p) => `setp.num.${source} ${p}, ${own}, ${own}`)
    writer.line(`selp.${target.endsWith('64') ? 'b64' : 'b32'} ${register}, ${register}, 0, ${isNumber}`)
  } else if (source.endsWith('64') === target.endsWith('64')) writer.line(`mov.${source.endsWith('64') ? 'b64' : 'b32'} ${register}, ${own}`)
  else if (target.endsWith('64')) writer.line(`cvt.${target}.${source} ${register}, ${own}`)
  else writer.line(`cvt.u32.u64 ${register}, ${own}`)
}

function isFloat(scalar: kernels.ScalarType): boolean {
  return scalar === 'f32' || scalar === 'f64'
}
