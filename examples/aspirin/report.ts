import * as echarts from 'echarts'
import type { ModelResult } from './evaluate.ts'
import { errorsOf } from './statistics.ts'

/** A page without any outside resource: one parity plot of energies and one of forces for each model, and the errors. */
export function reportPage(results: readonly ModelResult[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Aspirin: MACE predictions against DFT</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 1060px; margin: 2rem auto; padding: 0 1rem; color: #222 }
  figure { display: inline-block; margin: 0 }
  table { border-collapse: collapse } td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd } th:first-child, td:first-child { text-align: left }
</style>
<h1>Aspirin: MACE predictions against DFT</h1>
<p>Configurations of rMD17 (PBE/def2-SVP), which the models were trained on. Computed by @equivar/mace in float64.</p>
${results.map(section).join('\n')}
</html>
`
}

function section(result: ModelResult): string {
  const { name, numStructures, predicted, dft, reference } = result
  const perAtom = (energies: readonly number[]) => energies.map((energy) => energy - mean(dft.energies))
  const rows = [
    row('energy', 'meV', errorsOf(predicted.energies, dft.energies), errorsOf(predicted.energies, reference.energies).largest, 'eV'),
    row('forces', 'meV/Å', errorsOf(predicted.forces, dft.forces), errorsOf(predicted.forces, reference.forces).largest, 'eV/Å'),
  ]
  return `<h2>${name}: ${numStructures} configurations</h2>
<figure>${parityPlot('energy − mean', 'eV', perAtom(dft.energies), perAtom(predicted.energies))}</figure>
<figure>${parityPlot('force components', 'eV/Å', dft.forces, predicted.forces)}</figure>
<table>
<tr><th></th><th>MAE against DFT</th><th>RMSE against DFT</th><th>largest difference from mace-torch</th></tr>
${rows.join('\n')}
</table>`
}

function row(name: string, unit: string, { meanAbsolute, rootMeanSquare }: ReturnType<typeof errorsOf>, largest: number, largestUnit: string): string {
  const milli = (value: number) => `${(1000 * value).toFixed(2)} ${unit}`
  return `<tr><td>${name}</td><td>${milli(meanAbsolute)}</td><td>${milli(rootMeanSquare)}</td><td>${largest.toExponential(1)} ${largestUnit}</td></tr>`
}

/** Predictions over references as an SVG, with the line where both agree. */
function parityPlot(title: string, unit: string, reference: readonly number[], predicted: readonly number[]): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 520, height: 480 })
  const all = [...reference, ...predicted]
  const low = all.reduce((a, b) => Math.min(a, b))
  const high = all.reduce((a, b) => Math.max(a, b))
  const axis = (name: string) => ({ type: 'value' as const, name: `${name} / ${unit}`, nameLocation: 'middle' as const, nameGap: 34, min: niceFloor(low), max: -niceFloor(-high), axisLine: { onZero: false } })
  chart.setOption({
    animation: false,
    title: { text: title, left: 'center', textStyle: { fontSize: 15, fontWeight: 'normal' } },
    grid: { left: 70, right: 20, top: 40, bottom: 60 },
    xAxis: axis('DFT'),
    yAxis: axis('MACE'),
    series: [
      { type: 'line', data: [[low, low], [high, high]], symbol: 'none', lineStyle: { color: '#999', width: 1 }, silent: true },
      { type: 'scatter', data: reference.map((x, i) => [x, predicted[i] ?? Number.NaN]), symbolSize: reference.length > 1000 ? 3 : 6, itemStyle: { color: '#1565c0', opacity: 0.5 } },
    ],
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

/** The nearest multiple of a tenth of the magnitude below x. */
function niceFloor(x: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.abs(x) || 1)) / 2
  // Rounded, because a multiple of 0.05 need not print as one.
  return Number((Math.floor(x / step) * step).toPrecision(6))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
