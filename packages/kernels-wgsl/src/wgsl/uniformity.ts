import type * as kernels from '@equivar/core/kernels'
import type { BufferPlaces } from './bindings.ts'
import type { Group } from './group.ts'
import { blocksOf, operandsOf } from './walk.ts'

type ValueId = kernels.ValueId
type Instruction = kernels.Instruction

/**
 * Values that are the same in all lanes though WGSL cannot know it: read from memory that is written, or come to by lanes together.
 * Where such a value decides whether lanes wait for each other, it has to go through workgroup memory.
 */
export interface Uniformity {
  /** Whether a bound of a loop, or the condition of a branch, must be made uniform for WGSL. */
  isDoubtful(instruction: Instruction, decider: ValueId): boolean
}

export function uniformityOf(kernel: kernels.Kernel, places: BufferPlaces, group: Group, waits: (instruction: Instruction) => boolean): Uniformity {
  return new Analysis(kernel, places, group, waits)
}

class Analysis implements Uniformity {
  readonly #kernel: kernels.Kernel
  readonly #places: BufferPlaces
  readonly #group: Group
  readonly #waits: (instruction: Instruction) => boolean
  readonly #doubtful = new Set<ValueId>()
  readonly #waitsInside = new Map<Instruction, boolean>()

  constructor(kernel: kernels.Kernel, places: BufferPlaces, group: Group, waits: (instruction: Instruction) => boolean) {
    this.#kernel = kernel
    this.#places = places
    this.#group = group
    this.#waits = waits
    for (let before = -1; before !== this.#doubtful.size; ) {
      before = this.#doubtful.size
      this.#block(kernel.body, false)
    }
  }

  isDoubtful(instruction: Instruction, decider: ValueId): boolean {
    return this.#hasWaits(instruction) && this.#doubtful.has(decider)
  }

  #hasWaits(instruction: Instruction): boolean {
    let known = this.#waitsInside.get(instruction)
    if (known === undefined) {
      known = blocksOf(instruction).some((block) => block.some((inner) => this.#waits(inner) || this.#hasWaits(inner)))
      this.#waitsInside.set(instruction, known)
    }
    return known
  }

  /** Whether the block runs where only some lanes might be, for all that WGSL knows. */
  #block(block: kernels.Block, isUnsure: boolean): void {
    for (const instruction of block) this.#instruction(instruction, isUnsure)
  }

  #instruction(instruction: Instruction, isUnsure: boolean): void {
    if (instruction.op === 'loop') {
      const inside = isUnsure || ([instruction.start, instruction.end, instruction.step].some((id) => this.#doubtful.has(id)) && !this.#hasWaits(instruction))
      if (inside) this.#doubtful.add(instruction.counter)
      this.#block(instruction.body, inside)
      for (const { initial, next, inside: own, result } of instruction.carried)
        if (inside || this.#doubtful.has(initial) || this.#doubtful.has(next)) this.#doubtful.add(own).add(result)
      return
    }
    if (instruction.op === 'branch') {
      const inside = isUnsure || (this.#doubtful.has(instruction.condition) && !this.#hasWaits(instruction))
      for (const block of blocksOf(instruction)) this.#block(block, inside)
      for (const { then, otherwise, result } of instruction.results)
        if (inside || this.#doubtful.has(then) || this.#doubtful.has(otherwise)) this.#doubtful.add(result)
      return
    }
    if (!('result' in instruction)) return
    const isSource = instruction.op === 'reduce' ? this.#group.lanes > 1 : instruction.op === 'load' ? this.#isWritten(instruction.memory) : instruction.op === 'atomic'
    const isDoubted = (id: ValueId) => this.#doubtful.has(id) || this.#kernel.types[id]?.uniformity === 'varying'
    if (isSource || operandsOf(instruction).some(isDoubted)) this.#doubtful.add(instruction.result)
  }

  #isWritten({ space, slot }: kernels.MemoryRef): boolean {
    return space === 'shared' || this.#places[slot]?.isWritable !== false
  }
}
