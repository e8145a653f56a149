import { availableParallelism, cpus, tmpdir } from 'node:os'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { registeredDevice, use } from '@equivar/core'
import { CpuDevice, createCpu } from '@equivar/kernels-cpu'
import { Command } from 'commander'
import { CaseArrays } from './arrays.ts'
import { cases } from './cases.ts'
import type { Dtype } from './case.ts'
import { compareCase, type Row } from './compare.ts'
import { Peer } from './peer.ts'
import { reportText } from './report.ts'
import { geometricMean } from './statistics.ts'

interface Options {
  readonly python: readonly string[]
  readonly cases: readonly string[]
  readonly dtype: Dtype
  readonly threads: number
  readonly samples: number
  readonly models: string
  readonly structures: string
  readonly out?: string
  readonly ownOnly?: boolean
}

const list = (text: string) => text.split(',').filter((item) => item !== '')

const program = new Command('bench')
  .description('times operations and models of @equivar beside Python libraries, in turns, on the same inputs; outputs are compared first')
  .option('--python <paths>', 'Python interpreters of the environments of the peers, separated by commas', list, [])
  .option('--cases <names>', `which of ${Object.keys(cases).join(', ')}`, list, Object.keys(cases))
  .option('--dtype <dtype>', 'f32 or f64', 'f32')
  .option('--threads <n>', 'threads of both sides', Number, 2)
  .option('--samples <n>', 'samples of every pass', Number, 20)
  .requiredOption('--models <folder>', 'folder with aspirin_l0_c32.model and aspirin_l1_c64.model')
  .requiredOption('--structures <file>', 'extended XYZ with aspirin, energies and forces')
  .option('--own-only', 'time only this project; inputs still come from the first environment')
  .option('--out <file>', 'write the rows as JSON, and a table as Markdown beside it')
  .parse()

const options = program.opts<Options>()
use(createCpu({ threads: options.threads }))
const device = registeredDevice('cpu')
if (device instanceof CpuDevice) await device.startThreads()
const scratch = mkdtempSync(join(tmpdir(), 'equivar-bench-'))
const script = fileURLToPath(new URL('../peers/peers.py', import.meta.url))
const { threads, models, structures } = options
const peers = options.python.map((python) => new Peer({ python, script, threads, models, structures }))
const rows: Row[] = []
const versions: Record<string, string> = { node: process.version }
try {
  for (const peer of peers) Object.assign(versions, await peer.versions())
  for (const name of options.cases) {
    const make = cases[name]
    if (!make) throw new Error(`there is no case ${name}; the cases are ${Object.keys(cases).join(', ')}`)
    const built = []
    for (const [k, peer] of peers.entries()) {
      const folder = join(scratch, `${name}-${k}`)
      mkdirSync(folder)
      built.push({ peer, folder, ...(await peer.build(name, options.dtype, folder)) })
    }
    // The environment that knows the case gives its inputs; all make the same ones from the same seeds.
    const source = built.find(({ passes }) => passes.length > 0) ?? built[0]
    if (!source) throw new Error('at least one Python environment is needed: it makes the inputs')
    const input = { name, dtype: options.dtype, folder: source.folder, arrays: new CaseArrays(source.folder, source.arrays), meta: source.meta }
    const own = await make(input, models)
    try {
      const fresh = await compareCase(name, own, built, { samples: options.samples, ownOnly: options.ownOnly === true })
      rows.push(...fresh)
      console.log(reportText(fresh))
    } finally {
      own.dispose()
      for (const { peer, folder } of built) {
        await peer.drop()
        rmSync(folder, { recursive: true, force: true })
      }
    }
  }
} finally {
  for (const peer of peers) peer.close()
  rmSync(scratch, { recursive: true, force: true })
}

const ratios = rows.flatMap(({ ratio }) => ratio ?? [])
if (ratios.length > 0) console.log(`geometric mean of ${ratios.length} ratios: ${geometricMean(ratios).toFixed(2)}`)
if (options.out !== undefined) {
  const machine = { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), threads, device: device?.description ?? 'none' }
  const mean = ratios.length > 0 ? geometricMean(ratios) : null
  const record = { date: new Date().toISOString().slice(0, 10), dtype: options.dtype, machine, versions, rows, geometricMean: mean }
  writeFileSync(options.out, `${JSON.stringify(record, null, 1)}\n`)
  const heading = `# ${record.date}, ${options.dtype}, Node ${process.version}\n\n${machine.cpu}, ${machine.cores} cores, ${threads} threads on both sides. ${machine.device}\n\n`
  const summary = record.geometricMean === null ? '' : `\n\nGeometric mean of the ratios: ${record.geometricMean.toFixed(2)}\n`
  writeFileSync(options.out.replace(/\.json$/, '.md'), `${heading}${reportText(rows)}${summary}`)
}
process.exit(0)
