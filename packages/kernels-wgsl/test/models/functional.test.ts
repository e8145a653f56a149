import { use } from '@equivar/core'
import { device, setDefaultDevice } from '@equivar/engine'
import { createWebgpu } from '@equivar/kernels-wgsl'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jit } from '../../../functional/src/index.ts'
import { expectClose } from '../../../functional/test/support/numbers.ts'
import { readFixture, tutorial, type Differentiated } from '../../../functional/test/support/tutorial.ts'
import { useSoftwareGpu } from '../support/software.ts'

const fixture = readFixture()
const minutes = { timeout: 300_000 }

beforeAll(async () => {
  useSoftwareGpu()
  use(createWebgpu({ software: true }))
  setDefaultDevice(await device('webgpu'))
}, 300_000)
afterAll(() => setDefaultDevice('cpu'))

test('the layer of the tutorial on WebGPU, in float32: every intermediate, at once and as a program', minutes, async () => {
  const { inputs, params, layer } = tutorial(fixture, 'float32')
  for (const run of [layer, jit(layer)]) {
    const steps = run(inputs, params)
    expect(steps['nodeOutputs']?.dtype).toBe('float32')
    for (const [name, expected] of Object.entries(fixture.steps)) {
      const step = steps[name]
      if (!step) throw new Error(`no step ${name}`)
      await expectClose('array' in step ? step.array : step, expected.data, 5e-6, name)
    }
  }
})

test('its gradients, of inputs and parameters, and gradients of these, as programs', minutes, async () => {
  const { params, differentiated, gradients, secondGradients } = tutorial(fixture, 'float32')
  const [ofInputs] = jit(gradients)(differentiated, params)
  const second = jit(secondGradients)(differentiated)
  for (const name of Object.keys(fixture.gradients) as (keyof Differentiated)[]) {
    await expectClose(ofInputs[name], fixture.gradients[name].data, 1e-5, name)
    await expectClose(second[name], fixture.double_gradients[name].data, 2e-5, name)
  }
})
