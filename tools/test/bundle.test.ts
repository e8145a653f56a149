import { rmSync, statSync, utimesSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { bundle } from '../lib/bundle.mjs'
import { inRoot } from '../lib/paths.mjs'
import { capture } from '../lib/run.mjs'

const folder = 'tools/test/fixtures/program'
const entry = `${folder}/main.ts`

describe('bundles of programs', () => {
  const made = new Set<string>()
  const make = async () => {
    const file = await bundle(entry, [folder])
    made.add(file)
    return file
  }
  afterAll(() => {
    for (const file of made) for (const path of [file, `${file}.map`]) rmSync(path, { force: true })
  })

  it('run with the address of their source, nothing but their own output, and their own exit code', async () => {
    const { code, output } = await capture(process.execPath, [await make()])
    expect(output).toBe('{"numbers":[0,1,2],"own":true}\n')
    expect(code).toBe(3)
  })

  it('are built again only when a source changed', async () => {
    const first = await make()
    const built = statSync(first).mtimeMs
    expect(await make()).toBe(first)
    expect(statSync(first).mtimeMs).toBe(built)
    const now = new Date()
    utimesSync(inRoot(entry), now, now)
    expect(await make()).not.toBe(first)
  })
})
