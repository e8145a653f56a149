import { InputError } from '@equivar/core'
import { Adam, compile } from '@equivar/torchlike'
import { describe, expect, it } from 'vitest'
import { readDefinition, Structure, writeDefinition } from '../../src/index.ts'
import { createDefinition, MaceModule, weightedLoss, type MaceBatch } from '../../src/torchlike/index.ts'
import { modelFixtures } from '../model/fixtures.ts'

const water = (angle: number, energy: number) =>
  new Structure({
    symbols: ['O', 'H', 'H'],
    positions: [[0, 0, 0], [0.96, 0, 0], [0.96 * Math.cos(angle), 0.96 * Math.sin(angle), 0]],
    info: { REF_energy: energy },
    arrays: { REF_forces: { kind: 'real', components: 3, data: new Float64Array(9) } },
  })

const small = { elements: ['H', 'O'], channels: 4, maxL: 1, maxEll: 2, correlation: 2, radialWidths: [8], avgNumNeighbors: 2 } as const

describe('a model from scratch', () => {
  it('has the architecture and the couplings of one that mace-torch made with the same settings', () => {
    using model = modelFixtures.find(({ name }) => name === 'example_16x0e_16x1o_l3')?.load()
    if (!model) throw new Error('the fixture is missing')
    const { architecture, couplings, tensors } = model.definition
    const [layer] = architecture.layers
    const made = createDefinition({
      elements: architecture.atomicNumbers,
      channels: 16,
      maxL: 1,
      cutoff: architecture.cutoff,
      cutoffOrder: architecture.radial.cutoffOrder,
      avgNumNeighbors: layer?.interaction.avgNumNeighbors ?? 1,
      firstInteraction: 'RealAgnosticInteractionBlock',
    })
    expect(made.architecture).toEqual(architecture)
    for (const [t, blocks] of couplings.entries())
      for (const [k, degrees] of blocks.entries())
        for (const [n, coupling] of degrees.entries()) {
          const own = made.couplings[t]?.[k]?.[n]
          expect(own?.indices).toEqual(coupling.indices)
          expect(Math.max(...coupling.values.map((value, i) => Math.abs(value - (own?.values[i] ?? Number.NaN))))).toBeLessThan(1e-12)
        }
    const shapes = (of: typeof tensors) => new Map([...of].map(([name, { shape }]) => [name, shape.join()] as const).sort(([a], [b]) => a.localeCompare(b)))
    expect(shapes(made.tensors)).toEqual(shapes(tensors))
  })

  it('starts the same from the same seed, with weights of variance 1', () => {
    const [a, b, c] = [0, 0, 1].map((seed) => createDefinition({ ...small, seed }))
    const name = 'interactions.0.skip_tp.weight'
    expect(a?.tensors.get(name)).toEqual(b?.tensors.get(name))
    expect(a?.tensors.get(name)).not.toEqual(c?.tensors.get(name))
    const all = [...(a?.tensors ?? [])].filter(([own]) => own.startsWith('interactions')).flatMap(([, { data }]) => [...data])
    expect(all.reduce((sum, x) => sum + x * x, 0) / all.length).toBeCloseTo(1, 0)
  })

  it.each([
    [{ channels: 0 }, /channels is 0/],
    [{ maxL: -1 }, /maxL is -1/],
    [{ referenceEnergies: [1] }, /1 reference energies for 2 elements/],
  ])('refuses %j', (options, message) => {
    expect(() => createDefinition({ ...small, ...options })).toThrow(InputError)
    expect(() => createDefinition({ ...small, ...options })).toThrow(message)
  })

  it('learns, and can be saved and evaluated', async () => {
    const model = new MaceModule(createDefinition(small))
    const batch = await model.batch([water(1.8, 0.1), water(1.5, -0.1)])
    const optimizer = new Adam(model.parameters(), { lr: 0.01, amsgrad: true })
    const step = compile((own: MaceBatch) => {
      optimizer.zeroGrad()
      const loss = weightedLoss(model.forward(own), own, { forces: 1 })
      loss.backward({ inputs: [...model.parameters()] })
      optimizer.step()
      return loss
    })
    const losses: number[] = []
    for (let i = 0; i < 25; i++) losses.push(await step(batch).item())
    expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] ?? 0))
    expect(step.statistics()?.calls).toBe(24)
    const saved = readDefinition(writeDefinition(await model.toDefinition()))
    const again = new MaceModule(saved).eval()
    const [own, other] = [model.eval().forward(batch), again.forward(batch)]
    expect([...(await other.energy.data())]).toEqual([...(await own.energy.data())])
    expect([...((await other.forces?.data()) ?? [])]).toEqual([...((await own.forces?.data()) ?? [])])
  })
})
