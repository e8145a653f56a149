import type * as kernels from '@equivar/core/kernels'
import { instructionsOf, usedValues } from './walk.ts'

/** Invocations of a workgroup that programs of few lanes are put together to. */
const fewInvocations = 64

/** How the lanes of a program meet in a sum. */
export type ReduceMethod = 'none' | 'subgroup' | 'subgroups' | 'tree'

/** How programs lie in workgroups. */
export interface Group {
  /** Lanes of a program. */
  readonly lanes: number
  /** Programs of a workgroup; one where its lanes wait for each other. */
  readonly programs: number
  readonly reduce: ReduceMethod
  /** Invocations that run in step, 0 if that cannot be relied on. */
  readonly subgroupSize: number
}

/** @param subgroupSize invocations that run in step, 0 if the device has no such instructions or sizes vary. */
export function groupOf(kernel: kernels.Kernel, subgroupSize: number): Group {
  const { lanes, shared } = kernel
  const all = [...instructionsOf(kernel.body)]
  const reduces = lanes > 1 && all.some(({ op }) => op === 'reduce')
  const reduce = reduces ? reduceMethod(lanes, subgroupSize) : 'none'
  const isAlone = shared.length > 0 || reduce === 'tree' || reduce === 'subgroups' || (lanes > 1 && waits(kernel, all))
  // Programs that share a subgroup go different ways, and then shuffles would miss each other.
  const isSplit = reduce === 'subgroup' && lanes < subgroupSize
  return { lanes, programs: isAlone || isSplit ? 1 : Math.max(1, Math.floor(fewInvocations / lanes)), reduce, subgroupSize }
}

function reduceMethod(lanes: number, subgroupSize: number): ReduceMethod {
  const isPower = (lanes & (lanes - 1)) === 0
  if (!isPower || subgroupSize < 2) return 'tree'
  return lanes <= subgroupSize ? 'subgroup' : 'subgroups'
}

/** Whether something but a reduction makes lanes wait. */
function waits(kernel: kernels.Kernel, all: readonly kernels.Instruction[]): boolean {
  const used = usedValues(kernel.body)
  const exchanged = exchangedMemory(kernel)
  return all.some((instruction) => {
    if (instruction.op === 'barrier' || instruction.op === 'tileMultiplyAdd') return true
    if (instruction.op === 'atomic') return isUniform(kernel, instruction.result) && used.has(instruction.result)
    return instruction.op === 'store' && isOnce(kernel, instruction) && exchanged.has(memoryKey(instruction.memory))
  })
}

export function isUniform({ types }: kernels.Kernel, id: kernels.ValueId): boolean {
  return types[id]?.uniformity === 'uniform'
}

/** Whether one element is stored, once a program. */
export function isOnce(kernel: kernels.Kernel, { index, mask }: Extract<kernels.Instruction, { readonly op: 'store' }>): boolean {
  return isUniform(kernel, index) && (mask === null || isUniform(kernel, mask))
}

export function memoryKey({ space, slot }: kernels.MemoryRef): string {
  return `${space}${slot}`
}

/** Memory in which a program leaves single elements and reads single elements: one lane writes what all will read, or have read. */
export function exchangedMemory(kernel: kernels.Kernel): ReadonlySet<string> {
  const [stored, loaded] = [new Set<string>(), new Set<string>()]
  for (const instruction of instructionsOf(kernel.body)) {
    if (instruction.op === 'store' && isOnce(kernel, instruction)) stored.add(memoryKey(instruction.memory))
    if (instruction.op === 'load' && isUniform(kernel, instruction.result)) loaded.add(memoryKey(instruction.memory))
  }
  return new Set([...stored].filter((key) => loaded.has(key)))
}
