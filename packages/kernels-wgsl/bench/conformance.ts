/**
 * The conformance suite on the graphics card, tier `full` unless told, by several processes: minutes, so it is run by hand. It goes through
 * the tier in rounds, each an even sample of all cases, and begins none when its time is over: what was not reached is counted.
 * Run: npm run -s program -- packages/kernels-wgsl/bench/conformance.ts [--tier full] [--processes 2] [--seconds 540] [--out FILE]
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type CaseResult, conformanceCases, type ConformanceResults, runConformance, type Tier } from '@equivar/core/conformance'
import { createWebgpu, WebgpuDevice } from '../src/index.ts'

const { values: options } = parseArgs({
  options: {
    tier: { type: 'string', default: 'full' },
    processes: { type: 'string', default: String(availableParallelism()) },
    rounds: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '540' },
    out: { type: 'string' },
    /** Number of this process, of those that the first one started. */
    worker: { type: 'string' },
  },
})
const tier: Tier = options.tier === 'ci' ? 'ci' : 'full'
const [processes, rounds, seconds] = [Number(options.processes), Number(options.rounds), Number(options.seconds)]
const seed = 1
const began = performance.now()
const isOver = () => performance.now() - began > 1000 * seconds

/** What a worker tells: results of a round, or that it is done. */
type Message = { readonly round: Pick<ConformanceResults, 'device' | 'passed' | 'failed' | 'skipped' | 'failures' | 'skips'> } | { readonly done: true }

async function work(worker: number): Promise<void> {
  const backend = createWebgpu()
  const hooks = {
    lose: (device: unknown) => {
      if (device instanceof WebgpuDevice) device.lose('for a test')
    },
    littleMemory: createWebgpu({ maxBytes: 2 ** 25 }),
  }
  for (let round = 0; round < rounds && !isOver(); round++) {
    const { device, passed, failed, skipped, failures, skips } = await runConformance(backend, {
      tier,
      seed,
      shard: { index: worker + processes * round, count: processes * rounds },
      hooks,
      report: ({ name, outcome, message }: CaseResult) => {
        if (outcome === 'failed') console.log(`${name}: ${message ?? ''}`)
      },
    })
    process.send?.({ round: { device, passed, failed, skipped, failures, skips } } satisfies Message)
  }
  process.send?.({ done: true } satisfies Message)
}

async function lead(): Promise<void> {
  const total = conformanceCases(tier, seed).length
  const sum = { device: '', passed: 0, failed: 0, skipped: 0 }
  const failures: ConformanceResults['failures'][number][] = []
  const skips: Record<string, number> = {}
  const lost: string[] = []
  const results = () => ({
    date: new Date().toISOString(),
    ...sum,
    tier,
    seed,
    cases: total,
    notReached: total - sum.passed - sum.failed - sum.skipped,
    seconds: (performance.now() - began) / 1000,
    processes,
    lost,
    skips,
    failures,
  })
  const save = () => {
    if (options.out !== undefined) writeFileSync(options.out, `${JSON.stringify(results(), null, 1)}\n`)
  }
  const run = (worker: number) =>
    new Promise<void>((resolve) => {
      const child = fork(process.argv[1] ?? '', [...process.argv.slice(2), '--worker', String(worker)])
      let isDone = false
      child.on('message', (message: Message) => {
        if ('done' in message) {
          isDone = true
          child.disconnect()
          child.kill()
          return
        }
        const { device, passed, failed, skipped, failures: own, skips: why } = message.round
        Object.assign(sum, { device, passed: sum.passed + passed, failed: sum.failed + failed, skipped: sum.skipped + skipped })
        failures.push(...own)
        for (const [reason, count] of Object.entries(why)) skips[reason] = (skips[reason] ?? 0) + count
        save()
      })
      child.on('exit', (code, signal) => {
        if (!isDone) lost.push(`process ${worker} ended with ${code ?? signal ?? ''}`)
        resolve()
      })
    })
  await Promise.all(Array.from({ length: processes }, (_, worker) => run(worker)))
  save()
  const { failures: some, ...counts } = results()
  console.log(JSON.stringify({ ...counts, failures: some.slice(0, 20) }, null, 1))
  process.exitCode = sum.failed > 0 || lost.length > 0 || sum.passed === 0 ? 1 : 0
}

await (options.worker === undefined ? lead() : work(Number(options.worker)))
