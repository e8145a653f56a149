// A stranger's project: knows the packages by their names only, and has installed nothing else.
import * as cue from '@equivar/core'
import { array, grad, sum, square, track, type NDArray } from '@equivar/engine'
import { Mace, Structure, type Evaluation } from '@equivar/mace'

declare const process: { readonly argv: readonly string[] }

function require(condition: boolean, what: string): void {
  if (!condition) throw new Error(`installed packages: ${what}`)
}

const irreps: cue.Irreps = new cue.Irreps('O3', '2x0e + 1o')
const layer = cue.descriptors.linear(irreps, new cue.Irreps('O3', '3x0e + 1o'))
require(layer.inputs[0].dim === 7, 'core counts weights')

const x: NDArray = track(array([1, 2, 3], { dtype: 'float64' }))
const [slope] = grad(sum(square(x)), [x])
require([...((await slope?.data()) ?? [])].join() === '2,4,6', 'engine differentiates')

const path = process.argv[2] ?? ''
const model = await Mace.load(path)
const water = new Structure({ symbols: ['O', 'H', 'H'], positions: [0, 0, 0.12, 0, 0.76, -0.48, 0, -0.76, -0.48] })
const [result]: Evaluation[] = await model.evaluate([water], { forces: true })
const total = [0, 1, 2].map((k) => [...(result?.forces ?? [NaN])].reduce((force, f, i) => (i % 3 === k ? force + f : force), 0))
require(Number.isFinite(result?.energy) && total.every((force) => Math.abs(force) < 1e-6), 'mace reads a model and predicts')
model.dispose()
console.log('a project with the three packages compiles, bundles and runs')
