import type { Row } from './record.ts'

type TableRow = Pick<Row, 'case' | 'pass' | 'backend' | 'dtype' | 'unit' | 'own' | 'peers' | 'bestPeer' | 'ratio' | 'error' | 'share' | 'firstCall'>

/** A Markdown table: best values in ms or MB, medians in brackets. */
export function reportText(rows: readonly TableRow[]): string {
  return [...tableHead, ...tableLines(rows)].join('\n')
}

const columns = ['case', 'pass', 'backend', 'here, best (median)', 'best peer, best (median)', 'peer', 'times less', 'of the roofline', 'error', 'first call']

export const tableHead: readonly string[] = [`| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`]

export function tableLines(rows: readonly TableRow[]): readonly string[] {
  return rows.map((row) => {
    const peer = row.bestPeer === null ? undefined : row.peers[row.bestPeer]
    const amounts = [row.own, peer].map((values) => (values ? `${amountText(values.best, row.unit)} (${amountText(values.median, row.unit)})` : '–'))
    const cells = [
      row.case,
      row.pass,
      `${row.backend} ${row.dtype}`,
      ...amounts,
      row.bestPeer ?? '–',
      row.ratio?.toFixed(2) ?? '–',
      row.share ? `${(100 * row.share.fraction).toFixed(0)} % ${row.share.limit}` : '–',
      row.error?.toExponential(1) ?? '–',
      row.firstCall === null ? '–' : amountText(row.firstCall, 'ms'),
    ]
    return `| ${cells.join(' | ')} |`
  })
}

/** Three figures; bytes in MB. */
export function amountText(value: number, unit: Row['unit']): string {
  const scaled = unit === 'B' ? value / 1e6 : value
  return scaled >= 100 ? scaled.toFixed(0) : scaled >= 10 ? scaled.toFixed(1) : scaled.toPrecision(3)
}
