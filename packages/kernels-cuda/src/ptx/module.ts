import * as kernels from '@equivar/core/kernels'
import { writeBlock } from './body.ts'
import type { EntryParameters } from './parameters.ts'
import type { BlockShape } from './shape.ts'
import { PtxState } from './state.ts'
import type { IndexBits } from './types.ts'

/** A kernel as text for the compiler of the driver. */
export interface PtxModule {
  readonly text: string
  /** Name of its entry. */
  readonly name: string
  readonly shape: BlockShape
  readonly entry: EntryParameters
  /** Shared memory of a block, all of it asked for at launch. */
  readonly sharedBytes: number
}

/** What every GPU since Ampere runs, and the first version of the language that knows it. */
const header = ['.version 7.0', '.target sm_80', '.address_size 64']

/**
 * A kernel as PTX: lanes are threads; a program is a block, or a warp or a part of one that shares its block with others.
 *
 * @param indexBits width of an `index`; 32 serve as long as no buffer of a launch, no number given and no grid reaches 2^31.
 */
export function printPtx(kernel: kernels.Kernel, indexBits: IndexBits): PtxModule {
  const state = new PtxState(kernel, indexBits, countUses(kernel.body))
  writeBlock(state, kernel.body)
  const { entry, shape, writer } = state
  const name = `kernel_${kernel.name}`
  const all = [...entry.buffers, ...entry.parameters, ...entry.grid, entry.numPrograms]
  const parameters = all.map((own) => `  .param .${own.type} ${own.name}`).join(',\n')
  const threads = shape.threads * shape.programs
  const text = [
    ...header,
    '',
    ...state.sharedDeclarations,
    `.visible .entry ${name}(`,
    parameters,
    ')',
    `.reqntid ${threads}, 1, 1`,
    // Without it the compiler takes a number of its own, for which it may spill.
    minBlocks(1),
    '{',
    writer.text(),
    '  ret;',
    '}',
    '',
  ].join('\n')
  return { text, name, shape, entry, sharedBytes: state.sharedBytes }
}

const minBlocks = (count: number) => `.minnctapersm ${count}`

/** The same text for so many blocks that a multiprocessor shall run at the same time, which limits registers. */
export function withMinBlocks(text: string, count: number): string {
  return text.replace(minBlocks(1), minBlocks(count))
}

/** How often instructions take a value or blocks hand it out. */
function countUses(body: kernels.Block): ReadonlyMap<kernels.ValueId, number> {
  const uses = new Map<kernels.ValueId, number>()
  const use = (id: kernels.ValueId) => uses.set(id, (uses.get(id) ?? 0) + 1)
  const visit = (block: kernels.Block): void => {
    for (const instruction of block) {
      kernels.operandsOf(instruction).forEach(use)
      if (instruction.op === 'loop') {
        for (const { next } of instruction.carried) use(next)
        visit(instruction.body)
      } else if (instruction.op === 'branch') {
        for (const { then, otherwise } of instruction.results) [then, otherwise].forEach(use)
        visit(instruction.then)
        visit(instruction.otherwise)
      }
    }
  }
  visit(body)
  return uses
}
