import type { Row } from './compare.ts'

/** A Markdown table: best times in ms, medians in brackets. */
export function reportText(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const peer = row.bestPeer === null ? undefined : row.peers[row.bestPeer]
    const theirs = peer ? `${milliseconds(peer.best)} (${milliseconds(peer.median)})` : '–'
    return `| ${row.case} | ${row.pass} | ${milliseconds(row.own.best)} (${milliseconds(row.own.median)}) | ${theirs} | ${row.bestPeer ?? '–'} | ${row.ratio?.toFixed(2) ?? '–'} | ${row.error?.toExponential(1) ?? '–'} | ${milliseconds(row.firstCall)} |`
  })
  return ['| case | pass | here, best (median) | best peer, best (median) | peer | times faster | error | first call |', '|---|---|---|---|---|---|---|---|', ...lines].join('\n')
}

function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(3)
}
