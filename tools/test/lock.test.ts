import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import { withLock } from '../lib/lock.mjs'
import { capture } from '../lib/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'equivar-lock-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('lets one piece of work run at a time', async () => {
  const path = join(folder, 'busy')
  const log: string[] = []
  const work = (name: string) =>
    withLock(path, async () => {
      log.push(`${name} begins`)
      await delay(50)
      log.push(`${name} ends`)
    })
  await Promise.all([work('a'), work('b')])
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

it('takes over from an owner that died', async () => {
  const path = join(folder, 'stale')
  const { output } = await capture(process.execPath, ['-p', 'process.pid'])
  writeFileSync(path, output.trim())
  expect(await withLock(path, async () => 'done')).toBe('done')
})

it('gives the lock back when the work fails', async () => {
  const path = join(folder, 'failing')
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await withLock(path, async () => 'done')).toBe('done')
})
