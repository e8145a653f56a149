import type * as kernels from '@equivar/core/kernels'
import type { MemoryPrinter } from './memory.ts'
import { typeName } from './literals.ts'
import type { PrinterState } from './state.ts'

/** Bytes of workgroup memory through which subgroups hand one another what they add up. */
const mostExchanged = 4096

/** Sums that are made at once: no subgroup has more than it has lanes; 0 where lanes cannot exchange values. */
export function mostSums({ lanes, reduce, subgroupSize }: PrinterState['group']): number {
  if (reduce === 'subgroup') return lanes === subgroupSize ? subgroupSize : 0
  if (reduce !== 'subgroups') return 0
  const groups = lanes / subgroupSize
  return Math.min(subgroupSize * groups, Math.floor(mostExchanged / (4 * lanes) / groups) * groups)
}

/**
 * The trees of the language for several sums at once. Across subgroups each takes its share of the sums; within one a lane keeps one half of
 * the sums that it has and gives the other half to its partner, until it has one.
 */
export function sumTogether(state: PrinterState, memory: MemoryPrinter, { reduces, first, distance }: kernels.SumBatch): void {
  const { lanes, subgroupSize } = state.group
  const groups = lanes / subgroupSize
  const share = Math.ceil(reduces.length / groups)
  const own = reduces.map(({ x }) => state.use(x))
  let values = groups === 1 ? own : acrossSubgroups(state, typeName(state.scalar(reduces[0]?.x ?? 0)), own, share)
  const define = (text: string) => {
    const name = state.temporary()
    state.line(`let ${name} = ${text};`)
    return name
  }
  const zero = define(`${typeName(state.scalar(reduces[0]?.x ?? 0))}(0)`)
  let number = groups === 1 ? '0' : `(lane / ${subgroupSize}) * ${share}`
  let step = subgroupSize / 2
  for (; values.length > 1 && step >= 1; step /= 2) {
    // A power of two, so that no two lanes take themselves for the holder of one sum.
    const half = 2 ** Math.ceil(Math.log2(values.length) - 1)
    const isUpper = define(`(lane & ${step}) != 0`)
    number += ` + select(0i, ${half}i, ${isUpper})`
    values = values.slice(0, half).map((low, k) => {
      const high = values[k + half] ?? zero
      return define(`select(${low}, ${high}, ${isUpper}) + subgroupShuffleXor(select(${high}, ${low}, ${isUpper}), ${step}u)`)
    })
  }
  let [total = zero] = values
  const owners = 2 * step
  for (; step >= 1; step /= 2) total = define(`${total} + subgroupShuffleXor(${total}, ${step}u)`)
  const sum = define(number)
  const end = groups === 1 ? `${reduces.length}` : `min((lane / ${subgroupSize} + 1) * ${share}, ${reduces.length})`
  const isOwner = `${sum} < ${end}${owners > 1 ? ` && (lane & ${owners - 1}) == 0` : ''}`
  memory.storeSum(first, `${state.use(first.index)} + ${sum} * ${distance}`, total, isOwner)
}

/** Every subgroup gets its share of the sums, each as one value a lane. */
function acrossSubgroups(state: PrinterState, type: string, own: readonly string[], share: number): string[] {
  const { lanes, subgroupSize } = state.group
  const groups = lanes / subgroupSize
  // Shares may reach behind the last sum; what is there is not used.
  const array = state.workgroupVariable(`exchange_${type}`, `array<${type}, ${mostExchanged / 4}>`)
  state.line('workgroupBarrier();')
  for (const [k, value] of own.entries()) state.line(`${array}[lane + ${k * lanes}] = ${value};`)
  state.line('workgroupBarrier();')
  const place = state.temporary()
  state.line(`let ${place} = (lane / ${subgroupSize}) * ${share * lanes} + (lane & ${subgroupSize - 1});`)
  return Array.from({ length: share }, (_, j) => {
    let parts = Array.from({ length: groups }, (__, k) => `${array}[${place} + ${j * lanes + k * subgroupSize}]`)
    while (parts.length > 1) {
      const half = parts.length / 2
      parts = parts.slice(0, half).map((part, k) => `(${part} + ${parts[k + half] ?? ''})`)
    }
    const name = state.temporary()
    state.line(`let ${name} = ${parts[0] ?? ''};`)
    return name
  })
}
