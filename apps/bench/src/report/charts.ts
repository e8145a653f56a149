import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import { GridComponent, LegendComponent } from 'echarts/components'
import { init, use, type EChartsCoreOption } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Ceilings } from '../measure/ceilings.ts'
import type { Row } from '../results/record.ts'

use([BarChart, LineChart, ScatterChart, GridComponent, LegendComponent, SVGRenderer])

const colors = ['#1565c0', '#c62828', '#2e7d32', '#6a1b9a', '#ef6c00', '#00838f', '#4e342e', '#546e7a']

export interface Figure {
  readonly caption: string
  /** The text of an SVG. */
  readonly svg: string
}

/** A chart as the text of an SVG; needs no page. */
function figure(caption: string, height: number, options: EChartsCoreOption): Figure {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 960, height })
  chart.setOption({ animation: false, color: colors, ...options })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return { caption, svg }
}

const logAxis = (name: string) => ({ type: 'log' as const, name, nameLocation: 'middle' as const, nameGap: 34, minorSplitLine: { show: false } })
const legend = { top: 0, type: 'plain' as const }

/** Gflop/s over flops a byte, under what arithmetic and copies allow; `null` if no row says how much it computes. */
export function rooflineChart(ceilings: Ceilings, rows: readonly Row[], dtype: string): Figure | null {
  const points = rows.flatMap(({ case: name, pass, flops, bytes, own }) => {
    return flops && bytes ? [{ name: `${name} ${pass}`, value: [flops / bytes, flops / own.best / 1e6] as const }] : []
  })
  const peak = (ceilings.flops[dtype] ?? ceilings.flops['f32'] ?? 0) / 1e9
  const memory = (ceilings.copy.at(-1)?.rate ?? 0) / 1e9
  const cache = Math.max(0, ...ceilings.copy.map(({ rate }) => rate)) / 1e9
  if (points.length === 0 || !(peak > 0 && memory > 0)) return null
  const xs = [...points.map(({ value }) => value[0]), peak / cache, peak / memory]
  const [low, high] = [10 ** Math.floor(Math.log10(Math.min(...xs))), 10 ** Math.ceil(Math.log10(Math.max(...xs)))]
  const roof = (name: string, rate: number, color: string) => ({
    type: 'line',
    name,
    symbol: 'none',
    lineStyle: { color, width: 1.5 },
    itemStyle: { color },
    data: [[low, low * rate], [peak / rate, peak], [high, peak]],
  })
  return figure(`Roofline of ${ceilings.backend}, ${dtype}`, 480, {
    legend,
    grid: { left: 70, right: 90, top: 40, bottom: 60 },
    xAxis: { ...logAxis('flops / byte'), min: low, max: high },
    yAxis: logAxis('Gflop/s'),
    series: [
      roof(`main memory, ${memory.toFixed(0)} GB/s`, memory, '#999'),
      roof(`cache, ${cache.toFixed(0)} GB/s; peak ${peak.toFixed(0)} Gflop/s`, cache, '#222'),
      { type: 'scatter', name: 'best time', data: points, symbolSize: 7, label: { show: true, formatter: '{b}', position: 'right', fontSize: 10 }, labelLayout: { hideOverlap: true } },
    ],
  })
}

/** How many times faster every row is than every peer: a bar for the best of them, to the left of 1 where that is faster. */
export function peerChart(rows: readonly Row[]): Figure | null {
  const compared = rows.filter(({ peers }) => Object.keys(peers).length > 0)
  if (compared.length === 0) return null
  const libraries = [...new Set(compared.flatMap(({ peers }) => Object.keys(peers)))]
  const ratio = ({ own, peers }: Row, library: string) => Math.log2((peers[library]?.best ?? Number.NaN) / own.best)
  return figure('Times faster than the peers, by best times; the bar reaches to the best peer', 80 + 20 * compared.length, {
    legend: { ...legend, data: libraries },
    grid: { left: 190, right: 40, top: 40, bottom: 30 },
    xAxis: { type: 'value', axisLabel: { formatter: (x: number) => `${Number((2 ** x).toPrecision(2))}×` } },
    yAxis: { type: 'category', inverse: true, data: compared.map((row) => `${row.case} ${row.pass} ${row.backend} ${row.dtype}`), axisLabel: { interval: 0, fontSize: 11 } },
    series: [
      { type: 'bar', name: 'best peer', barWidth: 9, itemStyle: { color: '#d0d7de' }, data: compared.map((row) => (row.bestPeer === null ? '-' : ratio(row, row.bestPeer))) },
      ...libraries.map((library, k) => ({
        type: 'scatter',
        name: library,
        symbolSize: 8,
        itemStyle: { color: colors[k % colors.length] },
        data: compared.flatMap((row, at) => (row.peers[library] ? [[ratio(row, library), at]] : [])),
      })),
    ],
  })
}

interface Curve {
  readonly name: string
  readonly points: readonly (readonly [number, number])[]
}

function curveChart(caption: string, x: string, y: string, curves: readonly Curve[]): Figure | null {
  const drawn = curves.filter(({ points }) => points.length > 1)
  if (drawn.length === 0) return null
  const series = drawn.map(({ name, points }) => ({ type: 'line', name, data: [...points].sort(([a], [b]) => a - b), symbolSize: 6 }))
  return figure(caption, 400, { legend, grid: { left: 70, right: 30, top: 60, bottom: 60 }, xAxis: logAxis(x), yAxis: logAxis(y), series })
}

/** Time an atom over the number of atoms, here and for the peers. */
export function sizeChart(rows: readonly Row[]): Figure | null {
  const curves = new Map<string, (readonly [number, number])[]>()
  for (const { backend, dtype, atoms, own, peers, section } of rows) {
    if (section !== 'sizes' || atoms === null) continue
    const add = (name: string, best: number) => curves.set(name, [...(curves.get(name) ?? []), [atoms, (1000 * best) / atoms]])
    add(`${backend} ${dtype}`, own.best)
    for (const [library, values] of Object.entries(peers)) add(`${library} ${dtype}`, values.best)
  }
  return curveChart('Energy and forces over the number of atoms', 'atoms', 'µs / atom', [...curves].map(([name, points]) => ({ name, points })))
}

/** Time over the number of threads, by case and pass. */
export function threadChart(rows: readonly Row[]): Figure | null {
  const curves = new Map<string, (readonly [number, number])[]>()
  for (const { section, case: name, pass, dtype, threads, own } of rows) {
    if (section !== 'threads') continue
    const key = `${name} ${pass} ${dtype}`
    curves.set(key, [...(curves.get(key) ?? []), [threads, own.best]])
  }
  return curveChart('Best time over the number of threads', 'threads', 'ms', [...curves].map(([name, points]) => ({ name, points })))
}
