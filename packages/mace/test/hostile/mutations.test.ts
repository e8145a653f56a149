import { EquivarError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { readModelFile } from '../../src/checkpoint/index.ts'
import { loadDefinition } from '../../src/load/index.ts'
import { writeDefinition } from '../../src/tensorfile/index.ts'
import { smallModel } from './corpus.ts'
import { mutate, Random } from './mutations.ts'

/** Processor time in milliseconds: other tests run beside this one. */
const longest = 2000

interface Outcome {
  loaded: number
  readonly messages: Set<string>
}

/** Loads a file that may be anything. @throws whatever is not a refusal. */
async function attempt(bytes: Uint8Array, outcome: Outcome): Promise<void> {
  const start = process.cpuUsage()
  try {
    await loadDefinition(bytes)
    outcome.loaded++
  } catch (error) {
    if (!(error instanceof EquivarError) || error.message.includes('\n')) throw error
    outcome.messages.add(error.message.replace(/\d+/g, '#'))
  }
  const { user, system } = process.cpuUsage(start)
  expect((user + system) / 1000).toBeLessThan(longest)
}

describe('mutations of a small model', () => {
  it('6,000 of a pickled model either load or are refused', async () => {
    const model = smallModel()
    const random = new Random(20_251)
    const outcome: Outcome = { loaded: 0, messages: new Set() }
    for (let k = 0; k < 6000; k++) await attempt(mutate(model, random), outcome)
    // Both ends are reached, and refusals come from many places.
    expect(outcome.loaded).toBeGreaterThan(100)
    expect(outcome.messages.size).toBeGreaterThan(300)
  })

  it('2,000 of a file in the own format either load or are refused', async () => {
    const bytes = writeDefinition(readModelFile(smallModel().bytes()))
    const headerLength = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const random = new Random(7)
    const outcome: Outcome = { loaded: 0, messages: new Set() }
    for (let k = 0; k < 2000; k++) {
      const copy = new Uint8Array(bytes)
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        const position = random.below(k % 4 === 0 ? copy.length : headerLength)
        copy[position] = k % 2 === 0 ? random.below(256) : 0x30 + random.below(10)
      }
      await attempt(k % 10 === 0 ? copy.subarray(0, random.below(copy.length)) : copy, outcome)
    }
    expect(outcome.loaded).toBeGreaterThan(10)
    expect(outcome.messages.size).toBeGreaterThan(50)
  })
})
