import type * as kernels from '@equivar/core/kernels'
import { neutralLiteral } from './arithmetic.ts'
import { memoryType, shuffled } from './shuffle.ts'
import { guard } from './access.ts'
import { warpSize } from './shape.ts'
import type { PtxState } from './state.ts'
import { suffixOf } from './types.ts'

type Reduce = Extract<kernels.Instruction, { readonly op: 'reduce' }>

const instructions: { readonly [O in kernels.ReduceOperator]: string } = { sum: 'add', min: 'min', max: 'max' }

/**
 * The tree of the language. Within a warp a thread and its partner both combine what they have, in either order, which gives the same
 * bits: all threads end with the result. Across warps the values go through shared memory first.
 */
export function writeReduce(state: PtxState, { operator, result, x, active }: Reduce): void {
  const { writer, kernel, indexBits, shape } = state
  const { scalar } = state.typeOf(x)
  const kind = state.classOf(x)
  const combine = (a: string, b: string) =>
    writer.define(kind, (to) => `${instructions[operator]}${operator === 'sum' && (kind === 'f' || kind === 'd') ? '.rn' : ''}.${suffixOf(scalar, indexBits)} ${to}, ${a}, ${b}`)
  const neutral = neutralLiteral(operator, scalar, indexBits)
  const takesPart = state.all(state.inside, active === null ? null : state.below(active))
  let own = state.use(x)
  if (takesPart !== null) {
    const value = own
    own = writer.define(kind, (to) => `selp.${memoryType(kind)} ${to}, ${value}, ${neutral}, ${takesPart}`)
  }
  const size = 2 ** Math.ceil(Math.log2(kernel.lanes))
  if (shape.threads > warpSize) own = acrossWarps(state, own, kind, size, neutral, combine)
  for (let distance = Math.min(size, warpSize) / 2; distance >= 1; distance /= 2) own = combine(own, shuffled(state, 'bfly', kind, own, distance))
  state.set(result, own)
}

/** Every warp reads what all of them have at its thread's place, and combines it. */
function acrossWarps(
  state: PtxState,
  own: string,
  kind: 'p' | 'r' | 'q' | 'f' | 'd',
  size: number,
  neutral: string,
  combine: (a: string, b: string) => string,
): string {
  const { writer, shape } = state
  const bytes = kind === 'd' || kind === 'q' ? 8 : 4
  const type = memoryType(kind)
  const memory = state.exchange(shape.threads * bytes)
  const place = writer.early(`exchange of lane ${bytes}`, 'r', (to) => `mad.lo.u32 ${to}, ${state.lane}, ${bytes}, ${memory}`)
  const inWarp = writer.early('lane in warp', 'r', (to) => `and.b32 ${to}, ${state.lane}, ${warpSize - 1}`)
  const column = writer.early(`exchange of column ${bytes}`, 'r', (to) => `mad.lo.u32 ${to}, ${inWarp}, ${bytes}, ${memory}`)
  state.barrier()
  writer.line(`${guard(null)}st.shared.${type} [${place}], ${own}`)
  state.barrier()
  let values = Array.from({ length: size / warpSize }, (_, warp) => {
    if (warp * warpSize >= shape.threads) return neutral
    return writer.define(kind, (to) => `ld.shared.${type} ${to}, [${column}+${warp * warpSize * bytes}]`)
  })
  while (values.length > 1) {
    const half = values.length / 2
    values = values.slice(0, half).map((value, k) => {
      const other = values[k + half] ?? neutral
      return other === neutral ? value : combine(value, other)
    })
  }
  return values[0] ?? neutral
}
