// Trained MACE models on real configurations of aspirin, compared with DFT and with the reference implementation.
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { evaluateModel, readFrames, type ModelResult } from './evaluate.ts'
import { reportPage } from './report.ts'
import { errorsOf } from './statistics.ts'

/** Largest differences from the reference that count as equal, eV and eV/Å. */
const tolerance = 1e-9

const frames = await readFrames()
const runs = [
  { name: 'aspirin_l0_c32', count: frames.length },
  { name: 'aspirin_l1_c64', count: 24 },
]
const results: ModelResult[] = []
for (const { name, count } of runs) {
  results.push(
    await evaluateModel(name, frames, count, (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done}/${count}${done === count ? '\n' : ''}`)
    }),
  )
}

const pad = (text: string, width: number) => text.padStart(width)
console.log('Configurations of aspirin that the models were trained on (rMD17), evaluated in float64 on the CPU.\n')
console.log(`${'model'.padEnd(15)} frames  energy MAE  force MAE   largest difference from mace-torch   time`)
console.log(`${''.padEnd(15)}              meV      meV/Å       energy / eV    forces / (eV/Å)      s`)
let isEqual = true
for (const { name, numStructures, seconds, predicted, dft, reference } of results) {
  const [energy, force] = [errorsOf(predicted.energies, dft.energies), errorsOf(predicted.forces, dft.forces)]
  const [energyGap, forceGap] = [errorsOf(predicted.energies, reference.energies).largest, errorsOf(predicted.forces, reference.forces).largest]
  isEqual &&= energyGap <= tolerance && forceGap <= tolerance
  const columns = [pad(`${numStructures}`, 6), pad((1000 * energy.meanAbsolute).toFixed(2), 11), pad((1000 * force.meanAbsolute).toFixed(2), 10)]
  console.log(`${name.padEnd(15)} ${columns.join(' ')} ${pad(energyGap.toExponential(1), 17)} ${pad(forceGap.toExponential(1), 18)} ${pad(seconds.toFixed(1), 6)}`)
}

const report = fileURLToPath(new URL('report.html', import.meta.url))
await writeFile(report, reportPage(results))
console.log('\nParity plots: examples/aspirin/report.html')
if (!isEqual) {
  console.error('The predictions differ from the stored reference output by more than the tolerance.')
  process.exitCode = 1
}
