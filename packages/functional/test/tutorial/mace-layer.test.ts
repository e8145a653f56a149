import { use } from '@equivar/core'
import { device } from '@equivar/engine'
import { cpu } from '@equivar/kernels-cpu'
import { beforeAll, describe, expect, test } from 'vitest'
import * as cuex from '../../src/index.ts'
import type { LayerInputs, LayerParams } from '../support/mace-layer.ts'
import { expectClose } from '../support/numbers.ts'
import { readFixture, tutorial, type Differentiated } from '../support/tutorial.ts'

const { numpy: np } = cuex
const fixture = readFixture()
const { inputs, params, differentiated, layer, gradients, secondGradients } = tutorial(fixture, 'float64')

const modes = [
  ['plain TypeScript', 'eager'],
  ['plain TypeScript', 'jit'],
  ['kernels', 'eager'],
  ['kernels', 'jit'],
] as const

describe.each(modes)('the layer of the tutorial, by %s, %s', (by, mode) => {
  // Kernels take over once they are registered and their device was opened.
  beforeAll(async () => {
    if (by !== 'kernels') return
    use(cpu)
    await device('cpu')
  })
  const run = <A extends unknown[], R>(f: (...args: A) => R): ((...args: A) => R) => (mode === 'jit' ? cuex.jit(f) : f)

  test('has the intermediates of the reference', async () => {
    const steps = run((own: LayerInputs, weights: LayerParams) => layer(own, weights))(inputs, params)
    expect(Object.keys(steps).sort()).toEqual(Object.keys(fixture.steps).sort())
    for (const [name, expected] of Object.entries(fixture.steps)) {
      const step = steps[name]
      expect(step?.shape, name).toEqual(expected.shape)
      if (step) await expectClose(step, expected.data, 1e-12, name)
      const irreps = fixture.irreps[name]
      if (irreps !== undefined) expect(step instanceof cuex.IrrepsArray ? step.irreps.toString().replaceAll('1x', '') : step, name).toBe(irreps)
    }
  })

  test('has its gradients, of inputs and parameters', async () => {
    const [ofInputs, ofParams] = run(gradients)(differentiated, params)
    for (const [name, expected] of Object.entries(fixture.gradients)) await expectClose(ofInputs[name as keyof Differentiated], expected.data, 1e-12)
    for (const [name, { shape, sum, sumOfSquares: squares, first }] of Object.entries(fixture.parameterGradients)) {
      const g = ofParams[name]
      expect(g?.shape).toEqual(shape)
      if (!g) continue
      await expectClose(np.sum(np.square(g)), [squares], 1e-12)
      await expectClose(np.sum(g), [sum], 1e-10)
      await expectClose(g.reshape([-1]).at([0, first.length]), first, 1e-12)
    }
  })

  test('has its second gradients', async () => {
    const found = run(secondGradients)(differentiated)
    for (const [name, expected] of Object.entries(fixture.double_gradients)) await expectClose(found[name as keyof Differentiated], expected.data, 1e-12)
  })
})
