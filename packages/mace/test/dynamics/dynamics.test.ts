import { readFileSync } from 'node:fs'
import { randomNormal } from '@equivar/engine'
import { describe, expect, it } from 'vitest'
import {
  atomicMasses,
  boltzmannConstant,
  formatState,
  langevin,
  massUnit,
  maxwellBoltzmann,
  observe,
  parseState,
  simulate,
  startDynamics,
  trajectoryFrame,
  velocityVerlet,
  type DynamicsState,
  type ForceCalculator,
  type Integrator,
} from '../../src/dynamics/index.ts'
import { Calculator, Mace, parseXyz, Structure } from '../../src/index.ts'
import { cluster, harmonicWell, morse } from './wells.ts'

async function statesOf(start: DynamicsState, integrator: Integrator, calculator: ForceCalculator, steps: number): Promise<DynamicsState[]> {
  const states: DynamicsState[] = []
  for await (const state of simulate(start, integrator, calculator, { steps })) states.push(state)
  return states
}

async function lastOf(...[start, ...rest]: Parameters<typeof statesOf>): Promise<DynamicsState> {
  return (await statesOf(start, ...rest)).at(-1) ?? start
}

const largestDifference = (a: Float64Array, b: Float64Array) => a.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (b[i] ?? NaN))), 0)
const gas = (numAtoms: number) => new Structure({ symbols: Array.from({ length: numAtoms }, (_, i) => (i % 2 ? 'Ar' : 'He')), positions: new Float64Array(3 * numAtoms) })

describe('units', () => {
  it('are those of ASE: its constants and the time unit Å √(amu/eV)', () => {
    expect(boltzmannConstant).toBeCloseTo(8.617333262e-5, 14)
    expect(1 / Math.sqrt(massUnit)).toBeCloseTo(0.09822694788, 8)
  })

  it('masses are standard weights, or those of the structure', () => {
    expect([...atomicMasses(cluster)]).toEqual([12.011, 15.999, 14.007, 1.008])
    const heavy = new Structure({ symbols: ['H', 'Og'], positions: [[0, 0, 0], [0, 0, 9]] })
    expect([...atomicMasses(heavy)]).toEqual([1.008, 294.214])
    expect([...atomicMasses(heavy.with({ arrays: { masses: { kind: 'real', components: 1, data: Float64Array.of(2, 3) } } }))]).toEqual([2, 3])
  })
})

describe('maxwellBoltzmann', () => {
  it('is the formula over the numbers of the engine, less the motion of the centre of mass', async () => {
    const velocities = await maxwellBoltzmann(cluster, { temperature: 300, seed: 7 })
    const normals = await randomNormal([12], { seed: 7, dtype: 'float64', device: 'cpu' }).data()
    const masses = atomicMasses(cluster)
    const drawn = Array.from(normals, (x, i) => x * Math.sqrt((boltzmannConstant * 300) / (massUnit * (masses[Math.floor(i / 3)] ?? NaN))))
    const mean = [0, 1, 2].map((axis) => masses.reduce((sum, m, atom) => sum + m * (drawn[3 * atom + axis] ?? NaN), 0) / masses.reduce((a, b) => a + b))
    expect(largestDifference(velocities, Float64Array.from(drawn, (v, i) => v - (mean[i % 3] ?? NaN)))).toBeLessThan(1e-15)
  })

  it('has the temperature of its sample, and exactly the temperature when rescaled', async () => {
    const structure = gas(2000)
    const masses = atomicMasses(structure)
    const temperatureOf = (velocities: Float64Array) => {
      const kinetic = velocities.reduce((sum, v, i) => sum + 0.5 * massUnit * (masses[Math.floor(i / 3)] ?? NaN) * v * v, 0)
      return (2 * kinetic) / (boltzmannConstant * (velocities.length - 3))
    }
    const sample = await maxwellBoltzmann(structure, { temperature: 250, seed: 3 })
    // The standard deviation is √(2/6000), 4.6 K.
    expect(Math.abs(temperatureOf(sample) - 250)).toBeLessThan(15)
    expect(temperatureOf(sample)).not.toBeCloseTo(250, 6)
    const exact = await maxwellBoltzmann(structure, { temperature: 250, seed: 3, rescale: true })
    expect(temperatureOf(exact)).toBeCloseTo(250, 9)
    for (const velocities of [sample, exact])
      for (const axis of [0, 1, 2]) expect(Math.abs(masses.reduce((sum, m, atom) => sum + m * (velocities[3 * atom + axis] ?? NaN), 0))).toBeLessThan(1e-11)
  })

  it('depends on the seed only', async () => {
    const [a, b, c] = await Promise.all([7, 7, 8].map((seed) => maxwellBoltzmann(cluster, { temperature: 300, seed })))
    expect(a).toEqual(b)
    expect(a).not.toEqual(c)
  })
})

describe('velocityVerlet', () => {
  it('is reversible', async () => {
    const start = await startDynamics(cluster, morse, { temperature: 500, seed: 1 })
    const there = await lastOf(start, velocityVerlet({ timestep: 0.5 }), morse, 300)
    expect(largestDifference(there.structure.positions, start.structure.positions)).toBeGreaterThan(0.1)
    const back = await lastOf({ ...there, velocities: there.velocities.map((v) => -v) }, velocityVerlet({ timestep: 0.5 }), morse, 300)
    expect(largestDifference(back.structure.positions, start.structure.positions)).toBeLessThan(1e-9)
    expect(largestDifference(back.velocities.map((v) => -v), start.velocities)).toBeLessThan(1e-9)
    expect([back.step, back.time]).toEqual([600, 300])
  })

  it('has an error of the energy of order Δt², which does not grow, and conserves momentum', async () => {
    const start = await startDynamics(cluster, morse, { temperature: 300, seed: 2 })
    const errorOf = async (timestep: number) => {
      const energies = (await statesOf(start, velocityVerlet({ timestep }), morse, 200 / timestep)).map((state) => observe(state).totalEnergy)
      const half = energies.length / 2
      const spread = (part: number[]) => Math.max(...part.map((e) => Math.abs(e - observe(start).totalEnergy)))
      expect(spread(energies.slice(half))).toBeLessThan(1.5 * spread(energies.slice(0, half)))
      return spread(energies)
    }
    const [coarse, fine] = [await errorOf(0.4), await errorOf(0.2)]
    expect(coarse / fine).toBeGreaterThan(3.6)
    expect(coarse / fine).toBeLessThan(4.4)
    const { masses, velocities } = await lastOf(start, velocityVerlet({ timestep: 0.2 }), morse, 100)
    for (const axis of [0, 1, 2]) expect(Math.abs(masses.reduce((sum, m, atom) => sum + m * (velocities[3 * atom + axis] ?? NaN), 0))).toBeLessThan(1e-13)
  })

  it('has the period of a harmonic oscillator, 2π √(m/k)', async () => {
    const atom = new Structure({ symbols: ['H'], positions: [[0.1, 0, 0]] })
    const period = 2 * Math.PI * Math.sqrt((1.008 * massUnit) / 20)
    const start = await startDynamics(atom, harmonicWell(20))
    const end = await lastOf(start, velocityVerlet({ timestep: period / 1000 }), harmonicWell(20), 1000)
    expect(end.structure.positions[0]).toBeCloseTo(0.1, 8)
    expect(Math.abs(end.velocities[0] ?? NaN)).toBeLessThan(1e-6)
  })
})

describe('langevin', () => {
  it('is velocity Verlet without friction', async () => {
    const start = await startDynamics(cluster, morse, { temperature: 300 })
    const { structure: a } = await lastOf(start, langevin({ timestep: 0.5, temperature: 300, friction: 0 }), morse, 50)
    const { structure: b } = await lastOf(start, velocityVerlet({ timestep: 0.5 }), morse, 50)
    expect(largestDifference(a.positions, b.positions)).toBeLessThan(1e-12)
  })

  it('slows a free atom at zero temperature by exp(−γ t)', async () => {
    const atom = new Structure({ symbols: ['H'], positions: [[0, 0, 0]] })
    const start = await startDynamics(atom, harmonicWell(0), { velocities: [0.01, 0, -0.02] })
    const { velocities } = await lastOf(start, langevin({ timestep: 1, temperature: 0, friction: 0.02 }), harmonicWell(0), 100)
    expect(velocities[0]).toBeCloseTo(0.01 * Math.exp(-2), 14)
    expect(velocities[2]).toBeCloseTo(-0.02 * Math.exp(-2), 14)
  })

  it('gives wells their temperature: ½ k ⟨r²⟩ = ½ m ⟨v²⟩ = ½ k_B T, at a long timestep', async () => {
    const structure = gas(400)
    const k = 5
    const well = harmonicWell(k)
    // Half of the longest stable step of the light atoms.
    const timestep = Math.sqrt((4.002602 * massUnit) / k)
    const integrator = langevin({ timestep, temperature: 350, friction: 0.1 / timestep })
    let [state, potential, kinetic] = [await startDynamics(structure, well, { temperature: 350, seed: 11 }), 0, 0]
    const samples = 200
    for await (const next of simulate(state, integrator, well, { steps: 40 })) state = next
    for await (const next of simulate(state, integrator, well, { steps: samples })) {
      potential += (2 * next.energy) / (1200 * boltzmannConstant * samples)
      kinetic += observe(next).temperature / samples
    }
    // 1,200 degrees of freedom and samples that forget in about ten steps: a standard deviation of 3 K.
    expect(Math.abs(potential - 350)).toBeLessThan(10)
    // The kinetic temperature of a splitting is lower by (Δt ω)²/4 or less.
    expect(Math.abs(kinetic - 350)).toBeLessThan(0.25 * 350)
    const short = langevin({ timestep: timestep / 10, temperature: 350, friction: 1 / timestep })
    let mean = 0
    for await (const next of simulate(state, short, well, { steps: 400 })) mean += observe(next).temperature / 400
    expect(Math.abs(mean - 350)).toBeLessThan(12)
  }, 60_000)

  it('repeats itself with a seed, and differs with another', async () => {
    const integrator = langevin({ timestep: 0.5, temperature: 300 })
    const [a, b, c] = await Promise.all(
      [4, 4, 5].map(async (seed) => lastOf(await startDynamics(cluster, morse, { seed, velocities: new Float64Array(12) }), integrator, morse, 20)),
    )
    expect(a).toEqual(b)
    expect(a?.velocities).not.toEqual(c?.velocities)
  })
})

describe('a state', () => {
  it.each([velocityVerlet({ timestep: 0.5 }), langevin({ timestep: 0.5, temperature: 300 })])('goes on to the last bit after it was written and read', async (integrator) => {
    const tagged = cluster.with({ info: { total_charge: 1 }, arrays: { tags: { kind: 'integer', components: 1, data: Float64Array.of(1, 2, 3, 4) } } })
    const start = await startDynamics(tagged, morse, { temperature: 300, seed: 9 })
    const through = await lastOf(start, integrator, morse, 30)
    const half = await lastOf(start, integrator, morse, 13)
    const { state, notes } = parseState(formatState(half, { kept: [1, true, 'x'] }))
    expect(state).toEqual(half)
    expect(notes).toEqual({ kept: [1, true, 'x'] })
    expect(await lastOf(state, integrator, morse, 17)).toEqual(through)
  })

  it('is a frame that ASE and viewers read, without the labels of its start', async () => {
    const labelled = cluster.with({ info: { energy: 3, REF_energy: 4, total_charge: 0 }, arrays: { forces: { kind: 'real', components: 3, data: new Float64Array(12) } } })
    const start = await startDynamics(labelled, morse, { temperature: 300, seed: 9 })
    const frame = trajectoryFrame(start, 9)
    expect([...frame.info.keys()]).toEqual(['total_charge', 'step', 'time', 'temperature', 'kinetic_energy', 'MACE_energy'])
    expect([...frame.arrays.keys()]).toEqual(['momenta', 'MACE_forces'])
    expect(frame.info.get('temperature')).toBeCloseTo(300, 9)
    const momenta = frame.arrays.get('momenta')?.data as Float64Array
    // Σ p²/2m in ASE's units is the kinetic energy in eV.
    expect(momenta.reduce((sum, p, i) => sum + (p * p) / (2 * (start.masses[Math.floor(i / 3)] ?? NaN)), 0)).toBeCloseTo(observe(start).kineticEnergy, 12)
  })

  it('is refused when its text is damaged', async () => {
    const text = formatState(await startDynamics(cluster, morse))
    for (const [damage, message] of [
      [text + text, '2 frames'],
      ['', 'at least one structure'],
      [text.replace('MD_step=0', 'MD_step=0.5'), 'MD_step is 0.5'],
      [text.replace('MD_seed=0', 'MD_seed=-1'), 'MD_seed is -1'],
      [text.replace(/MD_energy=\S+/, ''), 'MD_energy is missing'],
      [text.replace('MD_velocities:R:3', 'other:R:3'), 'MD_velocities is missing'],
      [text.replace(/12\.011/, '-12.0'), 'MD_masses'],
      [text.replace(/12\.011/, 'nan'), 'MD_masses holds a number that is not finite'],
    ] as const)
      expect(() => parseState(damage), message).toThrow(message)
    expect(() => parseState(text)).not.toThrow()
    expect(() => formatState({ ...parseState(text).state, structure: cluster.with({ info: { MD_step: 1 } }) })).toThrow('MD_step')
  })
})

describe('a MACE model', () => {
  it('conserves the energy of aspirin, and goes on to the last bit with a new neighbour list', async () => {
    const file = (name: string) => readFileSync(new URL(`../../../../examples/aspirin/${name}`, import.meta.url))
    using model = await Mace.load(file('models/aspirin_l0_c32.model.gz'), { dtype: 'float64' })
    const [aspirin] = parseXyz(file('frames.xyz').toString())
    if (!aspirin) throw new Error('there is no structure')
    const calculator = new Calculator(model)
    const start = await startDynamics(aspirin, calculator, { temperature: 300, seed: 1 })
    expect(start.structure.info.has('energy')).toBe(false)
    const states = await statesOf(start, velocityVerlet({ timestep: 0.5 }), calculator, 60)
    const energies = states.map((state) => observe(state).totalEnergy / 21)
    expect(Math.max(...energies) - Math.min(...energies)).toBeLessThan(1e-3)
    expect(calculator.numLists).toBeLessThan(10)
    const again = await lastOf(states[24] ?? start, velocityVerlet({ timestep: 0.5 }), new Calculator(model), 35)
    expect(again).toEqual(states.at(-1))
  })
})

describe('mistakes are refused', () => {
  const refused = (work: () => unknown, message: string) => expect(async () => work()).rejects.toThrow(message)

  it('of integrators', async () => {
    await refused(() => velocityVerlet({ timestep: 0 }), 'velocityVerlet: timestep is 0; it must be a positive number of fs')
    await refused(() => langevin({ timestep: NaN, temperature: 1 }), 'timestep is NaN')
    await refused(() => langevin({ timestep: 1, temperature: -1 }), 'temperature is -1; it must be zero or a positive number of K')
    await refused(() => langevin({ timestep: 1, temperature: 1, friction: Infinity }), 'friction is Infinity')
  })

  it('of starts', async () => {
    await refused(() => startDynamics(cluster, morse, { velocities: new Float64Array(12), temperature: 1 }), 'velocities and a temperature are given')
    await refused(() => startDynamics(cluster, morse, { velocities: [1, 2, 3] }), '3 components for 4 atoms, which need 12')
    await refused(() => startDynamics(cluster, morse, { velocities: new Float64Array(12).fill(NaN, 4, 5) }), 'component y of atom 1 is NaN')
    await refused(() => startDynamics(cluster, morse, { temperature: -5 }), 'temperature is -5')
    await refused(() => startDynamics(cluster, morse, { seed: 0.5 }), 'seed is 0.5')
    await refused(() => maxwellBoltzmann(cluster, { temperature: 300, seed: -1 }), 'seed is -1')
    await refused(() => maxwellBoltzmann(gas(1), { temperature: 300, rescale: true }), 'one atom cannot be rescaled to 300 K')
    const masses = (data: number[]) => cluster.with({ arrays: { masses: { kind: 'real', components: 1, data: Float64Array.from(data) } } })
    await refused(() => startDynamics(masses([1, 0, 1, 1]), morse), 'the mass of atom 1 is 0')
    await refused(() => atomicMasses(cluster.with({ arrays: { masses: { kind: 'string', components: 1, data: ['a', 'b', 'c', 'd'] } } })), 'masses is string')
  })

  it('of calculators and steps', async () => {
    await refused(() => startDynamics(cluster, { calculate: async () => ({ energy: 1 }) }), 'gives no forces')
    await refused(() => startDynamics(cluster, { calculate: async () => ({ energy: 1, forces: new Float64Array(3) }) }), 'forces at step 0: 3 components for 4 atoms')
    await refused(() => startDynamics(cluster, { calculate: async () => ({ energy: NaN, forces: new Float64Array(12) }) }), 'the energy at step 0 is NaN')
    const start = await startDynamics(cluster, morse)
    await refused(() => lastOf(start, velocityVerlet({ timestep: 1 }), morse, 1.5), 'steps is 1.5')
    await refused(() => lastOf(start, velocityVerlet({ timestep: 1 }), { calculate: async () => ({ energy: 1, forces: new Float64Array(12).fill(Infinity) }) }, 1), 'forces at step 1: component x of atom 0 is Infinity')
    await refused(() => observe(start, 0), 'degrees of freedom is 0')
    const stopped = simulate(start, velocityVerlet({ timestep: 1 }), morse, { steps: 5, signal: AbortSignal.abort(new Error('enough')) })
    await refused(() => stopped.next(), 'enough')
  })
})
