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

describe('figures of README.md and docs/benchmarks.md', () => {
  // A table quotes the record that was named last above it.
  const recorded = new Map<string, readonly Row[]>()
  const quoted: { readonly cells: readonly string[]; readonly file: string }[] = []
  let file = ''
  for (const line of ['README.md', 'docs/benchmarks.md'].flatMap((page) => readFileSync(inRoot(page), 'utf8').split('\n'))) {
    file = /`(apps\/bench\/results\/[\w-]+\.json)`/.exec(line)?.[1] ?? file
    if (/^\| [A-Z][\w-]* \| [a-z]+ \|/.test(line)) quoted.push({ cells: line.slice(2, -2).split(' | '), file })
  }
  for (const name of new Set(quoted.map((one) => one.file))) recorded.set(name, (JSON.parse(readFileSync(inRoot(name), 'utf8')) as { rows: readonly Row[] }).rows)
  const rounded = (value: number | undefined) => Number(value?.toPrecision(3))

  it('are quoted, of a processor and of a GPU', () => expect([quoted.length > 5, recorded.size]).toEqual([true, 3]))

  it.each(quoted.map(({ cells, file: name }) => [cells[0] ?? '', cells[1] ?? '', name, cells] as const))('%s %s is what %s says', (name, pass, from, cells) => {
    const [own, peer, which = ''] = cells.slice(3)
    const row = recorded.get(from)?.find((one) => one.case === name && one.pass === pass)
    expect([rounded(row?.own.median), rounded(row?.peers[which]?.median), row?.bestPeer]).toEqual([Number(own), Number(peer), which])
  })
})
