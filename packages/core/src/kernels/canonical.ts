import { InternalError } from '../errors.ts'
import type { Block, Instruction, Kernel, KernelType, ValueId } from './ir.ts'
import { handedOut, isPure, mapOperands, operandsOf, resultsOf } from './walk.ts'

/** The kernel with its values numbered in the order of their definition: two that differ in numbers only become equal. */
export function renumber(kernel: Kernel): Kernel {
  const types: KernelType[] = []
  const numbers = new Map<ValueId, ValueId>()
  const define = (id: ValueId): ValueId => {
    const type = kernel.types[id]
    if (!type) throw new InternalError(`kernel '${kernel.name}': value ${id} has no type`)
    numbers.set(id, types.length)
    types.push(type)
    return types.length - 1
  }
  const use = (id: ValueId): ValueId => {
    const number = numbers.get(id)
    if (number === undefined) throw new InternalError(`kernel '${kernel.name}': value ${id} is used before it is defined`)
    return number
  }
  const renumberBlock = (block: Block): Block => block.map(renumberInstruction)
  const renumberInstruction = (old: Instruction): Instruction => {
    const instruction = mapOperands(old, use)
    if (instruction.op === 'loop') {
      const counter = define(instruction.counter)
      const inside = instruction.carried.map((carried) => define(carried.inside))
      const body = renumberBlock(instruction.body)
      const next = instruction.carried.map((carried) => use(carried.next))
      const carried = instruction.carried.map(({ initial, result }, k) => ({ initial, inside: inside[k] ?? 0, next: next[k] ?? 0, result: define(result) }))
      return { ...instruction, counter, carried, body }
    }
    if (instruction.op === 'branch') {
      const sides = handedOut(instruction).map(({ block, values }) => ({ block: renumberBlock(block), values: values.map(use) }))
      const [then, otherwise] = sides
      const results = instruction.results.map(({ result }, k) => ({ then: then?.values[k] ?? 0, otherwise: otherwise?.values[k] ?? 0, result: define(result) }))
      return { ...instruction, then: then?.block ?? [], otherwise: otherwise?.block ?? [], results }
    }
    return 'result' in instruction ? { ...instruction, result: define(instruction.result) } : instruction
  }
  const body = renumberBlock(kernel.body)
  return { ...kernel, types, body }
}

/** The kernel without instructions whose results nobody uses and that do nothing else. */
export function withoutDeadCode(kernel: Kernel): Kernel {
  const used = new Set<ValueId>()
  const keep = (ids: Iterable<ValueId>) => {
    for (const id of ids) used.add(id)
  }
  // Backwards, so that all uses of a value are known when its definition is met; carried values that are handed on count as used.
  const prune = (block: Block): Block => {
    const kept: Instruction[] = []
    for (const instruction of [...block].reverse()) {
      if (isPure(instruction) && !resultsOf(instruction).some((id) => used.has(id))) continue
      kept.push(pruneInside(instruction))
      keep(operandsOf(instruction))
    }
    return kept.reverse()
  }
  const pruneInside = (instruction: Instruction): Instruction => {
    for (const { values } of handedOut(instruction)) keep(values)
    if (instruction.op === 'loop') return { ...instruction, body: prune(instruction.body) }
    if (instruction.op === 'branch') return { ...instruction, then: prune(instruction.then), otherwise: prune(instruction.otherwise) }
    return instruction
  }
  return { ...kernel, body: prune(kernel.body) }
}
