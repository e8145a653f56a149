#!/usr/bin/env node
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Command } from 'commander'
import { cases } from '../cases/catalog.ts'
import { kernelCases } from '../kernels/catalog.ts'
import { exampleModels, exampleStructures } from './example.ts'
import { folderAssets } from './assets.ts'
import { compareFiles, writeResults } from './files.ts'
import type { ConformanceOptionTexts } from './conformance.ts'
import { exampleNames, runExample, runExamples, type ExampleName, type ExamplesOptionTexts } from './examples.ts'
import type { KernelOptionTexts } from './kernels.ts'
import {
  backendList, caseList, conformanceBackend, conformanceBackends, count, dtypeList, exampleList, exampleName, kernelCaseList, list, peerDevice, sectionList,
  sections, share, shareOfCases, tier, type RunOptionTexts,
} from './options.ts'
import { freshRun } from './fresh.ts'
import { caseRatios, run } from './run.ts'

// As the command line of @equivar/mace does: Node 20 keeps relaxed SIMD behind a flag.
if (process.versions.node.startsWith('20.')) setFlagsFromString('--experimental-wasm-relaxed-simd')

const program = new Command('bench').description('measures @equivar beside other libraries, on the same inputs; outputs are compared first')

program
  .command('run', { isDefault: true })
  .description('times operations and models, in turns with the peers')
  .option('--python <paths>', 'Python interpreters of the environments of the peers, separated by commas', list, [])
  .option('--peer-device <device>', 'where the libraries of --python run: cpu or cuda', peerDevice, 'cpu')
  .option('--js <folder>', 'folder whose node_modules hold @jax-js/jax, onnxruntime-node or onnxruntime-web, as peers')
  .option('--sections <names>', `which of ${sections.join(', ')}, or all; the first four unless told`, sectionList)
  .option('--cases <names>', `which of ${Object.keys(cases).join(', ')}`, caseList)
  .option('--passes <names>', 'which of fwd, fb, db, ef, step; all unless told', list)
  .option('--backends <names>', 'which of cpu, webgpu, cuda, naive, as far as their packages are installed', backendList, ['cpu'])
  .option('--dtype <dtypes>', 'f32, f64 or both', dtypeList, ['f32'])
  .option('--threads <n>', 'threads of both sides', count(1), 2)
  .option('--samples <n>', 'samples of every pass', count(1), 20)
  .option('--warm-up <ms>', 'longest warm-up of a pass', count(0), 1500)
  .option('--models <folder>', 'folder with aspirin_l0_c32 and aspirin_l1_c64', exampleModels)
  .option('--structures <file>', 'extended XYZ with aspirin, energies and forces', exampleStructures)
  .option('--own-only', 'time only this project; peers still make inputs and outputs to compare with')
  .option('--no-ceilings', 'do not measure what the machine allows')
  .option('--out <file>', 'write the record as JSON, and a table as Markdown beside it')
  .action(async (options: RunOptionTexts) => {
    // What cannot be written is found out before the work.
    if (options.out !== undefined) mkdirSync(dirname(options.out), { recursive: true })
    const { out } = options
    const record = await run(options, (soFar) => {
      if (out !== undefined) writeResults(out, soFar)
    })
    if (record.geometricMean !== null) console.log(`geometric mean of ${caseRatios(record.rows).length} ratios: ${record.geometricMean.toFixed(2)}`)
    if (out !== undefined) writeResults(out, record)
  })

program
  .command('kernels')
  .description('times kernels of operations one by one, and says what the compiler made of them')
  .option('--backend <name>', 'cpu, webgpu or cuda', 'cpu')
  .option('--cases <names>', `which of ${Object.keys(kernelCases).join(', ')}`, kernelCaseList)
  .option('--passes <names>', 'which of fwd, bwd, dbl; all unless told', list)
  .option('--samples <n>', 'samples of every pass', count(1), 7)
  .option('--threads <n>', 'threads of a processor', count(1), 2)
  .option('--no-ceilings', 'do not measure what the machine allows')
  .option('--out <file>', 'write the record as JSON, and a table as Markdown beside it')
  .action(async (options: KernelOptionTexts) => {
    const { runKernels } = await import('./kernels.ts')
    await runKernels(options)
  })

program
  .command('conformance')
  .description('runs the conformance suite; ends with 1 if a case failed')
  .option('--backend <name>', conformanceBackends.join(' or '), conformanceBackend, 'cpu')
  .option('--tier <tier>', 'ci or full', tier, 'ci')
  .option('--seed <n>', 'of the cases', count(0), 1)
  .option('--share <share>', 'every so manyth case, beginning with which', shareOfCases, { index: 0, count: 1 })
  .option('--processes <n>', 'processes that divide the share', count(1), 1)
  .option('--seconds <n>', 'begin nothing new after so long: the result counts what was done', count(1))
  .option('--out <file>', 'write the results as JSON')
  .action(async (options: ConformanceOptionTexts) => {
    // With the kernels of all hardware, which measuring needs only where it is asked for.
    const { runShare } = await import('./conformance.ts')
    if ((await runShare(options)) > 0) process.exitCode = 1
  })

program
  .command('examples')
  .description('runs the programs of the tutorial on a device and on the processor; ends with 1 if what they compute differs')
  .option('--backend <name>', conformanceBackends.join(' or '), conformanceBackend, 'cuda')
  .option('--examples <names>', `which of ${exampleNames.join(', ')}`, exampleList)
  .action((options: ExamplesOptionTexts) => {
    if (runExamples(options) > 0) process.exitCode = 1
  })

program
  .command('example', { hidden: true })
  .argument('<name>', '', exampleName)
  .requiredOption('--backend <name>', '', conformanceBackend)
  .requiredOption('--out <file>')
  .action((name: ExampleName, { backend, out }: { readonly backend: string; readonly out: string }) => runExample(name, backend, out))

program
  .command('report')
  .description('one self-contained HTML page of files of results')
  .argument('<files...>', 'what --out wrote')
  .option('--out <file>', 'the page', 'bench.html')
  .action(async (files: readonly string[], { out }: { readonly out: string }) => {
    // Plots are large to load, and processes that are timed from their start need none.
    const { writeReport } = await import('./report.ts')
    writeReport(files, out)
  })

program
  .command('compare')
  .description('what became better or worse between two files of results; ends with 1 if something became worse')
  .argument('<before>', 'what --out wrote')
  .argument('<after>', 'what --out wrote later')
  .option('--alpha <p>', 'a difference counts below this p, adjusted for the number of rows', share, 0.01)
  .option('--threshold <share>', 'smallest relative change of the median that counts', share, 0.05)
  .action((before: string, after: string, options: { readonly alpha: number; readonly threshold: number }) => {
    if (compareFiles(before, after, options) > 0) process.exitCode = 1
  })

program
  .command('page')
  .description('builds the page that measures in a browser, and serves it to this machine unless told not to')
  .option('--out <folder>', 'where the page is built', 'bench-page')
  .option('--port <n>', 'where it is served', count(0), 8080)
  .option('--no-serve', 'only build it')
  .action(async ({ out, port, serve }: { readonly out: string; readonly port: number; readonly serve: boolean }) => {
    const [{ buildPage }, { servePage }] = [await import('./page.ts'), await import('./serve.ts')]
    await buildPage(out)
    if (!serve) return
    const served = await servePage(out, port)
    console.log(`http://localhost:${served.port}/`)
    await new Promise((resolve) => process.once('SIGINT', resolve))
    served.server.close()
  })

program
  .command('fresh', { hidden: true })
  .argument('<case>')
  .option('--dtype <dtype>', '', dtypeList, ['f32'])
  .option('--backends <name>', '', backendList, ['cpu'])
  .option('--threads <n>', '', count(1), 2)
  .option('--models <folder>', '', exampleModels)
  .option('--structures <file>', '', exampleStructures)
  .action(async (name: string, { dtype, backends, threads, models, structures }: Pick<RunOptionTexts, 'dtype' | 'backends' | 'threads' | 'models' | 'structures'>) => {
    console.log(JSON.stringify(await freshRun(name, dtype[0] ?? 'f32', backends[0] ?? 'cpu', threads, folderAssets(models, structures))))
  })

await program.parseAsync()
// Threads that wait for work keep the process alive.
process.exit()
