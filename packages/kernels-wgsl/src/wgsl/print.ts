import * as kernels from '@equivar/core/kernels'
import { type BufferPlaces } from './bindings.ts'
import { BodyPrinter } from './body.ts'
import { exchangedMemory, groupOf, isOnce, isUniform, memoryKey } from './group.ts'
import { helperText } from './helpers.ts'
import { MemoryPrinter, uniformWord } from './memory.ts'
import { PrinterState } from './state.ts'
import { uniformityOf } from './uniformity.ts'
import { type UniformLayout, uniformLayout } from './uniforms.ts'
import { mostSums } from './sum-batch.ts'
import { blocksOf, usedValues, usesOf } from './walk.ts'
import { asVectors, type Together, widthsOf } from './widths.ts'

export interface PrintOptions {
  /** Invocations that run in step and exchange values; 0 where there is no such thing, or their number varies. */
  readonly subgroupSize: number
  readonly places: BufferPlaces
}

export interface PrintedKernel {
  readonly code: string
  /** Programs that a workgroup runs. */
  readonly programs: number
  readonly layout: UniformLayout
}

/**
 * The kernel as a WGSL module with entry point `main`: `given` at binding 0 of group 0, a uniform buffer of the numbers given at launch
 * (see {@link UniformLayout}), and buffer k at binding k + 1, unless it shares the variable of another.
 *
 * Lanes are invocations. Programs with few lanes share a workgroup, unless lanes have to wait for each other. Programs are counted
 * through the first axis of workgroups, then the second, so that any number of them fits a dispatch.
 */
export function printWgsl(kernel: kernels.Kernel, { subgroupSize, places }: PrintOptions): PrintedKernel {
  const layout = uniformLayout(kernel)
  const group = groupOf(kernel, subgroupSize)
  const { lanes, programs, reduce } = group
  const [exchanged, used] = [exchangedMemory(kernel), usedValues(kernel.body)]
  const waits = (instruction: kernels.Instruction): boolean => {
    if (lanes === 1) return false
    switch (instruction.op) {
      case 'barrier':
        return true
      case 'reduce':
        return reduce !== 'subgroup'
      case 'atomic':
        return isUniform(kernel, instruction.result) && used.has(instruction.result)
      case 'store':
        return isOnce(kernel, instruction) && exchanged.has(memoryKey(instruction.memory))
      default:
        return false
    }
  }
  const state = new PrinterState(kernel, group, places, layout)
  const together = togetherOf(state)
  const memory = new MemoryPrinter(state, exchanged, used, widthsOf(kernel, state.forms, together))
  const vectors = new Map([...together].map(([block, own]) => [block, asVectors(own, block, state.forms, (ref) => memory.widthOf(ref))]))
  writeStart(state)
  new BodyPrinter(state, memory, uniformityOf(kernel, places, group, waits), vectors).block(kernel.body)
  const usesSubgroups = reduce === 'subgroup' || reduce === 'subgroups'
  const code = [
    `// ${kernel.name.replaceAll(/[^\x20-\x7e]/g, '?')}\n`,
    // Lanes of a program go one way; that is a rule of the kernel language, which WGSL cannot see.
    usesSubgroups ? 'enable subgroups;\ndiagnostic(off, subgroup_uniformity);\n' : '',
    `@group(0) @binding(0) var<uniform> given: array<vec4<u32>, ${layout.words / 4}>;\n`,
    memory.declarations(),
    ...[...state.scratch].map(([name, type]) => `var<workgroup> ${name}: ${type};\n`),
    helperText(state.helpers),
    `@compute @workgroup_size(${lanes * programs})\n`,
    'fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {\n',
    state.text,
    '}\n',
  ].join('')
  return { code, programs, layout }
}

/** What is made together, by block. */
function togetherOf({ kernel, group, forms }: PrinterState): ReadonlyMap<kernels.Block, Together> {
  const found = new Map<kernels.Block, Together>()
  const options = { uses: usesOf(kernel.body), mostAtOnce: () => mostSums(group) }
  const visit = (block: kernels.Block) => {
    const sums = mostSums(group) > 0 ? kernels.sumBatches(forms, block, options) : noSums
    const rest = block.filter((instruction) => !sums.done.has(instruction))
    found.set(block, { loads: kernels.adjacentLoads(forms, block), stores: kernels.adjacentStores(forms, rest), sums })
    for (const instruction of block) for (const inner of blocksOf(instruction)) visit(inner)
  }
  visit(kernel.body)
  return found
}

const noSums: kernels.SumBatches = { batches: new Map(), done: new Set() }

/** Which program and lane this is. */
function writeStart(state: PrinterState): void {
  const { group, layout } = state
  const { lanes, programs } = group
  const first = `group.x + group.y * ${uniformWord(layout.groupsX)}`
  if (programs === 1) state.line(`let program = i32(${first});`)
  else state.line(`let program = i32((${first}) * ${programs}u + invocation${lanes === 1 ? '' : ` / ${lanes}u`});`)
  if (lanes > 1) state.line(`let lane = i32(invocation${programs === 1 ? '' : ` % ${lanes}u`});`)
  state.line(`if (program >= i32(${uniformWord(layout.numPrograms)})) { return; }`)
}
