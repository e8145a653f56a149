import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { MethodChoice, Precision } from '@equivar/engine'
import type { LabelKeys } from '../structures/index.ts'
import type { MemoryUse } from '../evaluation/memory.ts'
import type { BackendName, CliContext, Dtype } from './context.ts'
import { convertFile } from './convert.ts'
import { runDynamics, type MdOptions } from './dynamics.ts'
import { examine } from './doctor.ts'
import { describeFailure, exitCodeOf } from './failure.ts'
import { evaluateFile } from './evaluate.ts'
import { explainFile } from './explain.ts'
import { inspectFile } from './inspect.ts'

interface RawEvalOptions {
  readonly out?: string
  readonly json?: boolean
  readonly dtype?: Dtype
  readonly backend?: BackendName
  readonly method?: MethodChoice
  readonly precision?: Precision
  readonly memory?: MemoryUse
  readonly threads?: number
  readonly stress?: boolean
  readonly nodeEnergies?: boolean
  readonly batch?: number
  readonly head?: string
  readonly energyKey?: string
  readonly forcesKey?: string
  readonly stressKey?: string
}

type RawMdOptions = Omit<MdOptions, 'resume'> & { readonly resume?: boolean }

/**
 * Runs one command line and returns its exit code: 0 done, 1 something is wrong with the input or the evaluation, 2 the
 * command line itself is wrong, 130 interrupted, 143 terminated. Failures are one line on standard error.
 *
 * @param argv arguments without the program's own name
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const program = buildProgram(context)
  try {
    await program.parseAsync(argv, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    const failure: unknown = context.signal.aborted ? context.signal.reason : error
    context.stderr.write(describeFailure(failure, program.opts<{ debug?: boolean }>().debug === true))
    return exitCodeOf(failure)
  }
}

function buildProgram(context: CliContext): Command {
  const program = new Command('equivar')
    .description('MACE interatomic potentials: energies, forces and stress of structures.')
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--debug', 'print the stack trace of an error')
    .addHelpText('after', '\nExit codes: 0 done, 1 error in input or evaluation, 2 wrong usage, 130 interrupted.')
  // Subcommands copy these settings, so they come first.
  program.exitOverride().configureOutput({
    writeOut: (text) => void context.stdout.write(text),
    writeErr: (text) => void context.stderr.write(text),
    outputError: (text, write) => {
      write(`equivar: ${oneLine(text.replace(/^error: /, ''))} (see --help)\n`)
    },
  })
  addEval(program, context)
  addMd(program, context)
  addInspect(program, context)
  addConvert(program, context)
  addExplain(program, context)
  addDoctor(program, context)
  return program
}

function addEval(program: Command, context: CliContext): void {
  program
    .command('eval')
    .description('energies and forces of every structure of an extended XYZ file')
    .argument('<model>', 'a .model or .pt file of mace-torch, or a .safetensors file of this project')
    .argument('<structures>', 'an extended XYZ file, or - for standard input')
    .option('--out <file>', 'write the structures with MACE_energy, MACE_forces, … to this extended XYZ file')
    .option('--json', 'print one array of { energy, forces, nodeEnergies?, stress? } in eV and Å, and nothing else')
    .addOption(dtypeOption())
    .addOption(backendOption())
    .addOption(methodOption())
    .addOption(precisionOption())
    .addOption(memoryOption())
    .option('--threads <n>', 'threads of the processor that compute (default: all)', positiveInteger)
    .option('--stress', 'also predict the stress (eV/Å³)')
    .option('--node-energies', 'also give the energy of every atom')
    .option('--batch <n>', 'number of structures evaluated together (default: as many as have about 200 atoms)', positiveInteger)
    .option('--head <name>', 'head of a multi-head model; otherwise the head named in the file, or the default one')
    .option('--energy-key <key>', 'key of the reference energy in the file (default: REF_energy, energy, …)')
    .option('--forces-key <key>', 'column of the reference forces (default: REF_forces, forces, …)')
    .option('--stress-key <key>', 'key of the reference stress (default: REF_stress, stress, …)')
    .addHelpText(
      'after',
      '\nExamples:\n  equivar eval mace.model molecules.xyz\n  equivar eval mace.model crystals.xyz --stress --out predicted.xyz\n  equivar eval mace.model molecules.xyz --json > predicted.json',
    )
    .action(async (model: string, structures: string, raw: RawEvalOptions) => {
      const keys: LabelKeys = { energy: raw.energyKey, forces: raw.forcesKey, stress: raw.stressKey }
      const { json = false, stress = false, nodeEnergies = false, out, dtype, batch, head, backend, method, precision, memory, threads } = raw
      await evaluateFile(model, structures, { out, json, dtype, backend, method, precision, memory, threads, stress, nodeEnergies, batch, head, keys }, context)
    })
}

function addMd(program: Command, context: CliContext): void {
  program
    .command('md')
    .description('molecular dynamics from the first structure of an extended XYZ file')
    .argument('<model>', 'a model file')
    .argument('<structures>', 'an extended XYZ file, or - for standard input')
    .requiredOption('--steps <n>', 'steps in all, those before --resume included', positiveInteger)
    .option('--timestep <fs>', 'time of a step in fs', positiveNumber, 0.5)
    .option('--temperature <K>', "draw velocities of this temperature; without it they are the file's momenta, or zero", positiveNumber)
    .addOption(new Option('--thermostat <name>', 'none: constant energy; langevin: constant temperature').choices(['none', 'langevin']).default('none'))
    .option('--friction <1/fs>', 'how fast the thermostat acts', positiveNumber, 0.01)
    .option('--seed <n>', 'of all random numbers', wholeNumber, 0)
    .option('--out <file>', 'write the trajectory to this extended XYZ file')
    .option('--every <n>', 'steps from one frame to the next', positiveInteger, 10)
    .option('--checkpoint <file>', 'where to keep what --resume needs (default: the name of --out with .checkpoint)')
    .option('--resume', 'go on from the checkpoint of the same command, to the last bit')
    .addOption(dtypeOption())
    .addOption(backendOption())
    .addOption(methodOption())
    .addOption(precisionOption())
    .addOption(memoryOption())
    .option('--threads <n>', 'threads of the processor that compute (default: all)', positiveInteger)
    .option('--head <name>', 'head of a multi-head model')
    .addHelpText(
      'after',
      '\nExamples:\n  equivar md mace.model start.xyz --steps 10000 --temperature 300 --out run.xyz\n  equivar md mace.model start.xyz --steps 10000 --temperature 300 --out run.xyz --resume\n  equivar md mace.model start.xyz --steps 10000 --temperature 300 --thermostat langevin --friction 0.02',
    )
    .action(async (model: string, structures: string, { resume = false, ...options }: RawMdOptions) => {
      await runDynamics(model, structures, { ...options, resume }, context)
    })
}

function addInspect(program: Command, context: CliContext): void {
  program
    .command('inspect')
    .description('what a model file holds: architecture, elements, cutoff, irreps, number of parameters, heads')
    .argument('<model>', 'a model file')
    .option('--json', 'print it as JSON')
    .action(async (model: string, { json = false }: { readonly json?: boolean }) => {
      await inspectFile(model, { json }, context)
    })
}

function addConvert(program: Command, context: CliContext): void {
  program
    .command('convert')
    .description("write a model in this project's own format, one safetensors file")
    .argument('<model>', 'a model file')
    .argument('<out>', 'the file to write, usually NAME.safetensors')
    .action(async (model: string, out: string) => {
      await convertFile(model, out, context)
    })
}

function addExplain(program: Command, context: CliContext): void {
  program
    .command('explain')
    .description('which operations and kernels evaluate a structure, with their flops and bytes')
    .argument('<model>', 'a model file')
    .argument('<structures>', 'an extended XYZ file, or - for standard input; its first structure gives the sizes')
    .addOption(dtypeOption())
    .addOption(backendOption())
    .addOption(methodOption())
    .addOption(precisionOption())
    .addOption(memoryOption())
    .option('--json', 'print it as JSON')
    .action(async (model: string, structures: string, raw: Pick<RawEvalOptions, 'json' | 'dtype' | 'backend' | 'method' | 'precision' | 'memory'>) => {
      const { json = false, dtype, backend, method, precision, memory } = raw
      await explainFile(model, structures, { json, dtype, backend, method, precision, memory }, context)
    })
}

function addDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('which devices this machine has, whether they compute rightly, which one auto takes, and how to get a faster one')
    .option('--json', 'print it as JSON')
    .action(async ({ json = false }: { readonly json?: boolean }) => {
      await examine({ json }, context)
    })
}

function dtypeOption(): Option {
  return new Option('--dtype <dtype>', "precision of the arithmetic; the model's own unless given").choices(['float32', 'float64'])
}

function backendOption(): Option {
  return new Option('--backend <name>', 'what computes; auto takes the first of cuda, webgpu and cpu that can be had, and says so').choices(['auto', 'cpu', 'webgpu', 'cuda']).default('cpu')
}

function methodOption(): Option {
  const methods = ['auto', 'naive', 'uniform_1d', 'fused_tp', 'indexed_linear'] satisfies readonly MethodChoice[]
  return new Option('--method <name>', 'how operations run; naive is plain TypeScript').choices(methods).default('auto')
}

function precisionOption(): Option {
  const precisions = ['float32', 'tensorfloat32'] satisfies readonly Precision[]
  return new Option('--precision <name>', 'how exactly float32 matrices are multiplied; tensorfloat32 is faster, to about 1e-3, on cuda only').choices(precisions).default('float32')
}

function memoryOption(): Option {
  const choices = ['auto', 'full', 'low'] satisfies readonly MemoryUse[]
  return new Option('--memory <use>', 'low computes edges for some of the atoms at a time, in less memory and more time; auto where they would not fit').choices(choices).default('auto')
}

function positiveInteger(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Expected a positive integer.')
  return value
}

function wholeNumber(text: string): number {
  return Number(text) === 0 && /^\d+$/.test(text) ? 0 : positiveInteger(text)
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a positive number.')
  return value
}

function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}
