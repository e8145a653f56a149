import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Dtype } from '../cases/case.ts'
import { modelOf, seededInput, type Assets } from '../cases/seeded.ts'
import { timing, type Timing } from '../measure/statistics.ts'
import { readRecord } from '../results/read.ts'
import type { Row } from '../results/record.ts'
import type { FreshRun } from './fresh.ts'
import type { RunOptionTexts } from './options.ts'

const execute = promisify(execFile)

/** Largest relative difference of energies, which the peer sums up in float32. */
const tolerance = 2e-5
/** Processes of either side. */
const mostProcesses = 5

const startupCases = ['F-l0', 'F-l1'] as const
const memoryCases = ['F-l1', 'S-1536'] as const
/** What is measured with 1, 2, 4, … threads unless cases are named. */
const threadCases: readonly string[] = ['A1', 'B500', 'C', 'F-l1', 'S-1536']

interface Timed extends FreshRun {
  /** From outside: ms from the start of the process to its answer. */
  readonly total: number
}

/** This very program again. */
async function ownProcess(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout } = await execute(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...args], { env: { ...process.env, ...environment }, maxBuffer: 2 ** 28 })
  return stdout
}

/** Start-up cost and memory: every sample is a process of its own, with and without code kept from earlier ones. @throws if energies differ. */
export async function processRows(section: 'startup' | 'memory', options: RunOptionTexts, assets: Assets): Promise<Row[]> {
  const rows: Row[] = []
  const chosen = options.cases?.filter((name) => /^[FLMS]-/.test(name)) ?? (section === 'startup' ? startupCases : memoryCases)
  for (const dtype of options.dtype)
    for (const [backend, name] of options.backends.flatMap((own) => chosen.map((one) => [own, one] as const))) {
      const count = Math.min(mostProcesses, options.samples)
      const folder = mkdtempSync(join(tmpdir(), 'equivar-fresh-'))
      const models = await modelFolder(name, dtype, folder, options, assets)
      const args = ['fresh', name, '--dtype', dtype, '--backends', backend, '--threads', `${options.threads}`, '--models', models, '--structures', options.structures]
      try {
        // The driver of a GPU keeps code, too.
        const [cold, cached] = [{ EQUIVAR_CACHE_DIR: 'off', CUDA_CACHE_DISABLE: '1' }, { EQUIVAR_CACHE_DIR: folder, CUDA_CACHE_DISABLE: '1' }] as const
        const own = await repeat(count, () => ownProcess(args, cold))
        // The first one fills the cache.
        const again = section === 'startup' ? (await repeat(count + 1, () => ownProcess(args, cached))).slice(1) : []
        const [python] = options.python
        const theirs = python === undefined ? [] : await repeat(count, await pythonProcess(python, name, dtype, folder, options, assets))
        const [structure] = (await seededInput(name, dtype, assets)).structures
        rows.push(...rowsOf({ section, name, backend, dtype, options, atoms: structure?.numAtoms ?? null }, own, again, theirs))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
  return rows
}

/** Where a process reads the model: a file also where it is made here. */
async function modelFolder(name: string, dtype: Dtype, folder: string, { models }: RunOptionTexts, assets: Assets): Promise<string> {
  const model = modelOf(name)
  if (['model', 'model.gz', 'safetensors'].some((ending) => existsSync(join(models, `${model}.${ending}`)))) return models
  writeFileSync(join(folder, `${model}.safetensors`), await (await seededInput(name, dtype, assets)).model())
  return folder
}

async function pythonProcess(
  python: string,
  name: string,
  dtype: Dtype,
  folder: string,
  { models, threads }: RunOptionTexts,
  assets: Assets,
): Promise<() => Promise<string>> {
  const [structure] = (await seededInput(name, dtype, assets)).structures
  const vectors = (data: ArrayLike<number>) => Array.from({ length: data.length / 3 }, (_, k) => [0, 1, 2].map((axis) => data[3 * k + axis]))
  const file = join(folder, 'structure.json')
  const { atomicNumbers = [], positions = [], cell, pbc } = structure ?? {}
  writeFileSync(file, JSON.stringify({ numbers: [...atomicNumbers], positions: vectors(positions), cell: cell ? vectors(cell) : null, pbc }))
  const model = ['model', 'model.gz'].map((ending) => join(models, `${modelOf(name)}.${ending}`)).find((path) => existsSync(path)) ?? ''
  const script = fileURLToPath(new URL('../../peers/fresh.py', import.meta.url))
  return async () => (await execute(python, [script, '--model', model, '--structure', file, '--dtype', dtype, '--threads', `${threads}`])).stdout
}

async function repeat(count: number, run: () => Promise<string>): Promise<readonly Timed[]> {
  const runs: Timed[] = []
  for (let k = 0; k < count; k++) {
    const began = performance.now()
    const text = await run()
    runs.push({ ...(JSON.parse(text) as FreshRun), total: performance.now() - began })
  }
  return runs
}

interface Setting {
  readonly section: 'startup' | 'memory'
  readonly name: string
  readonly backend: string
  readonly dtype: Dtype
  readonly options: RunOptionTexts
  readonly atoms: number | null
}

function rowsOf({ section, name, backend, dtype, options, atoms }: Setting, own: readonly Timed[], again: readonly Timed[], theirs: readonly Timed[]): Row[] {
  const [expected, found] = [theirs[0]?.energy, own[0]?.energy ?? Number.NaN]
  const error = expected === undefined ? null : Math.abs(found - expected) / Math.abs(expected)
  if (error !== null && !(error <= tolerance)) throw new Error(`${name}: the energy differs from that of mace-torch by ${error.toExponential(2)}, more than ${tolerance}`)
  const rowOf = (pass: string, runs: readonly Timed[], of: (run: Timed) => number | undefined, unit: Row['unit']): Row[] => {
    const values = runs.flatMap((run) => of(run) ?? [])
    if (values.length === 0) return []
    const mine = timing(values)
    const others = theirs.flatMap((run) => of(run) ?? [])
    const peers: Readonly<Record<string, Timing>> = others.length > 0 ? { 'mace-torch': timing(others) } : {}
    const peer = peers['mace-torch']
    const compared = { peers, bestPeer: peer ? 'mace-torch' : null, ratio: peer ? peer.best / mine.best : null, error }
    const identity = { section, case: name, pass, backend, dtype, threads: backend === 'cpu' ? options.threads : 1, unit, atoms }
    return [{ ...identity, ...compared, own: mine, firstCall: null, flops: null, bytes: null, share: null }]
  }
  if (section === 'memory') return [...rowOf('resident', own, ({ resident }) => resident, 'B'), ...rowOf('device', own, ({ device }) => device, 'B')]
  const parts = (['boot', 'load', 'first', 'total'] as const).flatMap((part) => rowOf(part, own, (run) => run[part], 'ms'))
  return [...parts, ...(['first', 'total'] as const).flatMap((part) => rowOf(`${part}, code kept`, again, (run) => run[part], 'ms'))]
}

/** The same cases with 1, 2, 4, … threads and with all that were asked for, each number in a process of its own. */
export async function threadRows(options: RunOptionTexts): Promise<Row[]> {
  const counts = [...new Set([...Array.from({ length: Math.ceil(Math.log2(options.threads)) }, (_, k) => 2 ** k), options.threads])]
  const rows: Row[] = []
  const folder = mkdtempSync(join(tmpdir(), 'equivar-threads-'))
  try {
    for (const count of counts) {
      const out = join(folder, `${count}.json`)
      const passes = options.passes ? ['--passes', options.passes.join()] : []
      const shared = ['--samples', `${options.samples}`, '--warm-up', `${options.warmUp}`, '--models', options.models, '--structures', options.structures]
      const chosen = ['--cases', (options.cases ?? threadCases).join(), '--dtype', options.dtype.join(), '--threads', `${count}`, ...passes]
      await ownProcess(['run', '--python', options.python.join(), '--no-ceilings', '--out', out, ...chosen, ...shared])
      rows.push(...readRecord(readFileSync(out, 'utf8'), out).rows.map((row) => ({ ...row, section: 'threads' })))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
