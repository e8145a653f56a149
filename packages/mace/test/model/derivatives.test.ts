import { expect, it } from 'vitest'
import { stressFromVirial } from '../../src/evaluation/derivatives.ts'

it('stress is minus the virial by volume, and zero where a cell without volume makes it absurd', () => {
  expect(Array.from(stressFromVirial(Float64Array.of(1, -2, 0.5), 4))).toEqual([-0.25, 0.5, -0.125])
  expect(Array.from(stressFromVirial(Float64Array.of(1, -2, 0), 0))).toEqual([0, 0, 0])
  expect(Array.from(stressFromVirial(Float64Array.of(1, 1e-12), 1e-11))).toEqual([0, -0.1])
})
