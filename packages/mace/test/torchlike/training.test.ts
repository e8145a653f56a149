import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { Adam, clipGradNorm_, compile, ExponentialMovingAverage, type Tensor } from '@equivar/torchlike'
import { beforeAll, describe, expect, it } from 'vitest'
import { Structure } from '../../src/index.ts'
import { huberLoss, l1l2Loss, MaceModule, parameterGroups, universalLoss, weightedLoss, type MaceBatch, type MaceParameterGroup } from '../../src/torchlike/index.ts'
import { modelFixtures, type Nested } from '../model/fixtures.ts'

interface Training {
  readonly structures: readonly {
    readonly numbers: readonly number[]
    readonly positions: readonly (readonly number[])[]
    readonly cell: readonly (readonly number[])[]
    readonly pbc: readonly [boolean, boolean, boolean]
    readonly energy: number
    readonly forces: readonly (readonly number[])[]
    readonly stress_voigt: readonly number[]
  }[]
  readonly losses: Readonly<Record<string, { readonly loss: number; readonly gradNorm: number; readonly gradNorms: Readonly<Record<string, number>> }>>
  readonly groups: readonly { readonly name: string; readonly lr: number; readonly weightDecay: number; readonly params: readonly string[] }[]
  readonly steps: readonly { readonly loss: number; readonly gradNorm: number }[]
  readonly parameters: Readonly<Record<string, Nested>>
  readonly averages: Readonly<Record<string, Nested>>
}

const read = (file: string) => JSON.parse(gunzipSync(readFileSync(new URL(`../fixtures/${file}`, import.meta.url))).toString()) as unknown
const golden = read('training.json.gz') as Training
const gradients = (read('train-step.json.gz') as { readonly grads: Readonly<Record<string, Nested>> }).grads

const structures = golden.structures.map(
  ({ numbers, positions, cell, pbc, energy, forces, stress_voigt: stress }) =>
    new Structure({
      atomicNumbers: numbers,
      positions,
      ...(pbc.some(Boolean) ? { cell, pbc } : {}),
      info: { REF_energy: energy, REF_stress: [...stress] },
      arrays: { REF_forces: { kind: 'real', components: 3, data: Float64Array.from(forces.flat()) } },
    }),
)

async function load(): Promise<MaceModule> {
  const fixture = modelFixtures.find(({ name }) => name === 'base_l2')
  if (!fixture) throw new Error('the fixture is missing')
  using model = fixture.load()
  return new MaceModule(model.definition)
}

/** max |a − b| over the scale that is given, or max |b|. */
async function expectClose(x: Tensor | null | undefined, expected: Nested, scale = 0): Promise<void> {
  if (!x) throw new Error('no tensor')
  const [found, flat] = [await x.data(), flatten(expected)]
  expect(found).toHaveLength(flat.length)
  const largest = Math.max(scale, ...flat.map(Math.abs))
  expect(Math.max(...flat.map((value, i) => Math.abs((found[i] ?? Number.NaN) - value))) / largest).toBeLessThan(1e-10)
}

describe('a model as a module', () => {
  let batch: MaceBatch
  beforeAll(async () => {
    batch = await (await load()).batch(structures)
  })

  it.each([
    ['WeightedEnergyForcesLoss(1,100)', false, weightedLoss, {}],
    ['WeightedEnergyForcesStressLoss(1,100,10)', true, weightedLoss, { stress: 10 }],
    ['WeightedHuberEnergyForcesStressLoss(1,100,10,0.01)', true, huberLoss, { stress: 10 }],
    ['UniversalLoss(1,100,10,0.01)', true, universalLoss, { stress: 10 }],
  ] as const)('gives %s and its gradients as mace-torch does', async (name, stress, lossOf, weights) => {
    const model = await load()
    const expected = golden.losses[name]
    if (!expected) throw new Error(`no golden of ${name}`)
    const loss = lossOf(model.forward(batch, { stress }), batch, weights)
    loss.backward({ inputs: [...model.parameters()] })
    expect(Math.abs((await loss.item()) / expected.loss - 1)).toBeLessThan(1e-10)
    let squares = 0
    for (const [path, parameter] of model.namedParameters()) {
      const norm = await parameter.grad?.norm().item()
      squares += (norm ?? Number.NaN) ** 2
      if (name.startsWith('WeightedEnergyForcesLoss')) await expectClose(parameter.grad, gradients[path] ?? 0, expected.gradNorm)
      else expect(Math.abs((norm ?? Number.NaN) - (expected.gradNorms[path] ?? 0)) / expected.gradNorm, path).toBeLessThan(1e-10)
    }
    expect(Math.abs(Math.sqrt(squares) / expected.gradNorm - 1)).toBeLessThan(1e-10)
  })

  it('has the loss of absolute errors as it is written, and refuses parts that are not there', async () => {
    const model = (await load()).eval()
    const outputs = model.forward(batch)
    const [energies, forces] = [await outputs.energy.data(), (await outputs.forces?.data()) ?? []]
    const reference = structures.flatMap((_, g) => [...(golden.structures[g]?.forces ?? [])])
    const ofEnergies = golden.structures.map(({ energy, numbers }, g) => Math.abs((energies[g] ?? 0) - energy) / numbers.length)
    const ofForces = reference.map((own, i) => Math.hypot(...own.map((value, axis) => value - (forces[3 * i + axis] ?? 0))))
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
    expect(await l1l2Loss(outputs, batch).item()).toBeCloseTo(mean(ofEnergies) + 100 * mean(ofForces), 9)
    expect(() => weightedLoss(outputs, batch, { stress: 1 })).toThrow(/stress: true/)
    expect(() => weightedLoss(outputs, batch, { energy: 0, forces: 0 })).toThrow(/all weights are 0/)
  })

  it.each(['eager', 'compiled'])('is at the same parameters and averages after three %s steps', async (mode) => {
    const model = await load()
    const groups = parameterGroups(model)
    const names = new Map([...model.namedParameters()].map(([name, parameter]) => [parameter, name]))
    const sorted = (params: MaceParameterGroup['params']) => params.map((parameter) => names.get(parameter)).sort()
    const named = groups.map(({ name, params, weightDecay }) => ({ name, weightDecay, lr: 0.01, params: sorted(params) }))
    expect(named).toEqual(
      golden.groups.map(({ name, weightDecay, lr, params }) => ({ name, weightDecay, lr, params: [...params].sort() })),
    )
    const optimizer = new Adam(groups, { lr: 0.01, amsgrad: true })
    const parameters = [...model.parameters()]
    const average = new ExponentialMovingAverage(parameters, { decay: 0.99 })
    const eager = (own: MaceBatch) => {
      optimizer.zeroGrad()
      const loss = weightedLoss(model.forward(own), own)
      loss.backward({ inputs: parameters })
      const norm = clipGradNorm_(parameters, 10)
      optimizer.step()
      average.update()
      return { loss, norm }
    }
    const step = mode === 'compiled' ? compile(eager) : eager
    for (const expected of golden.steps) {
      const { loss, norm } = step(batch)
      expect(Math.abs((await loss.item()) / expected.loss - 1)).toBeLessThan(1e-10)
      expect(Math.abs((await norm.item()) / expected.gradNorm - 1)).toBeLessThan(1e-10)
    }
    for (const [k, parameter] of parameters.entries()) {
      const name = names.get(parameter) ?? ''
      await expectClose(parameter, golden.parameters[name] ?? 0)
      await expectClose(average.shadows[k], golden.averages[name] ?? 0)
    }
  })
})

function flatten(values: Nested): number[] {
  return typeof values === 'number' ? [values] : values.flatMap(flatten)
}
