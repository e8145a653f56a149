import { geometricMean } from '../measure/statistics.ts'
import type { ResultRecord, Row } from '../results/record.ts'
import { amountText } from '../results/text.ts'
import { peerChart, rooflineChart, sizeChart, threadChart } from './charts.ts'

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** A text as content or attribute of HTML. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}

const reportStyle = `
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff }
  figure { margin: 1.5rem 0; overflow-x: auto } figcaption { font-weight: 600; margin-bottom: .4rem }
  table { border-collapse: collapse; font-size: 14px } .wide { overflow-x: auto }
  td, th { padding: .15rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
  td:nth-child(-n+3), th:nth-child(-n+3) { text-align: left }
  dt { font-weight: 600 } dl { display: grid; grid-template-columns: max-content auto; gap: .1rem 1rem } dd { margin: 0 }
`

/** One page without any outside resource: machine, roofline, bars against peers, curves and tables of every record. */
export function reportPage(records: readonly { readonly name: string; readonly record: ResultRecord }[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Benchmarks of @equivar</title>
<style>${reportStyle}</style>
<h1>Benchmarks of @equivar</h1>
<p>Outputs are compared before anything is timed. Times are best times in ms, medians and quartiles in brackets; a ratio is the best time of
the best peer over the best time here. The share of the roofline is the least time that copies and multiply-adds measured on the same
machine allow for the bytes and flops of the program, over the best time.</p>
${records.map(({ name, record }) => recordHtml(name, record)).join('\n')}
</html>
`
}

/** The part of a page that shows one record. */
export function recordHtml(name: string, record: ResultRecord): string {
  const { machine, versions, rows, ceilings, refused } = record
  const dtypes = [...new Set(rows.map(({ dtype }) => dtype))]
  const charts = [
    ...ceilings.flatMap((own) => dtypes.map((dtype) => rooflineChart(own, rows.filter((row) => row.backend === own.backend && row.dtype === dtype && row.unit === 'ms'), dtype))),
    peerChart(rows.filter(({ unit }) => unit === 'ms')),
    sizeChart(rows),
    threadChart(rows),
  ]
  const facts = [
    ['processor', `${machine.cpu}, ${machine.cores} cores`],
    ['threads', `${machine.threads}`],
    ['kernels', machine.device],
    ['system', machine.memory > 0 ? `${machine.system}, ${(machine.memory / 2 ** 30).toFixed(0)} GiB` : machine.system],
    ['versions', Object.entries(versions).map((entry) => entry.join(' ')).join(', ')],
    ...ceilings.map(({ backend, flops, copy }) => [`ceilings of ${backend}`, ceilingText(flops, copy)] as const),
  ] as const
  const sections = [...new Set(rows.map(({ section }) => section))]
  return `<h2>${escapeHtml(name)}, ${escapeHtml(record.date)}</h2>
<dl>${facts.map(([key, value]) => `<dt>${escapeHtml(key)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>
${charts.flatMap((chart) => (chart === null ? [] : `<figure><figcaption>${escapeHtml(chart.caption)}</figcaption>${chart.svg}</figure>`)).join('\n')}
${sections.map((section) => sectionHtml(section, rows.filter((row) => row.section === section))).join('\n')}
${refused.length > 0 ? `<h3>not measured</h3><ul>${refused.map((one) => `<li>${escapeHtml(`${one.case} on ${one.backend}, ${one.dtype}: ${one.reason}`)}</li>`).join('')}</ul>` : ''}`
}

function ceilingText(flops: Readonly<Record<string, number>>, copy: readonly { readonly bytes: number; readonly rate: number }[]): string {
  const arithmetic = Object.entries(flops).map(([dtype, rate]) => `${(rate / 1e9).toFixed(0)} Gflop/s ${dtype}`)
  const [first, last] = [copy[0], copy.at(-1)]
  return [...arithmetic, ...(first && last ? [`copies ${(first.rate / 1e9).toFixed(0)} GB/s of ${first.bytes / 1024} KiB to ${(last.rate / 1e9).toFixed(0)} GB/s of ${last.bytes / 2 ** 20} MiB`] : [])].join(', ')
}

function sectionHtml(section: string, rows: readonly Row[]): string {
  const ratios = rows.flatMap(({ ratio }) => ratio ?? [])
  const mean = ratios.length > 0 ? `<p>Geometric mean of ${ratios.length} ratios: ${geometricMean(ratios).toFixed(2)}</p>` : ''
  const head = ['case', 'pass', 'where', 'here', 'best peer', 'peer', 'ratio', 'of the roofline', 'error', 'first call']
  return `<h3>${escapeHtml(section)}</h3>
${mean}
<div class="wide"><table>
<tr>${head.map((text) => `<th>${text}</th>`).join('')}</tr>
${rows.map((row) => `<tr>${cellsOf(row).map((text) => `<td>${escapeHtml(text)}</td>`).join('')}</tr>`).join('\n')}
</table></div>`
}

function cellsOf({ case: name, pass, backend, dtype, threads, own, peers, bestPeer, ratio, share, error, firstCall, unit }: Row): readonly string[] {
  const peer = bestPeer === null ? undefined : peers[bestPeer]
  const text = (value: number) => amountText(value, unit)
  const spread = (values: Row['own']) => (values.values.length > 0 ? `; ${text(values.low)}–${text(values.high)}` : '')
  const amount = (values: Row['own']) => `${text(values.best)} (${text(values.median)}${spread(values)})${unit === 'B' ? ' MB' : ''}`
  return [
    name,
    pass,
    `${backend} ${dtype}, ${threads} thread${threads === 1 ? '' : 's'}`,
    amount(own),
    peer ? amount(peer) : '–',
    bestPeer ?? '–',
    ratio?.toFixed(2) ?? '–',
    share ? `${(100 * share.fraction).toFixed(0)} % ${share.limit}` : '–',
    error?.toExponential(1) ?? '–',
    firstCall === null ? '–' : text(firstCall),
  ]
}
