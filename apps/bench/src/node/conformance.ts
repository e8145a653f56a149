import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Backend, type BackendDevice, use } from '@equivar/core'
import { type ConformanceResults, runConformance, type Tier } from '@equivar/core/conformance'
import { CpuDevice, createCpu } from '@equivar/kernels-cpu'
import { createCuda, CudaDevice } from '@equivar/kernels-cuda'
import { createWebgpu, WebgpuDevice } from '@equivar/kernels-wgsl'
import { writeFile } from './files.ts'
import type { ConformanceBackend, Share } from './options.ts'

export interface ConformanceOptionTexts {
  readonly backend: ConformanceBackend
  readonly tier: Tier
  readonly seed: number
  readonly share: Share
  readonly processes: number
  /** Seconds after which no further round of cases is begun. */
  readonly seconds?: number
  readonly out?: string
}

/** With little memory, too, for cases that ask for more than there is. */
const backends: Readonly<Record<ConformanceBackend, (maxBytes?: number) => Backend>> = {
  cpu: (maxBytes) => createCpu({ threads: maxBytes === undefined ? 2 : 1, ...(maxBytes === undefined ? {} : { maxBytes }) }),
  cuda: (maxBytes) => createCuda(maxBytes === undefined ? {} : { maxBytes }),
  webgpu: (maxBytes) => createWebgpu(maxBytes === undefined ? {} : { maxBytes }),
}

const littleMemory = 2 ** 25
/** Parts of a share, of which no more are begun when the time is over; each is an even sample of it. */
const mostRounds = 64
/** Failures whose messages are printed; a file has them all. */
const mostPrinted = 30

/** Runs a share of the conformance suite, alone or as processes with equal parts of it; the number of failures. */
export async function runShare(options: ConformanceOptionTexts): Promise<number> {
  const results = options.processes > 1 ? await inProcesses(options) : await alone(options)
  const { failures, ...summary } = results
  for (const { name, message } of failures.slice(0, mostPrinted)) console.log(`${name}: ${message}`)
  console.log(JSON.stringify({ ...summary, failures: failures.length }))
  keep(options, results)
  return results.failed
}

function keep({ out, share }: ConformanceOptionTexts, results: ConformanceResults): void {
  if (out !== undefined) writeFile(out, `${JSON.stringify({ share, ...results }, null, 1)}\n`)
}

async function alone(options: ConformanceOptionTexts): Promise<ConformanceResults> {
  const { backend: kind, tier, seed, share, seconds } = options
  const backend = backends[kind]()
  use(backend)
  const lose = (device: BackendDevice) => {
    if (device instanceof CpuDevice || device instanceof CudaDevice || device instanceof WebgpuDevice) device.lose('for a test')
  }
  const hooks = { lose, littleMemory: backends[kind](littleMemory) }
  const began = performance.now()
  const parts: ConformanceResults[] = []
  const rounds = seconds === undefined ? 1 : mostRounds
  for (let round = 0; round < rounds && (round === 0 || performance.now() - began < 1000 * (seconds ?? 0)); round++) {
    const shard = { index: share.index + share.count * round, count: share.count * rounds }
    parts.push(await runConformance(backend, { tier, seed, shard, hooks }))
    // A process that is ended in the middle leaves the rounds that it finished.
    if (round + 1 < rounds) keep(options, together(parts, performance.now() - began))
  }
  return together(parts, performance.now() - began)
}

async function inProcesses({ backend, tier, seed, share, processes, seconds }: ConformanceOptionTexts): Promise<ConformanceResults> {
  const folder = mkdtempSync(join(tmpdir(), 'equivar-conformance-'))
  try {
    const began = performance.now()
    const parts = await Promise.all(
      Array.from({ length: processes }, async (_, k) => {
        const out = join(folder, `${k}.json`)
        const part = `${share.index + share.count * k}/${share.count * processes}`
        const arguments_ = ['conformance', '--backend', backend, '--tier', tier, '--seed', `${seed}`, '--share', part, '--out', out, ...(seconds === undefined ? [] : ['--seconds', `${seconds}`])]
        await finished(arguments_, part)
        return JSON.parse(readFileSync(out, 'utf8')) as ConformanceResults
      }),
    )
    return together(parts, performance.now() - began)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits for a process that runs this program; 1 says that cases failed, which its file tells. */
async function finished(arguments_: readonly string[], part: string): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...arguments_], { stdio: ['ignore', 'ignore', 'inherit'] })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  if (code !== 0 && code !== 1) throw new Error(`the process with share ${part} ended with ${code ?? 'a signal'}`)
}

function together(parts: readonly ConformanceResults[], milliseconds: number): ConformanceResults {
  const [first] = parts
  if (!first) throw new Error('there are no results')
  const sum = (of: (part: ConformanceResults) => number) => parts.reduce((total, part) => total + of(part), 0)
  const countsOf = (of: (part: ConformanceResults) => Pick<ConformanceResults, 'passed' | 'failed' | 'skipped'>) => ({
    passed: sum((part) => of(part).passed), failed: sum((part) => of(part).failed), skipped: sum((part) => of(part).skipped),
  })
  const skips: Record<string, number> = {}
  for (const part of parts) for (const [reason, count] of Object.entries(part.skips)) skips[reason] = (skips[reason] ?? 0) + count
  return {
    device: first.device,
    tier: first.tier,
    seed: first.seed,
    milliseconds,
    ...countsOf((part) => part),
    categories: {
      contract: countsOf((part) => part.categories.contract),
      kernel: countsOf((part) => part.categories.kernel),
      polynomial: countsOf((part) => part.categories.polynomial),
    },
    failures: parts.flatMap(({ failures }) => failures),
    skips,
  }
}
