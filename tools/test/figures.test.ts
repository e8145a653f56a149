import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { inRoot } from '../lib/paths.mjs'

interface Row {
  readonly case: string
  readonly pass: string
  readonly own: { readonly median: number }
  readonly peers: Readonly<Record<string, { readonly median: number }>>
  readonly bestPeer: string | null
}

describe('figures of docs/benchmarks.md', () => {
  const text = readFileSync(inRoot('docs', 'benchmarks.md'), 'utf8')
  const file = /`(apps\/bench\/results\/[\w-]+\.json)`/.exec(text)?.[1] ?? ''
  const { rows } = JSON.parse(readFileSync(inRoot(file), 'utf8')) as { rows: readonly Row[] }
  const quoted = text.split('\n').filter((line) => /^\| [A-Z]/.test(line)).map((line) => line.slice(2, -2).split(' | '))

  it('are quoted', () => expect(quoted.length).toBeGreaterThan(5))

  it.each(quoted)('%s %s is what the record says', (name, pass, _, own, peer, which = '') => {
    const row = rows.find((one) => one.case === name && one.pass === pass)
    expect([row?.own.median.toPrecision(3), row?.peers[which]?.median.toPrecision(3), row?.bestPeer]).toEqual([own, peer, which])
  })
})
