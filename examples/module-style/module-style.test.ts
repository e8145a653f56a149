import { expect, it } from 'vitest'
import { contracted, loss, messages, mixed, skipTp, y } from './main.ts'

it('the module-style program runs as written', async () => {
  expect([contracted, messages, mixed, y].map(({ shape }) => shape)).toEqual([[128, 128], [128, 2272], [128, 288], [128, 288]])
  for (const x of [contracted, messages, mixed, y]) for (const value of await x.data()) expect(Number.isFinite(value)).toBe(true)
  // Weights, inputs and attributes have unit variance, one attribute of ten is 1: so have outputs a tenth of it.
  expect(await loss.item()).toBeCloseTo(0.1, 1)
  const [weight] = skipTp.parameters()
  expect(weight?.grad?.shape).toEqual([1, skipTp.weightNumel])
  // The loss is quadratic in the weights.
  const { grad } = weight ?? {}
  if (!weight || !grad) throw new Error('no gradient')
  expect(await grad.mul(weight).sum().item()).toBeCloseTo(2 * (await loss.item()), 5)
})
