import type { Capabilities } from '@equivar/core'
import * as kernels from '@equivar/core/kernels'

type Expression = kernels.Expression
const { KernelBuilder, varying } = kernels

/** Independent sums of a program, and multiply-adds of each of them in one turn of the loop. */
export const chains = 12
export const unrolled = 4

/** Lanes that fill the hardware: a vector register, or a few warps. */
export function lanesOf({ lanes, vectorBytes, maxLanes }: Pick<Capabilities, 'lanes' | 'vectorBytes' | 'maxLanes'>, scalar: 'f32' | 'f64'): number {
  return lanes === 'simd' ? Math.max(1, vectorBytes / (scalar === 'f32' ? 4 : 8)) : Math.min(256, maxLanes)
}

/** `x_k ← x_k · a + b` again and again in registers: nothing but multiply-adds. */
export function multiplyAdds(scalar: 'f32' | 'f64', lanes: number): kernels.Kernel {
  const b = new KernelBuilder(`multiplyAdds_${scalar}`, { lanes })
  const turns = b.parameter('turns', 'index')
  const x = b.buffer('x', scalar, 'read', { extent: 2 * lanes })
  const y = b.buffer('y', scalar, 'write', { extent: b.gridExtent(0).times(lanes) })
  const [factor, offset] = [x.loadLanes(0), x.loadLanes(lanes)]
  const carry = Array.from({ length: chains }, (_, k) => offset.mul(k))
  const next = (_: Expression, values: readonly Expression[]) => {
    let now = values
    for (let k = 0; k < unrolled; k++) now = now.map((value) => value.fma(factor, offset))
    return now
  }
  const sums: readonly Expression[] = b.loop(0, turns, { carry: carry.map((value) => varying(value)) }, next)
  y.storeLanes(b.programId().mul(lanes), sums.reduce((total, sum) => total.add(sum)))
  return b.build()
}

/** Vectors of lanes that a program of {@link copy} moves. */
export const vectorsOfProgram = 16

/** `y[i] = x[i]` */
export function copy(lanes: number): kernels.Kernel {
  const b = new KernelBuilder('copy', { lanes })
  const length = b.gridExtent(0).times(vectorsOfProgram * lanes)
  const x = b.buffer('x', 'f32', 'read', { extent: length })
  const y = b.buffer('y', 'f32', 'write', { extent: length })
  const base = b.programId().mul(vectorsOfProgram * lanes)
  const values = Array.from({ length: vectorsOfProgram }, (_, k) => x.loadLanes(base.add(k * lanes)))
  for (const [k, value] of values.entries()) y.storeLanes(base.add(k * lanes), value)
  return b.build()
}
