import type { KernelResources } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'

/** What one step of a program does, and how. */
export interface StepExplanation {
  /** `mul`, `segmentedPolynomial`, or all that run as one kernel. */
  readonly primitives: readonly string[]
  /** Names of kernels in the order in which they are launched; empty where nothing is to be done. */
  readonly kernels: readonly string[]
  readonly flops: number
  readonly bytes: number
  /** How it is executed; `'alias'` shares memory, `'host'` runs in plain TypeScript, `'control flow'` runs the steps that it holds. */
  readonly method: lowering.Method | 'elementwise' | 'kernels' | 'alias' | 'host' | 'control flow'
  readonly outputs: readonly string[]
  /** What its kernels take one after another, by a clock of the device; of {@link Program.profile}, where the device has one and what is
   * large is no input or output of the program. */
  readonly milliseconds?: number
  /** What a compiler made of the kernels, one by one, on devices where it says so. */
  readonly resources?: readonly KernelResources[]
}

/** What a program does for the shapes of its last call; `toString()` is for people. */
export interface ProgramExplanation {
  readonly steps: readonly StepExplanation[]
  readonly flops: number
  readonly bytes: number
  toString(): string
}

export function explanationOf(steps: readonly StepExplanation[]): ProgramExplanation {
  const flops = steps.reduce((sum, step) => sum + step.flops, 0)
  const bytes = steps.reduce((sum, step) => sum + step.bytes, 0)
  return {
    steps,
    flops,
    bytes,
    toString() {
      const isKnown = steps.some(({ resources }) => resources !== undefined)
      const isTimed = steps.some(({ milliseconds }) => milliseconds !== undefined)
      const rows = steps.map((step) => [
        step.primitives.length > 4 ? `${step.primitives.slice(0, 4).join(' ')} … (${step.primitives.length})` : step.primitives.join(' '),
        step.method,
        step.kernels.join(' '),
        count(step.flops),
        count(step.bytes),
        step.outputs.join(' '),
        ...(isTimed ? ratesText(step) : []),
        ...(isKnown ? [(step.resources ?? []).map(resourcesText).join(' ')] : []),
      ])
      const heads = ['primitives', 'method', 'kernels', 'flops', 'bytes', 'outputs', ...(isTimed ? ['ms', 'bytes/s', 'flops/s'] : []), ...(isKnown ? ['registers'] : [])]
      return table([heads, ...rows, ['', '', '', count(flops), count(bytes), '']])
    },
  }
}

/** Registers of a thread, shared memory of a block, and what did not fit into registers: `96+2.05kB`, `255+0B, 64B spilled`. */
function resourcesText({ registers, sharedBytes, spilledBytes }: KernelResources): string {
  return `${registers}+${count(sharedBytes)}B${spilledBytes > 0 ? `, ${spilledBytes}B spilled` : ''}`
}

/** Milliseconds, and what was reached of bytes and flops a second. */
function ratesText({ milliseconds, bytes, flops }: StepExplanation): readonly string[] {
  if (milliseconds === undefined) return ['', '', '']
  return [milliseconds.toPrecision(3), ...[bytes, flops].map((amount) => count((1000 * amount) / milliseconds))]
}

/** `1.2M` */
function count(n: number): string {
  for (const [unit, size] of [['T', 1e12], ['G', 1e9], ['M', 1e6], ['k', 1e3]] as const) if (n >= size) return `${(n / size).toPrecision(3)}${unit}`
  return Number.isInteger(n) ? `${n}` : n.toPrecision(3)
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n')
}
