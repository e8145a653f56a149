import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inRoot } from '../lib/paths.mjs'
import { weigh } from '../packages/page-weight.mjs'

describe('the weight of a page', () => {
  const folder = inRoot('packages/mace/test')

  it('counts what is used, and of a namespace only what is used of it', async () => {
    const [number, printed, kernels, descriptor, all] = await Promise.all([
      weigh("import { range } from '@equivar/core'; globalThis.x = range(3)", folder),
      weigh("import * as kernels from '@equivar/core/kernels'; globalThis.x = kernels.printKernel", folder),
      weigh("import * as kernels from '@equivar/core/kernels'; globalThis.x = kernels", folder),
      weigh("import { descriptors } from '@equivar/core'; globalThis.x = descriptors.linear", folder),
      weigh("import * as core from '@equivar/core'; globalThis.x = core", folder),
    ])
    expect(number).toBeLessThan(1000)
    expect(printed).toBeLessThan(kernels / 2)
    expect(descriptor).toBeGreaterThan(10 * number)
    expect(descriptor).toBeLessThan(0.75 * all)
  })

  it("refuses what needs Node's built-ins", async () => {
    expect(existsSync(folder)).toBe(true)
    await expect(weigh("import 'node:fs'", folder)).rejects.toThrow(/node:fs/)
  })
})
