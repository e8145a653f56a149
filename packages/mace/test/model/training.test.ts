import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { add, array, div, grad, liveBuffers, mul, neg, scope, square, sub, sum, track, type NDArray } from '@equivar/engine'
import { describe, expect, it } from 'vitest'
import { InputError } from '@equivar/core'
import { collate, MaceFunction, Structure } from '../../src/index.ts'
import { modelFixtures, type Nested } from './fixtures.ts'

type Rows = readonly (readonly number[])[]

interface TrainStep {
  readonly structures: readonly {
    readonly numbers: readonly number[]
    readonly positions: Rows
    readonly cell: Rows
    readonly pbc: readonly [boolean, boolean, boolean]
    readonly energy: number
    readonly forces: Rows
  }[]
  readonly loss: number
  readonly gradNorm: number
  readonly grads: Readonly<Record<string, Nested>>
}

const golden = JSON.parse(gunzipSync(readFileSync(new URL('../fixtures/train-step.json.gz', import.meta.url))).toString()) as TrainStep
const fixture = modelFixtures.find(({ name }) => name === 'base_l2')

describe('a model as a function of parameters and positions', () => {
  it('gives the loss on energies and forces, and its gradient by every parameter, as mace-torch does', async () => {
    const before = liveBuffers()
    using model = fixture?.load()
    if (!model) throw new Error('the fixture is missing')
    const f = new MaceFunction(model.definition)
    const structures = golden.structures.map(
      ({ numbers, positions, cell, pbc }) => new Structure({ atomicNumbers: numbers, positions, ...(pbc.some(Boolean) ? { cell, pbc } : {}) }),
    )
    const batch = await collate(structures, f.cutoff)
    const results = scope(() => {
      const parameters = Object.fromEntries(Object.entries(f.initialParameters('float64')).map(([name, x]) => [name, f.trainable.includes(name) ? track(x) : x]))
      const inputs = f.inputs(structures, batch, 'float64')
      const positions = track(inputs.positions)
      const energies = f.energies(parameters, { ...inputs, positions })
      const [gradient] = grad(sum(energies), [positions], { createGraph: true })
      if (!gradient) throw new Error('no gradient')
      const loss = lossOf(energies, neg(gradient))
      const trained = Object.keys(golden.grads).map((name) => parameters[name] ?? fail(name))
      return { loss: loss.share(), grads: grad(loss, trained) }
    })
    expect(await results.loss.item()).toBeCloseTo(golden.loss, 9)
    let squares = 0
    for (const [k, [name, expected]] of Object.entries(golden.grads).entries()) {
      const found = await (results.grads[k] ?? fail(name)).data()
      const flat = flatten(expected)
      expect(found, name).toHaveLength(flat.length)
      const largest = Math.max(...flat.map(Math.abs))
      for (const [i, value] of flat.entries()) expect(Math.abs((found[i] ?? 0) - value), `${name} ${i}`).toBeLessThan(1e-10 * Math.max(largest, golden.gradNorm))
      for (const value of found) squares += value * value
    }
    expect(Math.sqrt(squares)).toBeCloseTo(golden.gradNorm, 10)
    for (const x of [results.loss, ...results.grads]) x.dispose()
    model.dispose()
    expect(liveBuffers()).toBe(before)
  })

  it('refuses a head that it does not have', async () => {
    using model = modelFixtures.find(({ name }) => name === 'multihead')?.load()
    if (!model) throw new Error('the fixture is missing')
    const f = new MaceFunction(model.definition)
    const structures = [new Structure({ symbols: ['H', 'H'], positions: [[0, 0, 0], [0.7, 0, 0]] })]
    const batch = await collate(structures, f.cutoff)
    expect(() => f.inputs(structures, batch, 'float64', { head: 'nobody' })).toThrow(InputError)
    expect(() => f.inputs(structures, batch, 'float64')).toThrow(/heads?/)
  })
})

/** `mean_g ((E − Ê) / n_g)² + 100 mean (F − F̂)²` */
function lossOf(energies: NDArray, forces: NDArray): NDArray {
  const { structures } = golden
  const counts = array(structures.map(({ numbers }) => numbers.length), { dtype: 'float64' })
  const labels = array(structures.map(({ energy }) => energy), { dtype: 'float64' })
  const reference = array(structures.flatMap((s) => s.forces.flat()), { shape: forces.shape, dtype: 'float64' })
  const ofEnergies = mul(sum(square(div(sub(energies, labels), counts))), 1 / structures.length)
  return add(ofEnergies, mul(sum(square(sub(forces, reference))), 100 / forces.size))
}

function fail(name: string): never {
  throw new Error(`${name} is missing`)
}

function flatten(values: Nested): number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flatten)
}
