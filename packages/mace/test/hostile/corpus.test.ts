import { FormatError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { loadDefinition } from '../../src/load/index.ts'
import { hostileFiles, smallModel } from './corpus.ts'

/** Processor time in milliseconds: other tests run beside this one. */
const longest = 2000
const mostMemory = 512 * 2 ** 10

describe('hostile model files', () => {
  it('are at least 100, with different names', () => {
    expect(new Set(hostileFiles.map(({ name }) => name)).size).toBe(hostileFiles.length)
    expect(hostileFiles.length).toBeGreaterThan(100)
  })

  it.each(hostileFiles)('$name is refused in one line', async ({ bytes, message }) => {
    const file = bytes()
    const start = process.cpuUsage()
    const error: unknown = await loadDefinition(file).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    const { user, system } = process.cpuUsage(start)
    expect(error).toBeInstanceOf(FormatError)
    const text = (error as FormatError).message
    expect(text).toMatch(message)
    expect(text).not.toMatch(/\n/)
    expect(text.length).toBeLessThan(600)
    expect((user + system) / 1000).toBeLessThan(longest)
  })

  it('leave nothing behind in prototypes, and fit into memory', () => {
    expect(Object.keys(Object.prototype)).toEqual([])
    // In KiB; the test runner itself takes its share.
    expect(process.resourceUsage().maxRSS).toBeLessThan(mostMemory)
  })

  it('differ from the model they were made of, which loads', async () => {
    const definition = await loadDefinition(smallModel().bytes())
    expect(definition.architecture.layers).toHaveLength(1)
  })
})
