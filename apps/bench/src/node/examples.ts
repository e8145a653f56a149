import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { relativeError } from '../cases/arrays.ts'
import { registerBackends } from './backends.ts'
import { writeFile } from './files.ts'

/** What a program computed, and where. */
interface ExampleRun {
  readonly device: string
  readonly arrays: Readonly<Record<string, readonly number[]>>
}

interface Computed {
  readonly device: string
  data(): Promise<ArrayLike<number>>
}

/** The programs of the tutorial as they stand: importing one runs it, on the device that `'auto'` gives. */
const programs = {
  'module-style': async () => {
    const { contracted, loss, messages, mixed, skipTp, y } = await import('../../../../examples/module-style/main.ts')
    const [weight] = skipTp.parameters()
    if (!weight?.grad) throw new Error('module-style: there is no gradient')
    return runOf({ contracted, messages, mixed, y, loss, gradient: weight.grad })
  },
  'functional-layer': async () => {
    const { nodeOutputs } = await import('../../../../examples/functional-layer/main.ts')
    return runOf({ nodeOutputs: nodeOutputs.array })
  },
  'functional-mace': async () => {
    const { losses, targets } = await import('../../../../examples/functional-mace/main.ts')
    const { device, arrays } = await runOf({ ...targets })
    return { device, arrays: { ...arrays, firstLoss: losses.slice(0, 1), losses } }
  },
} as const
export type ExampleName = keyof typeof programs
export const exampleNames = Object.keys(programs) as readonly ExampleName[]

/** `max|a − b| / max|b|` in float32. Steps of Adam divide by what rounding changes, so losses drift apart. */
const tolerances: Readonly<Record<string, number>> = { losses: 1e-2 }
const usualTolerance = 2e-5

async function runOf(results: Readonly<Record<string, Computed>>): Promise<ExampleRun> {
  const entries = await Promise.all(Object.entries(results).map(async ([name, result]) => [name, Array.from(await result.data())] as const))
  return { device: Object.values(results)[0]?.device ?? '', arrays: Object.fromEntries(entries) }
}

/** Runs one program on the best device of one kind, in this process, which must be new, and writes what it computed. */
export async function runExample(name: ExampleName, backend: string, out: string): Promise<void> {
  await registerBackends([backend], 2)
  const run = await programs[name]()
  // What is better and installed comes first.
  if (!run.device.startsWith(backend)) throw new Error(`${name} ran on ${run.device}, not on ${backend}: take a folder of tools/gpu-host.mjs, which finds nothing else`)
  writeFile(out, JSON.stringify(run))
}

export interface ExamplesOptionTexts {
  readonly backend: string
  readonly examples?: readonly ExampleName[]
}

/** Runs the programs on a device and on the processor, and compares what they computed; how many arrays differ. */
export function runExamples({ backend, examples = exampleNames }: ExamplesOptionTexts): number {
  const folder = mkdtempSync(join(tmpdir(), 'equivar-examples-'))
  try {
    let differing = 0
    for (const name of examples) {
      for (const { agrees, text } of agreements(name, inProcess(name, backend, folder), inProcess(name, 'cpu', folder))) {
        if (!agrees) differing++
        console.log(text)
      }
    }
    return differing
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Array by array; NaN agrees with nothing. */
export function agreements(name: string, own: ExampleRun, expected: ExampleRun): readonly { readonly agrees: boolean; readonly text: string }[] {
  return Object.entries(expected.arrays).map(([array, reference]) => {
    const error = relativeError(own.arrays[array] ?? [], reference)
    const tolerance = tolerances[array] ?? usualTolerance
    const agrees = error <= tolerance
    const difference = `${own.device} and ${expected.device} differ by ${error.toExponential(1)} of ${tolerance}`
    return { agrees, text: `${agrees ? 'ok' : 'DIFFERS'} ${name} ${array}, ${reference.length} elements: ${difference}` }
  })
}

function inProcess(name: ExampleName, backend: string, folder: string): ExampleRun {
  const out = join(folder, `${name}-${backend}.json`)
  // The best device is asked first, unless there is none to be seen.
  const hidden = backend === 'cuda' ? {} : { CUDA_VISIBLE_DEVICES: '-1' }
  execFileSync(process.execPath, [...process.execArgv, process.argv[1] ?? '', 'example', name, '--backend', backend, '--out', out], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...hidden },
  })
  return JSON.parse(readFileSync(out, 'utf8')) as ExampleRun
}
