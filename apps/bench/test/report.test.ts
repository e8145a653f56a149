import { describe, expect, it } from 'vitest'
import { timing } from '../src/measure/statistics.ts'
import { peerChart, rooflineChart, sizeChart, threadChart } from '../src/report/charts.ts'
import { escapeHtml, reportPage } from '../src/report/page.ts'
import { record, row } from './support.ts'

describe('report', () => {
  const rows = [
    row(),
    row({ pass: 'fb', peers: {}, bestPeer: null, ratio: null, share: null, error: null, firstCall: null }),
    row({ case: 'S-192', section: 'sizes', atoms: 192 }),
    row({ case: 'S-1536', section: 'sizes', atoms: 1536 }),
    row({ section: 'threads', threads: 1 }),
    row({ section: 'threads', threads: 2 }),
    row({ section: 'memory', pass: 'resident', unit: 'B', own: timing([5e7]), flops: null, bytes: null, share: null }),
  ]

  it('is one page with plots, tables and the machine, and nothing from outside', () => {
    const page = reportPage([{ name: 'some run', record: record(rows) }])
    expect(page.match(/<svg/g)).toHaveLength(4)
    expect(page).toContain('some processor, 2 cores')
    expect(page).toContain('50.0 (50.0; 50.0–50.0) MB')
    expect(page.match(/<h3>/g)).toHaveLength(4)
    expect(page).not.toMatch(/<script|<link|src=|href="http/)
  })

  it('shows what a record holds as text, whatever it is', () => {
    const evil = '<script>alert(1)</script>"\'&'
    const hostile = record([row({ case: evil, pass: evil, backend: evil, section: evil, bestPeer: evil, peers: { [evil]: timing([1]) } })])
    const ceilings = hostile.ceilings.map((own) => ({ ...own, backend: evil }))
    const refused = [{ case: evil, backend: evil, dtype: evil, reason: evil }]
    const page = reportPage([{ name: evil, record: { ...hostile, ceilings, versions: { [evil]: evil }, refused } }])
    expect(page).not.toContain('<script')
    expect(page).not.toContain('"\'&')
    expect(page).toContain(escapeHtml(evil))
  })

  it('draws no plot without points', () => {
    const [ceilings] = record().ceilings
    const plain = [row({ peers: {}, flops: null })]
    expect([ceilings && rooflineChart(ceilings, plain, 'f32'), peerChart(plain), sizeChart(plain), threadChart(plain)]).toEqual([null, null, null, null])
  })
})
