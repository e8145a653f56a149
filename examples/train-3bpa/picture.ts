import * as echarts from 'echarts'
import type { Curve } from './training.ts'

/** The learning curve as SVG: errors of the validation set after every epoch, mace-torch's beside them, both axes logarithmic in errors. */
export function learningCurve({ validation }: Curve, reference: Curve['validation']): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: 760, height: 420 })
  const points = (values: readonly number[]) => values.map((value, epoch) => [epoch + 1, value])
  const line = (name: string, values: readonly number[], color: string, yAxisIndex: number, type: 'solid' | 'dotted') => ({
    type: 'line' as const,
    name,
    data: points(values),
    yAxisIndex,
    showSymbol: false,
    lineStyle: { color, type, width: type === 'dotted' ? 3 : 1.5 },
    itemStyle: { color },
  })
  const [forces, energies] = ['#1565c0', '#c62828']
  chart.setOption({
    animation: false,
    title: { text: 'Validation errors (RMSE) of the averaged parameters', left: 'center', textStyle: { fontSize: 15, fontWeight: 'normal' } },
    legend: { top: 28 },
    grid: { left: 70, right: 80, top: 70, bottom: 50 },
    xAxis: { type: 'value', name: 'epoch', nameLocation: 'middle', nameGap: 30, min: 1, max: Math.max(2, validation.length, reference.length) },
    yAxis: [
      { type: 'log', name: 'meV/Å', nameLocation: 'middle', nameGap: 46, min: 100 },
      { type: 'log', name: 'meV an atom', nameLocation: 'middle', nameGap: 46, splitLine: { show: false } },
    ],
    series: [
      line('forces', validation.map((errors) => errors.forces), forces, 0, 'solid'),
      line('forces, mace-torch', reference.map((errors) => errors.forces), forces, 0, 'dotted'),
      line('energy', validation.map((errors) => errors.energy), energies, 1, 'solid'),
      line('energy, mace-torch', reference.map((errors) => errors.energy), energies, 1, 'dotted'),
    ],
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}
