import type * as kernels from '@equivar/core/kernels'

type Store = Extract<kernels.Instruction, { readonly op: 'store' }>
type Uses = ReadonlyMap<kernels.ValueId, number>
type Load = Extract<kernels.Instruction, { readonly op: 'load' }>

/**
 * Shared arrays that are filled by copies of buffers nobody writes, and read by products of tiles only. Products stand behind a barrier, so
 * such copies need not be waited for before.
 */
export function copiedArrays(kernel: kernels.Kernel, uses: Uses, forms: kernels.IndexForms): ReadonlySet<number> {
  const [copied, others] = [new Set<number>(), new Set<number>()]
  const visit = (block: kernels.Block): void => {
    const own = new Set<kernels.Instruction>(block)
    for (const instruction of block) {
      if (instruction.op === 'loop') visit(instruction.body)
      else if (instruction.op === 'branch') [instruction.then, instruction.otherwise].forEach(visit)
      else if (instruction.op === 'tileMultiplyAdd') others.add(instruction.target.slot)
      else if ('memory' in instruction && instruction.memory.space === 'shared') {
        const load = instruction.op === 'store' ? copiedLoad(kernel, uses, forms, instruction) : undefined
        if (load && own.has(load)) copied.add(instruction.memory.slot)
        else others.add(instruction.memory.slot)
      }
    }
  }
  visit(kernel.body)
  return new Set([...copied].filter((slot) => !others.has(slot)))
}

/** The load whose value a store hands on, if that is all that happens to it and every lane has one. */
export function copiedLoad(kernel: kernels.Kernel, uses: Uses, forms: kernels.IndexForms, { value, index, mask }: Store): Load | undefined {
  const load = forms.definition(value)
  if (load?.op !== 'load' || load.memory.space !== 'buffer' || uses.get(value) !== 1 || mask !== null) return undefined
  const isVarying = [index, load.index].every((id) => kernel.types[id]?.uniformity === 'varying')
  return isVarying && kernel.buffers[load.memory.slot]?.access === 'read' ? load : undefined
}
