import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CpuDevice } from '@equivar/kernels-cpu'
import type { Dtype } from '../cases/case.ts'
import { seededInput, type Assets } from '../cases/seeded.ts'
import { openBackend, runCase, type BenchBackend } from '../measure/run-case.ts'
import { geometricMean } from '../measure/statistics.ts'
import type { Refusal, ResultRecord, Row } from '../results/record.ts'
import { tableHead, tableLines } from '../results/text.ts'
import { folderAssets } from './assets.ts'
import { registerBackends } from './backends.ts'
import { buildJsCase, loadJsPeers, type JsPeer } from './js-peers.ts'
import { machineOf } from './machine.ts'
import { choiceOf, type RunOptionTexts } from './options.ts'
import { processRows, threadRows } from './processes.ts'
import { Progress } from './progress.ts'
import { buildPythonCase, Peer, type PythonCase } from './python-peer.ts'

/** What a run gathers. */
interface Findings {
  readonly rows: Row[]
  readonly refused: Refusal[]
}

/**
 * Measures what was chosen, and prints tables on the way. After every case `keep` gets the record so far, so that a run that is cut off leaves
 * what it measured.
 *
 * @throws if outputs differ, before they are timed.
 */
export async function run(options: RunOptionTexts, keep: (record: ResultRecord) => void): Promise<ResultRecord> {
  const { threads, peerDevice, models, structures } = options
  await registerBackends(options.backends, threads)
  const chosen = choiceOf(options)
  const backends: BenchBackend[] = []
  const findings: Findings = { rows: [], refused: [] }
  const progress = new Progress(chosen.cases.length * options.dtype.length)
  progress.show('ceilings')
  for (const name of options.backends) backends.push(await openAwake(name, options.ceilings))
  progress.clear()
  for (const { name, ceilings } of backends) if (ceilings) console.log(ceilingText(name, ceilings))
  const scratch = mkdtempSync(join(tmpdir(), 'equivar-bench-'))
  const script = peerScript()
  const peers = options.python.map((python) => new Peer({ python, script, threads, device: peerDevice, models, structures }))
  const versions: Record<string, string> = { node: process.version }
  const jsPeers = options.js === undefined ? [] : await loadJsPeers(options.js, (text) => console.error(text))
  for (const { name, version } of jsPeers) versions[name] = version
  const assets = folderAssets(models, structures)
  try {
    for (const peer of peers) Object.assign(versions, await peer.versions())
    for (const line of tableHead) console.log(line)
    for (const dtype of options.dtype)
      for (const name of chosen.cases) {
        progress.show(`${name} ${dtype}`)
        const { rows, refused } = await measure(name, dtype, { assets, backends, peers, jsPeers, scratch, options })
        findings.rows.push(...rows)
        findings.refused.push(...refused)
        progress.step()
        progress.clear()
        for (const line of tableLines(rows)) console.log(line)
        for (const { case: refusal, backend, reason } of refused) console.log(`${refusal} on ${backend}: not measured, ${reason}`)
        keep(recordOf(threads, backends, versions, findings))
      }
    for (const section of chosen.sections) {
      if (section !== 'threads' && section !== 'startup' && section !== 'memory') continue
      progress.show(section)
      const rows = section === 'threads' ? await threadRows(options) : await processRows(section, options, assets)
      progress.clear()
      findings.rows.push(...rows)
      for (const line of tableLines(rows)) console.log(line)
    }
  } finally {
    for (const peer of peers) peer.close()
    rmSync(scratch, { recursive: true, force: true })
  }
  return recordOf(threads, backends, versions, findings)
}

function recordOf(threads: number, backends: readonly BenchBackend[], versions: Readonly<Record<string, string>>, findings: Findings): ResultRecord {
  const ratios = caseRatios(findings.rows)
  return {
    version: 2,
    date: new Date().toISOString().slice(0, 10),
    machine: machineOf(threads, backends),
    versions,
    ceilings: backends.flatMap(({ ceilings }) => ceilings ?? []),
    ...findings,
    geometricMean: ratios.length > 0 ? geometricMean(ratios) : null,
  }
}

/** Of the cases themselves; processes and numbers of threads are other questions. */
export function caseRatios(rows: readonly Row[]): readonly number[] {
  return rows.flatMap(({ section, ratio }) => (ratio === null || section === 'threads' || section === 'startup' || section === 'memory' ? [] : [ratio]))
}

interface Setting {
  readonly assets: Assets
  readonly backends: readonly BenchBackend[]
  readonly peers: readonly Peer[]
  readonly jsPeers: readonly JsPeer[]
  readonly scratch: string
  readonly options: RunOptionTexts
}

async function measure(name: string, dtype: Dtype, { assets, backends, peers, jsPeers, scratch, options }: Setting): Promise<Findings> {
  const built: PythonCase[] = []
  const folders: string[] = []
  try {
    for (const [k, peer] of peers.entries()) {
      const folder = join(scratch, `${name}-${dtype}-${k}`)
      folders.push(folder)
      built.push(await buildPythonCase(peer, name, dtype, folder, assets))
    }
    for (const { errors } of built) for (const [library, reason] of Object.entries(errors)) console.error(`${name}: ${library} failed, ${reason}`)
    // The environment that knows the case gives its inputs; all make the same ones from the same seeds.
    const known = built.find(({ opponent }) => opponent.passes.length > 0)
    const input = known?.input ?? (await seededInput(name, dtype, assets))
    const inJs = await buildJsCase(jsPeers, input, options.threads, (text) => console.error(text))
    try {
      const opponents = [...built, inJs].map(({ opponent }) => opponent)
      const { rows, refused } = await runCase(input, backends, opponents, { ...options, ownOnly: options.ownOnly === true })
      return { rows: [...rows], refused: [...refused] }
    } finally {
      await inJs.dispose()
    }
  } finally {
    for (const peer of peers) await peer.drop()
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
}

/** Of this repository, or beside the program where that was taken elsewhere. */
function peerScript(): string {
  const own = fileURLToPath(new URL('../../peers/peers.py', import.meta.url))
  return existsSync(own) ? own : join(dirname(process.argv[1] ?? ''), 'peers.py')
}

/** With all threads running before anything is measured. */
async function openAwake(name: string, measuresCeilings: boolean): Promise<BenchBackend> {
  const opened = await openBackend(name, null)
  if (opened.backend instanceof CpuDevice) await opened.backend.startThreads()
  return measuresCeilings ? openBackend(name) : opened
}

function ceilingText(name: string, { flops, copy }: NonNullable<BenchBackend['ceilings']>): string {
  const arithmetic = Object.entries(flops).map(([dtype, rate]) => `${(rate / 1e9).toFixed(1)} GFLOP/s ${dtype}`)
  const memory = copy.map(({ bytes, rate }) => `${(rate / 1e9).toFixed(1)} (${bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`})`)
  return `${name}: multiply-adds ${arithmetic.join(', ')}; copies, GB/s: ${memory.join(', ')}`
}
