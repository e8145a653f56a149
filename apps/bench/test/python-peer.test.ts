import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Peer } from '../src/node/python-peer.ts'

const folder = mkdtempSync(join(tmpdir(), 'equivar-peer-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Speaks as `peers.py` does: its version is its process, and it knows no case. */
const script = join(folder, 'peer.mjs')
writeFileSync(script, `
import { createInterface } from 'node:readline'
for await (const line of createInterface({ input: process.stdin })) {
  const { cmd } = JSON.parse(line)
  console.log(JSON.stringify(cmd === 'versions' ? { pid: String(process.pid) } : { error: 'no case' }))
}
`)

const start = () => new Peer({ python: process.execPath, script, threads: 1, device: 'cpu', models: '', structures: '' })

/** As the third field of its line in /proc: T is stopped. */
function stateOf(pid: string): string {
  return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''
}

describe('a process of the peers', () => {
  it.runIf(process.platform === 'linux')('is stopped between its answers, and goes on when it is asked again', async () => {
    const peer = start()
    const { pid = '' } = await peer.versions()
    await vi.waitFor(() => expect(stateOf(pid)).toBe('T'))
    expect(await peer.versions()).toEqual({ pid })
    await vi.waitFor(() => expect(stateOf(pid)).toBe('T'))
    peer.close()
    await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/))
  })

  it('says what went wrong at which command', async () => {
    const peer = start()
    await expect(peer.sample('e3nn', 'fwd', 3)).rejects.toThrow('the peer failed at {"cmd":"sample","lib":"e3nn","pass":"fwd","count":3}: no case')
    peer.close()
  })
})
