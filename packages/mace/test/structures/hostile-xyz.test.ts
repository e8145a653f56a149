import { EquivarError, FormatError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { formatXyz, parseXyz, readXyz, referenceLabels, XyzError } from '../../src/structures/index.ts'
import { hostileXyz, mutateXyz } from '../hostile/xyz.ts'

async function refusal(source: string | Uint8Array): Promise<unknown> {
  try {
    for await (const s of readXyz(source)) expect(s.numAtoms).toBeGreaterThan(0)
  } catch (error) {
    return error
  }
  return null
}

describe('hostile XYZ files are refused in one line, quickly', () => {
  it.each(hostileXyz)('$name', async ({ make, message }) => {
    const source = make()
    const start = performance.now()
    const error = await refusal(source)
    expect(performance.now() - start).toBeLessThan(10_000)
    expect(error).toBeInstanceOf(XyzError)
    expect(error).toBeInstanceOf(FormatError)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toMatch(/[\n\r]/)
    expect((error as Error).message.length).toBeLessThan(300)
  })
})

it('2,000 mutations of a small file are read or refused, and what is read survives a round trip', () => {
  let read = 0
  let refused = 0
  let slowest = 0
  for (let seed = 0; seed < 2000; seed++) {
    const text = mutateXyz(seed)
    const start = performance.now()
    try {
      const structures = parseXyz(text)
      const written = structures.map(formatXyz)
      expect(parseXyz(written.join('')).map(formatXyz)).toEqual(written)
      for (const s of structures) referenceLabels(s)
      read++
    } catch (error) {
      if (!(error instanceof EquivarError)) throw new Error(`mutation ${seed} of the seed file: ${String(error)}`, { cause: error })
      refused++
    }
    slowest = Math.max(slowest, performance.now() - start)
  }
  expect(read).toBeGreaterThan(200)
  expect(refused).toBeGreaterThan(200)
  expect(slowest).toBeLessThan(10_000)
})
