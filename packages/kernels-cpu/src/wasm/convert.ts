import type { Value } from './graph.ts'
import { at, type Lanes, many, one, type Operand, pick, type Scalar, widthOf } from './spread.ts'

/** The nearest number of another type; see the instruction `convert`. Integers keep their bits. */
export function convert(lanes: Lanes, x: Operand, to: Scalar): Operand {
  const { graph } = lanes
  const from = x.scalar
  const isFrom = (scalar: Scalar) => from === scalar
  if (from === to) return x
  if (x.kind === 'one') {
    const { value } = x
    if (isFrom('f32') || isFrom('f64')) {
      const source = isFrom('f32') ? 'f32' : 'f64'
      if (to === 'f32') return one(to, graph.op('f32_demote_f64', [value]))
      if (to === 'f64') return one(to, graph.op('f64_promote_f32', [value]))
      return one(to, graph.op(`i32_trunc_sat_${source}_${to === 'u32' ? 'u' : 's'}`, [value]))
    }
    if (to === 'f32' || to === 'f64') return one(to, graph.op(`${to}_convert_i32_${isFrom('u32') ? 'u' : 's'}`, [value]))
    return one(to, value)
  }
  const parts = lanes.parts(x)
  const sign = (scalar: Scalar) => (scalar === 'u32' ? 'u' : 's')
  if (isFrom('f32')) return many(to, to === 'f64' ? widened(lanes, parts, 'f64x2_promote_low_f32x4') : lanes.map(`i32x4_trunc_sat_f32x4_${sign(to)}`, [parts]))
  if (isFrom('f64')) return many(to, narrowed(lanes, parts, to === 'f32' ? 'f32x4_demote_f64x2_zero' : `i32x4_trunc_sat_f64x2_${sign(to)}_zero`))
  if (to === 'f32') return many(to, lanes.map(`f32x4_convert_i32x4_${sign(from)}`, [parts]))
  if (to === 'f64') return many(to, widened(lanes, parts, `f64x2_convert_low_i32x4_${sign(from)}`))
  return many(to, parts)
}

/** From four numbers a vector to two. */
function widened(lanes: Lanes, parts: readonly Value[], name: 'f64x2_promote_low_f32x4' | 'f64x2_convert_low_i32x4_s' | 'f64x2_convert_low_i32x4_u'): readonly Value[] {
  return Array.from({ length: lanes.partsOf(2) }, (_, k) => {
    const part = at(parts, k >> 1)
    return lanes.graph.op(name, [k % 2 === 0 ? part : lanes.graph.op('i8x16_shuffle', [part, part], { lanes: pick(8, 1, 0) })])
  })
}

/** From two numbers a vector to four. */
function narrowed(lanes: Lanes, parts: readonly Value[], name: 'f32x4_demote_f64x2_zero' | 'i32x4_trunc_sat_f64x2_s_zero' | 'i32x4_trunc_sat_f64x2_u_zero'): readonly Value[] {
  return Array.from({ length: lanes.partsOf(4) }, (_, k) => {
    const low = lanes.graph.op(name, [at(parts, 2 * k)])
    const high = parts[2 * k + 1]
    return high ? lanes.graph.op('i8x16_shuffle', [low, lanes.graph.op(name, [high])], { lanes: pick(8, 0, 2) }) : low
  })
}

/** The same bits as another type of 32 bits. */
export function bitcast(lanes: Lanes, x: Operand, to: Scalar): Operand {
  if (x.kind === 'many') return many(to, x.parts, widthOf(to))
  if (x.scalar === 'f32' && to !== 'f32') return one(to, lanes.graph.op('i32_reinterpret_f32', [x.value]))
  return one(to, x.scalar !== 'f32' && to === 'f32' ? lanes.graph.op('f32_reinterpret_i32', [x.value]) : x.value)
}
