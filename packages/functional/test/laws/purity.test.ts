import { describe, expect, test } from 'vitest'
import * as all from '../../src/index.ts'
import * as experimental from '../../src/experimental/index.ts'
import { calls, inputs } from './calls.ts'

/** Every function and class that the package exports, by its path. */
function exportsOf(module: object, prefix = ''): string[] {
  return Object.entries(module).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? exportsOf(value, `${prefix}${name}.`) : typeof value === 'function' ? [`${prefix}${name}`] : [],
  )
}

/** Bits of all arrays of a result, or its text. */
async function contents(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null) return result
  return Promise.all(all.tree.leaves(result).map(async (x) => [x.dtype, x.shape, await x.data()]))
}

const names = [...exportsOf(all), ...exportsOf({ experimental })]
/** A class can be registered once. */
const once = ['tree.registerNode']

describe('functions are pure', () => {
  test('each one is called below', () => {
    expect(Object.keys(calls).sort()).toEqual(names.sort())
    expect(names.length).toBeGreaterThan(140)
  })

  test.each(Object.entries(calls))('%s gives the same twice, and leaves its inputs as they are', async (name, call) => {
    const before = await contents(inputs)
    const first = await contents(call())
    if (!once.includes(name)) expect(await contents(call())).toEqual(first)
    expect(await contents(inputs)).toEqual(before)
  })
})
