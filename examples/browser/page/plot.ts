import UPlot from 'uplot'

/** More points than this are thinned out to half of them. */
const maxPoints = 4000
const height = 230

export interface Line {
  readonly label: string
  readonly colour: string
}

/** Lines over time in fs, as wide as their element. The whole course stays visible: with time, points are further apart. */
export class TimePlot {
  readonly #plot: UPlot
  readonly #numLines: number
  #points: number[][] = []
  #stride = 1
  #skipped = 0

  constructor(element: HTMLElement, axis: string, unit: string, lines: readonly Line[]) {
    this.#numLines = lines.length
    const axes = { font: '12px system-ui, sans-serif', labelFont: '13px system-ui, sans-serif', labelSize: 22, stroke: '#5b6673', grid: { stroke: '#e8ecf1', width: 1 }, ticks: { stroke: '#c9d1da', width: 1 } }
    const value = (_: UPlot, y: number | null) => (y === null ? '–' : `${y.toPrecision(4)} ${unit}`)
    this.#plot = new UPlot(
      {
        width: element.clientWidth,
        height,
        scales: { x: { time: false } },
        axes: [{ ...axes, label: 'time / fs', size: 32 }, { ...axes, label: `${axis} / ${unit}`, size: 58 }],
        series: [{}, ...lines.map(({ label, colour }) => ({ label, stroke: colour, width: 1.5, points: { show: false }, value }))],
        legend: { show: lines.length > 1 },
      },
      this.#columns(),
      element,
    )
    new ResizeObserver(() => {
      this.#plot.setSize({ width: element.clientWidth, height })
    }).observe(element)
  }

  add(time: number, ...values: readonly number[]): void {
    if (this.#skipped++ % this.#stride !== 0) return
    this.#points.push([time, ...values])
    if (this.#points.length < maxPoints) return
    this.#points = this.#points.filter((_, k) => k % 2 === 0)
    this.#stride *= 2
  }

  clear(): void {
    this.#points = []
    this.#stride = 1
    this.#skipped = 0
    this.draw()
  }

  draw(): void {
    this.#plot.setData(this.#columns())
  }

  #columns(): [number[], ...number[][]] {
    const column = (k: number) => this.#points.map((point) => point[k] ?? Number.NaN)
    return [column(0), ...Array.from({ length: this.#numLines }, (_, k) => column(k + 1))]
  }
}
