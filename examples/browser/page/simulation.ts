import { Calculator, type Mace, type Structure } from '@equivar/mace'
import { langevin, observe, startDynamics, velocityVerlet, type DynamicsState, type Integrator, type Observables } from '@equivar/mace/dynamics'
import { Conservation } from './statistics.ts'

export interface Settings {
  readonly ensemble: 'nve' | 'nvt'
  /** K. */
  readonly temperature: number
  /** fs. */
  readonly timestep: number
  readonly seed: number
}

/** One molecule in motion, step by step, with what is known of its course. */
export class Simulation {
  readonly #calculator: Calculator
  readonly #integrator: Integrator
  readonly #conservation: Conservation
  #state: DynamicsState

  private constructor(calculator: Calculator, integrator: Integrator, state: DynamicsState) {
    this.#calculator = calculator
    this.#integrator = integrator
    this.#state = state
    this.#conservation = new Conservation(this.observables.totalEnergy)
  }

  static async start(model: Mace, structure: Structure, { ensemble, temperature, timestep, seed }: Settings): Promise<Simulation> {
    const calculator = new Calculator(model)
    const integrator = ensemble === 'nve' ? velocityVerlet({ timestep }) : langevin({ timestep, temperature })
    return new Simulation(calculator, integrator, await startDynamics(structure, calculator, { temperature, seed }))
  }

  get state(): DynamicsState {
    return this.#state
  }

  get observables(): Observables {
    return observe(this.#state, this.#integrator.degreesOfFreedom(this.#state.structure.numAtoms))
  }

  /** Of the total energy, eV an atom. */
  get conservation(): { readonly drift: number; readonly peakToPeak: number } {
    const { numAtoms } = this.#state.structure
    return { drift: this.#conservation.drift / numAtoms, peakToPeak: this.#conservation.peakToPeak / numAtoms }
  }

  async step(): Promise<Observables> {
    this.#state = await this.#integrator.step(this.#state, this.#calculator)
    const { observables } = this
    this.#conservation.add(observables.totalEnergy)
    return observables
  }
}
