import { InputError } from '@equivar/core'
import { langevin, massUnit, observe, simulate, startDynamics, velocityVerlet, type DynamicsState, type Integrator } from '../dynamics/index.ts'
import { atomicMasses } from '../dynamics/masses.ts'
import type { Structure } from '../structures/index.ts'
import type { CliCalculator, CliContext, CliLoadOptions } from './context.ts'
import { DynamicsFiles, readCheckpoint, type DynamicsSettings } from './dynamics-files.ts'
import { DynamicsReport } from './dynamics-report.ts'
import { counted, writeText } from './output.ts'
import { startProgress } from './progress.ts'
import { openStructures } from './structure-files.ts'

export type ThermostatName = 'none' | 'langevin'

export interface MdOptions extends Omit<CliLoadOptions, 'signal'> {
  readonly steps: number
  /** fs. */
  readonly timestep: number
  /** K; of the start, and of the thermostat. */
  readonly temperature?: number | undefined
  readonly thermostat: ThermostatName
  /** 1/fs. */
  readonly friction: number
  readonly seed: number
  readonly head?: string | undefined
  readonly out?: string | undefined
  /** Steps from one frame to the next. */
  readonly every: number
  readonly checkpoint?: string | undefined
  readonly resume: boolean
}

/** Time between checkpoints, ms: what an end without warning costs. */
const checkpointInterval = 1000

/** How much energies may differ on another device or in another precision, eV an atom. */
const energyTolerance = 1e-3

/** `equivar md`: molecular dynamics from the first structure of a file, or from where an earlier run stopped. */
export async function runDynamics(modelPath: string, structuresPath: string, options: MdOptions, context: CliContext): Promise<void> {
  const { signal } = context
  const { dtype, backend, method, precision, memory, threads, head, out, steps, every, seed } = options
  const chosen = (line: string) => void context.stderr.write(`equivar: ${line}\n`)
  const integrator = integratorOf(options)
  const settings = settingsOf(options)
  const paths = { out, checkpoint: options.checkpoint ?? (out === undefined ? undefined : `${out}.checkpoint`) }
  const calculator = await context.models.calculator(modelPath, { dtype, backend, method, precision, memory, threads, head, signal, chosen })
  const structure = await firstStructure(structuresPath, calculator, context)
  const resumed = options.resume ? await readCheckpoint(paths, settings) : null
  if (resumed) await requireContinuation(resumed.state, structure, calculator, context)
  const started = resumed?.state ?? (await startDynamics(structure, calculator, { ...startOf(structure, options), seed, signal }))

  const degreesOfFreedom = integrator.degreesOfFreedom(structure.numAtoms)
  const remaining = Math.max(0, steps - started.step)
  const report = new DynamicsReport(remaining)
  report.add(started, observe(started, degreesOfFreedom))
  const files = await (resumed ? DynamicsFiles.reopen(paths, settings, resumed) : DynamicsFiles.create(paths, settings))
  const progress = await startProgress(context.stderr, remaining, 'steps')
  let state = started
  let saved = performance.now()
  const began = saved
  try {
    if (!resumed) await files.frame(state, degreesOfFreedom)
    await files.checkpoint(state)
    for await (const next of simulate(started, integrator, calculator, { steps: remaining, signal })) {
      if (next.step % every === 0) await files.frame(next, degreesOfFreedom)
      state = next
      report.add(state, observe(state, degreesOfFreedom))
      progress.update(state.step - started.step)
      if (performance.now() - saved > checkpointInterval) {
        await files.checkpoint(state)
        saved = performance.now()
      }
      // A step may be synchronous; this lets signals arrive.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  } finally {
    progress.stop()
    try {
      await files.checkpoint(state)
    } finally {
      await files.close()
    }
    if (signal.aborted && paths.checkpoint !== undefined)
      await writeText(context.stderr, `stopped after step ${state.step}; the same command with --resume goes on from ${paths.checkpoint}\n`)
  }
  await writeText(context.stdout, summary(state, started, report, files, (performance.now() - began) / 1000, { ...options, ...paths }, calculator))
}

function integratorOf({ thermostat, timestep, temperature, friction }: MdOptions): Integrator {
  if (thermostat === 'none') return velocityVerlet({ timestep })
  if (temperature === undefined) throw new InputError('md: a thermostat needs a temperature; give --temperature in K, or --thermostat none')
  return langevin({ timestep, temperature, friction })
}

function settingsOf({ thermostat, timestep, temperature, friction, seed, every }: MdOptions): DynamicsSettings {
  return { timestep, temperature: temperature ?? null, thermostat, friction: thermostat === 'none' ? null : friction, seed, every }
}

async function firstStructure(path: string, calculator: CliCalculator, context: CliContext): Promise<Structure> {
  const file = await openStructures(path, calculator.model.definition.architecture.atomicNumbers, {}, context)
  for await (const { structure } of file.read()) return structure
  throw new InputError(`${path}: there is no structure to start from`)
}

/** A temperature draws velocities; without one they are those of the file's momenta in ASE's units, or zero. */
function startOf(structure: Structure, { temperature }: MdOptions): { readonly temperature?: number; readonly velocities?: Float64Array } {
  if (temperature !== undefined) return { temperature }
  const momenta = structure.arrays.get('momenta')
  if (momenta?.kind !== 'real' || momenta.components !== 3) return {}
  const masses = atomicMasses(structure)
  return { velocities: momenta.data.map((p, i) => p / ((masses[Math.floor(i / 3)] ?? Number.NaN) * Math.sqrt(massUnit))) }
}

/** @throws {InputError} if the state is of other atoms, or the model gives it another energy. */
async function requireContinuation(state: DynamicsState, structure: Structure, calculator: CliCalculator, { signal }: CliContext): Promise<void> {
  const same = (a: ArrayLike<number> | null, b: ArrayLike<number> | null) =>
    a && b ? a.length === b.length && Array.from(a).every((x, i) => x === b[i]) : a === b
  if (!same(state.structure.atomicNumbers, structure.atomicNumbers) || !same(state.structure.cell, structure.cell))
    throw new InputError('md: the checkpoint is of other atoms or another cell than the structure; give the structure that the run began with')
  const { energy } = await calculator.calculate(state.structure, { signal })
  if (!(Math.abs(energy - state.energy) <= energyTolerance * structure.numAtoms))
    throw new InputError(`md: the checkpoint's energy is ${state.energy} eV, this model gives its structure ${energy} eV; give the model that the run began with`)
}

function summary(
  state: DynamicsState,
  started: DynamicsState,
  report: DynamicsReport,
  { numFrames }: DynamicsFiles,
  seconds: number,
  { out, checkpoint, thermostat, timestep }: MdOptions,
  { model: { definition: { architecture }, dtype } }: CliCalculator,
): string {
  const numSteps = state.step - started.step
  const { numAtoms } = state.structure
  const speed = numSteps === 0 ? '' : `, ${(numSteps / seconds).toPrecision(3)} steps/s, ${((numSteps * timestep * 0.0864) / seconds).toPrecision(3)} ns/day`
  const lines = [
    `${counted(numSteps, 'step')} of ${timestep} fs, ${counted(numAtoms, 'atom')}, ${seconds.toFixed(2)} s${speed} (${architecture.model}, ${dtype})\n`,
    report.statistics(numAtoms, thermostat === 'none'),
    out === undefined ? '' : `wrote ${counted(numFrames, 'frame')} to ${out}\n`,
    checkpoint === undefined ? '' : `wrote ${checkpoint}; more steps with --resume\n`,
  ]
  return `${report.steps()}\n${lines.join('')}`
}
