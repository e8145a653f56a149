import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { cases } from '../cases/catalog.ts'
import { reportText } from '../results/text.ts'
import { recordText } from '../results/write.ts'
import { exampleModels, exampleStructures } from './assets.ts'
import { backendList, caseList, count, dtypeList, list, sectionList, sections, type RunOptionTexts } from './options.ts'
import { run } from './run.ts'

const program = new Command('bench').description('measures @equivar beside other libraries, on the same inputs; outputs are compared first')

program
  .command('run', { isDefault: true })
  .description('times operations and models, in turns with the peers')
  .option('--python <paths>', 'Python interpreters of the environments of the peers, separated by commas', list, [])
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
    const record = await run(options)
    if (record.geometricMean !== null) console.log(`geometric mean of ${record.rows.filter(({ ratio }) => ratio !== null).length} ratios: ${record.geometricMean.toFixed(2)}`)
    if (options.out === undefined) return
    writeFileSync(options.out, recordText(record))
    const { machine, rows, versions } = record
    const heading = `# ${record.date}, Node ${versions['node'] ?? ''}\n\n${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads on both sides. ${machine.device}\n\n`
    const summary = record.geometricMean === null ? '' : `\n\nGeometric mean of the ratios: ${record.geometricMean.toFixed(2)}\n`
    writeFileSync(options.out.replace(/\.json$/, '.md'), `${heading}${reportText(rows)}${summary}`)
  })

await program.parseAsync()
// Threads that wait for work keep the process alive.
process.exit()
