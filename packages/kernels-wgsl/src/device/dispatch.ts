import type { CheckedLaunch, Launch } from '@equivar/core'
import type * as kernels from '@equivar/core/kernels'
import type { Variant, WebgpuExecutable } from './executable.ts'
import { refusal } from './gpu.ts'
import { type Packing, placementOf, type PlacementOptions, type Stretch } from './placement.ts'

/** A launch made ready, but for its bind group. */
export interface Dispatch {
  readonly variant: Variant
  readonly stretches: readonly (Stretch | null)[]
  /** What is copied before. */
  readonly packing: Packing | null
  /** The numbers given at launch. */
  readonly words: Uint32Array
  readonly groupsX: number
  readonly groupsY: number
}

interface DispatchOptions extends PlacementOptions {
  /** Bytes of one variable at most. */
  readonly maxBindingBytes: number
}

/** Workgroups along one axis that every device allows. */
const maxGroups = 65535

/** `null` if nothing runs. @throws {DeviceError} if there are more programs than a dispatch has, or larger buffers than a module. */
export function dispatchOf(executable: WebgpuExecutable, launch: Launch, checked: CheckedLaunch, options: DispatchOptions): Dispatch | null {
  const { kernel } = executable
  const { numPrograms } = checked
  if (numPrograms === 0) return null
  const { places, stretches, offsets, packing } = placementOf(kernel, launch, options)
  const widest = stretches.reduce((most, stretch) => Math.max(most, stretch?.byteLength ?? 0), 0)
  if (widest > options.maxBindingBytes)
    throw refusal(`kernel '${kernel.name}' has a buffer of ${widest} bytes, but the device shows a kernel at most ${options.maxBindingBytes}; split the work into smaller batches`)
  const variant = executable.variant(places)
  const groups = Math.ceil(numPrograms / variant.printed.programs)
  const groupsX = Math.min(groups, maxGroups)
  const groupsY = Math.ceil(groups / groupsX)
  if (groupsY > maxGroups) throw refusal(`kernel '${kernel.name}': a grid of ${launch.grid.join(' × ')} programs is too large; split the work into smaller batches`)
  return { variant, stretches, packing, words: wordsOf(kernel, variant, launch, { checked, groupsX, offsets }), groupsX, groupsY }
}

function wordsOf(
  kernel: kernels.Kernel,
  { printed: { layout } }: Variant,
  { grid }: Launch,
  { checked, groupsX, offsets }: { readonly checked: CheckedLaunch; readonly groupsX: number; readonly offsets: readonly number[] },
): Uint32Array {
  const words = new Uint32Array(layout.words)
  const floats = new Float32Array(words.buffer)
  words[layout.numPrograms] = checked.numPrograms
  words[layout.groupsX] = groupsX
  for (const [axis, word] of layout.grid.entries()) words[word] = grid[axis] ?? 0
  for (const [k, word] of layout.parameters.entries()) {
    const value = checked.parameters[k] ?? 0
    if (kernel.parameters[k]?.scalar === 'f32') floats[word] = value
    else words[word] = value
  }
  for (const [k, word] of layout.offsets.entries()) words[word] = offsets[k] ?? 0
  return words
}
