import type { Observables } from '../dynamics/index.ts'
import { table } from './report.ts'

/** About as many lines are shown of a run. */
const maxListed = 10

/** Gathers what a terminal shows after a run of dynamics: some of its steps, the mean temperature, the drift of the energy. */
export class DynamicsReport {
  readonly #rows: string[][] = [['step', 'time / fs', 'T / K', 'E pot / eV', 'E kin / eV', 'E total / eV']]
  readonly #stride: number
  readonly #energies: number[] = []
  #sum = 0
  #squares = 0
  #last: string[] = []

  constructor(numSteps: number) {
    this.#stride = Math.max(1, Math.ceil(numSteps / maxListed))
  }

  add({ step, time }: { readonly step: number; readonly time: number }, { temperature, potentialEnergy, kineticEnergy, totalEnergy }: Observables): void {
    this.#last = [String(step), time.toFixed(1), temperature.toFixed(1), potentialEnergy.toFixed(5), kineticEnergy.toFixed(5), totalEnergy.toFixed(5)]
    if (this.#energies.length % this.#stride === 0) this.#rows.push(this.#last)
    this.#energies.push(totalEnergy)
    this.#sum += temperature
    this.#squares += temperature * temperature
  }

  steps(): string {
    return table(this.#rows.at(-1) === this.#last ? this.#rows : [...this.#rows, this.#last], [])
  }

  /** Of the temperature; with that of the energy where it is conserved. */
  statistics(numAtoms: number, isConserved: boolean): string {
    const mean = this.#sum / this.#energies.length
    const deviation = Math.sqrt(Math.max(0, this.#squares / this.#energies.length - mean * mean))
    const temperature = `temperature ${mean.toFixed(1)} ± ${deviation.toFixed(1)} K`
    return `${isConserved ? `${temperature}, drift of the total energy ${(drift(this.#energies) / numAtoms).toExponential(1)} eV/atom` : temperature}\n`
  }
}

/** How much the straight line through the values rises from the first to the last. */
function drift(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const [top, bottom] = values.reduce(([a, b], value, k) => [a + (k - middle) * value, b + (k - middle) ** 2], [0, 0])
  return bottom === 0 ? 0 : (top / bottom) * (values.length - 1)
}
