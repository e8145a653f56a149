import { InternalError } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import { distances, unitLayout, writeUnits } from './matrix-units.ts'
import type { PtxState } from './state.ts'
import { elementBytes } from './types.ts'

type Tile = kernels.TileInstruction

/** `target[i, j] += Σ_k a[i, k] · b[k, j]`, by matrix units where they fit. */
export function writeTile(state: PtxState, tile: Tile): void {
  const layout = unitLayout(state, tile)
  if (layout) writeUnits(state, tile, layout)
  else writeElements(state, tile)
}

/** Every thread takes elements of the target and goes through k in order. */
function writeElements(state: PtxState, { rows, columns, depth, target, a, b }: Tile): void {
  const { writer, kernel, shape } = state
  const scalar = kernel.shared[target.slot]?.scalar
  if (scalar !== 'f32' && scalar !== 'f64') throw new InternalError('tiles hold floating-point numbers')
  const bytes = elementBytes[scalar]
  const kind = scalar === 'f32' ? 'f' : 'd'
  const start = ({ slot, offset }: kernels.TileRef) => {
    const base = state.base({ space: 'shared', slot })
    const word = state.indexBits === 32 ? state.use(offset) : writer.define('r', (to) => `cvt.u32.u64 ${to}, ${state.use(offset)}`)
    return writer.define('r', (to) => `mad.lo.s32 ${to}, ${word}, ${bytes}, ${base}`)
  }
  const [targetStart, aStart, bStart] = [start(target), start(a), start(b)]
  const element = writer.define('r', (to) => `mov.u32 ${to}, ${state.lane}`)
  const [begin, end] = [writer.label(), writer.label()]
  const isBeyond = writer.register('p')
  writer.line(`setp.ge.u32 ${isBeyond}, ${element}, ${rows * columns}`)
  writer.line(`@${isBeyond} bra ${end}`)
  writer.place(begin)
  const row = writer.define('r', (to) => `div.u32 ${to}, ${element}, ${columns}`)
  const column = writer.define('r', (to) => `rem.u32 ${to}, ${element}, ${columns}`)
  const columnBytes = writer.define('r', (to) => `mul.lo.u32 ${to}, ${column}, ${bytes}`)
  const [aRow, aStep] = distances(a)
  const [bStep, bColumn] = distances(b)
  const rowOf = (stride: number, from: string) => writer.define('r', (to) => `mad.lo.u32 ${to}, ${row}, ${stride * bytes}, ${from}`)
  const aPlace = rowOf(aRow, aStart)
  const bPlace = writer.define('r', (to) => `mad.lo.u32 ${to}, ${column}, ${bColumn * bytes}, ${bStart}`)
  const targetRow = rowOf(target.stride, targetStart)
  const targetPlace = writer.define('r', (to) => `add.u32 ${to}, ${targetRow}, ${columnBytes}`)
  const total = writer.define(kind, (to) => `ld.shared.${scalar} ${to}, [${targetPlace}]`)
  const step = writer.define('r', (to) => `mov.u32 ${to}, 0`)
  const inner = writer.label()
  writer.place(inner)
  const left = writer.define(kind, (to) => `ld.shared.${scalar} ${to}, [${aPlace}]`)
  const right = writer.define(kind, (to) => `ld.shared.${scalar} ${to}, [${bPlace}]`)
  writer.line(`fma.rn.${scalar} ${total}, ${left}, ${right}, ${total}`)
  writer.line(`add.u32 ${aPlace}, ${aPlace}, ${aStep * bytes}`)
  writer.line(`add.u32 ${bPlace}, ${bPlace}, ${bStep * bytes}`)
  writer.line(`add.u32 ${step}, ${step}, 1`)
  const goesOn = writer.register('p')
  writer.line(`setp.lt.u32 ${goesOn}, ${step}, ${depth}`)
  writer.line(`@${goesOn} bra ${inner}`)
  writer.line(`st.shared.${scalar} [${targetPlace}], ${total}`)
  writer.line(`add.u32 ${element}, ${element}, ${shape.threads}`)
  writer.line(`setp.lt.u32 ${isBeyond}, ${element}, ${rows * columns}`)
  writer.line(`@${isBeyond} bra ${begin}`)
  writer.place(end)
}
