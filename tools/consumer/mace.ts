// A stranger's project that reads a model and predicts; the kernels of the processor come along.
import { device } from '@equivar/core'
import { Mace, Structure, type Evaluation } from '@equivar/mace'
import { readXyzFile } from '@equivar/mace/node'

declare const process: { readonly argv: readonly string[] }

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`installed packages: ${what}`)
}

const path = process.argv[2] ?? ''
const model = await Mace.load(path)
const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [0, 0, 0.12, 0, 0.76, -0.48, 0, -0.76, -0.48] })
const [result]: Evaluation[] = await model.evaluate([water], { forces: true })
const total = [0, 1, 2].map((k) => [...(result?.forces ?? [NaN])].reduce((force, f, i) => (i % 3 === k ? force + f : force), 0))
require(Number.isFinite(result?.energy) && total.every((force) => Math.abs(force) < 1e-6), 'mace reads a model and predicts')
require(typeof readXyzFile === 'function', 'mace reads files in Node')
const chosen = await device('auto')
require(chosen.name === 'cpu' && chosen.backend !== null, 'auto takes the kernels that are installed')
model.dispose()
console.log(`a model predicts; auto is ${chosen.backend?.description ?? 'nothing'}`)
