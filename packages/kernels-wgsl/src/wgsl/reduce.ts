import type * as kernels from '@equivar/core/kernels'
import { binaryText } from './arithmetic.ts'
import { neutralElement, typeName } from './literals.ts'
import type { PrinterState } from './state.ts'

type Reduce = Extract<kernels.Instruction, { readonly op: 'reduce' }>

/**
 * The fixed tree of the language. Where lanes run in step they exchange values crosswise, which gives all of them what the tree gives
 * its root, to the bit: addition, minimum and maximum do not depend on the order of two.
 */
export function reduce(state: PrinterState, { operator, x, active, result }: Reduce): void {
  const { lanes, reduce: method, subgroupSize } = state.group
  const scalar = state.scalar(x)
  const neutral = neutralElement(operator, scalar)
  if (neutral.startsWith('from_bits')) state.helpers.add('from_bits')
  const operands = (a: string, b: string) => binaryText(operator === 'sum' ? 'add' : operator, scalar, a, b)
  let value = active === null ? state.use(x) : `select(${neutral}, ${state.use(x)}, ${state.lane} < ${state.use(active)})`
  const step = (text: string) => {
    const name = state.temporary()
    state.line(`let ${name} = ${text};`)
    value = name
  }
  const cross = (from: number) => {
    for (let distance = from; distance >= 1; distance /= 2) step(operands(value, `subgroupShuffleXor(${value}, ${distance}u)`))
  }
  if (lanes === 1) {
    state.define(result, value)
    return
  }
  if (active !== null) step(value)
  if (method === 'subgroup') {
    cross(lanes / 2)
    state.name(result, value)
    return
  }
  const type = typeName(scalar)
  const array = state.workgroupVariable(`tree_${type}`, `array<${type}, ${lanes}>`)
  state.line(`${array}[lane] = ${value};`)
  state.line('workgroupBarrier();')
  if (method === 'subgroups') {
    // Every subgroup adds up its own share of all of them.
    const names = Array.from({ length: lanes / subgroupSize }, (_, k) => {
      step(`${array}[(lane & ${subgroupSize - 1}i) + ${k * subgroupSize}i]`)
      return value
    })
    state.line('workgroupBarrier();')
    for (let half = names.length / 2; half >= 1; half /= 2)
      for (let k = 0; k < half; k++) {
        step(operands(names[k] ?? '', names[k + half] ?? ''))
        names[k] = value
      }
    value = names[0] ?? value
    cross(subgroupSize / 2)
    state.name(result, value)
    return
  }
  for (let distance = 2 ** Math.ceil(Math.log2(lanes)) / 2; distance >= 1; distance /= 2) {
    const end = Math.min(distance, lanes - distance)
    state.line(`if (lane < ${end}) { ${array}[lane] = ${operands(`${array}[lane]`, `${array}[lane + ${distance}]`)}; }`)
    state.line('workgroupBarrier();')
  }
  state.define(result, `${array}[0]`)
  state.line('workgroupBarrier();')
}
