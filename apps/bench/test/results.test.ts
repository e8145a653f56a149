import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readRecord } from '../src/results/read.ts'
import { amountText, reportText } from '../src/results/text.ts'
import { recordText } from '../src/results/write.ts'
import { record, row, schemaErrors } from './support.ts'

const old = {
  date: '2026-01-02', dtype: 'f32', machine: { cpu: 'c', cores: 2, threads: 2, device: 'd' }, versions: { node: 'v20' }, geometricMean: 2,
  rows: [{ case: 'F-l0', pass: 'ef', own: { best: 1, median: 2, samples: 20 }, firstCall: 5, peers: { e3nn: { best: 2, median: 3, samples: 20 } }, bestPeer: 'e3nn', ratio: 2, error: null }],
}

describe('records', () => {
  it('are as the schema says, in both versions', () => {
    expect(schemaErrors(record())).toEqual([])
    expect(schemaErrors(old)).toEqual([])
  })

  it('are refused by the schema when a part is missing, of another type, or unknown', () => {
    const withoutOwn = Object.entries(row()).filter(([key]) => key !== 'own')
    expect(schemaErrors({ ...record(), rows: [Object.fromEntries(withoutOwn)] }).join()).toContain("must have required property 'own'")
    expect(schemaErrors({ ...record(), rows: [{ ...row(), ratio: '2' }] })).not.toEqual([])
    expect(schemaErrors({ ...record(), rows: [{ ...row(), extra: 1 }] })).not.toEqual([])
    expect(schemaErrors({ ...record(), version: 3 })).not.toEqual([])
    expect(schemaErrors({ ...old, dtype: 'f16' })).not.toEqual([])
  })

  it('survive being written and read', () => {
    expect(readRecord(recordText(record()), 'x')).toEqual(record())
    expect(recordText(record([row(), row()])).split('\n').filter((line) => line.includes('"case"'))).toHaveLength(2)
  })

  it('of the first version are read as those of the second', () => {
    const upgraded = readRecord(JSON.stringify(old), 'old.json')
    expect(schemaErrors(upgraded)).toEqual([])
    expect(upgraded.rows[0]).toMatchObject({ section: 'models', backend: 'cpu', dtype: 'f32', threads: 2, own: { best: 1, median: 2, values: [] } })
  })

  it.each([['not json', /no JSON/], ['{}', /no rows/], ['{"rows": [], "machine": {}, "version": 9}', /version 9/]])('refuse %s', (text, message) => {
    expect(() => readRecord(text, 'x.json')).toThrow(message)
  })

  it('that are committed fit the schema: on the processor, and -bench on others', () => {
    const folder = fileURLToPath(new URL('../results/', import.meta.url))
    const files = readdirSync(folder).filter((name) => /^cpu-.*\.json$|-bench\.json$/.test(name))
    expect(files.length).toBeGreaterThan(0)
    for (const name of files) expect(schemaErrors(JSON.parse(readFileSync(`${folder}${name}`, 'utf8'))), name).toEqual([])
  })
})

describe('tables', () => {
  it('show best, median, ratio and share', () => {
    const text = reportText([row(), row({ peers: {}, bestPeer: null, ratio: null, share: null, error: null, firstCall: null })]).split('\n')
    expect(text[2]).toBe('| A1 | fwd | cpu f32 | 1.00 (2.00) | 2.00 (4.00) | e3nn | 2.00 | 50 % memory | 1.0e-7 | 9.00 |')
    expect(text[3]).toBe('| A1 | fwd | cpu f32 | 1.00 (2.00) | – | – | – | – | – | – |')
  })

  it('show three figures, and bytes in megabytes', () => {
    expect([0.01234, 12.34, 123.4].map((x) => amountText(x, 'ms'))).toEqual(['0.0123', '12.3', '123'])
    expect(amountText(5e7, 'B')).toBe('50.0')
  })
})
