import type { Tensor } from '@equivar/torchlike'
import type * as Program from './main.ts'

/** What of the program's results is not as its formulas say, in words; nothing on any device that works. */
export async function problemsOf({ contracted, loss, messages, mixed, skipTp, y }: typeof Program): Promise<string[]> {
  const problems: string[] = []
  const demand = (condition: boolean, what: string) => {
    if (!condition) problems.push(what)
  }
  const shapes: readonly (readonly [string, Tensor, string])[] = [
    ['contracted', contracted, '128,128'],
    ['messages', messages, '128,2272'],
    ['mixed', mixed, '128,288'],
    ['y', y, '128,288'],
  ]
  for (const [name, x, shape] of shapes) {
    demand(x.shape.join() === shape, `${name} has shape [${x.shape.join(', ')}]`)
    demand([...(await x.data())].every(Number.isFinite), `${name} has elements that are no numbers`)
  }
  // Weights, inputs and attributes have unit variance, one attribute of ten is 1: so have outputs a tenth of it.
  const value = await loss.item()
  demand(Math.abs(value - 0.1) < 0.05, `the loss is ${value}`)
  const [weight] = skipTp.parameters()
  if (!weight?.grad) return [...problems, 'there is no gradient']
  demand(weight.grad.shape.join() === `1,${skipTp.weightNumel}`, `the gradient has shape [${weight.grad.shape.join(', ')}]`)
  // The loss is quadratic in the weights.
  const twice = await weight.grad.mul(weight).sum().item()
  demand(Math.abs(twice - 2 * value) < 5e-6, `the gradient along the weights is ${twice}, twice the loss ${2 * value}`)
  return problems
}
