import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inRoot, installed } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'
import { requireNode, setup } from '../setup.mjs'

describe('set-up', () => {
  it.each(['18.20.8', '20.18.3'])('refuses Node %s in one line', (version) => {
    expect(() => requireNode(version)).toThrow(/^Node\.js 20\.19 or newer is needed, this is [\d.]+: .+$/)
  })

  it.each(['20.19.0', '22.1.0', '24.9.0'])('accepts Node %s', (version) => {
    expect(() => requireNode(version)).not.toThrow()
  })

  it('returns at once when nothing has changed', async () => {
    await setup()
    const begin = performance.now()
    await setup()
    expect(performance.now() - begin).toBeLessThan(500)
  })

  it('installs the package manager at the version that the workspace names', async () => {
    const { packageManager } = JSON.parse(readFileSync(inRoot('package.json'), 'utf8')) as { packageManager: string }
    const { output } = await capture(process.execPath, [installed('pnpm/bin/pnpm.cjs'), '--version'])
    expect(packageManager).toBe(`pnpm@${output.trim()}`)
  })
})
