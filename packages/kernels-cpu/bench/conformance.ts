/**
 * The conformance suite on the processor, tier `full` unless told: minutes on two threads, so it is run by hand.
 * Run: npm run -s program -- packages/kernels-cpu/bench/conformance.ts [TIER] [SHARD/COUNT]
 */
import { conformanceCases, runConformance } from '@equivar/core/conformance'
import { createCpu, CpuDevice } from '../src/index.ts'

const [, , tier = 'full', part = '0/1'] = process.argv
if (tier !== 'ci' && tier !== 'full') throw new Error(`there is no tier '${tier}'; the tiers are ci and full`)
const [index = 0, count = 1] = part.split('/').map(Number)
const seed = 1
const cases = conformanceCases(tier, seed).length
let done = 0
const results = await runConformance(createCpu({ threads: 2 }), {
  tier,
  seed,
  shard: { index, count },
  report: ({ name, outcome, message }) => {
    done++
    if (outcome === 'failed') console.log(`${name}: ${message ?? ''}`)
    if (done % 10_000 === 0) console.log(`${done} of about ${Math.ceil(cases / count)}`)
  },
  hooks: {
    lose: (device) => {
      if (device instanceof CpuDevice) device.lose('for a test')
    },
    littleMemory: createCpu({ threads: 1, maxBytes: 2 ** 25 }),
  },
})
const { failures, ...summary } = results
console.log(JSON.stringify({ ...summary, failures: failures.length }, null, 1))
process.exitCode = failures.length > 0 ? 1 : 0
