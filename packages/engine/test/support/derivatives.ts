import { expect } from 'vitest'
import { abstractArray, add, array, concatenate, jvp, mul, reshape, scope, sum, vjp, type ArrayFunction, type NDArray } from '../../src/index.ts'
import { expectClose, randomNumbers, read } from './numbers.ts'

const step = 1e-3

/**
 * Checks a function of float64 arrays: forward mode against a fourth-order difference quotient, reverse against forward
 * mode, abstract against executed shapes; then the same for its gradient, up to `order` derivatives.
 */
export function checkDerivatives(f: ArrayFunction, inputs: readonly NDArray[], order: number, tolerance = 1e-7): void {
  scope(() => {
    const tangents = inputs.map((x, i) => array(randomNumbers(x.size, 17 + i), { shape: x.shape }))
    const at = (h: number) => read(f(...inputs.map((x, i) => add(x, mul(tangents[i] ?? x, h)))))
    const [p2, p1, m1, m2] = [at(2 * step), at(step), at(-step), at(-2 * step)]
    const quotient = p1.map((_, i) => (8 * ((p1[i] ?? 0) - (m1[i] ?? 0)) - ((p2[i] ?? 0) - (m2[i] ?? 0))) / (12 * step))

    const forward = jvp(f, { allowUnused: true })(inputs, tangents)
    expectClose(read(forward.output), read(f(...inputs)), 0)
    expectClose(read(forward.tangent), quotient, tolerance)

    const cotangent = array(randomNumbers(forward.output.size, 5), { shape: forward.output.shape })
    const reverse = vjp(f, { allowUnused: true })(inputs, cotangent)
    const left = dot(cotangent, forward.tangent)
    const terms = inputs.map((_, i) => dot(reverse.gradients[i], tangents[i]))
    const right = terms.reduce((a, b) => a + b, 0)
    expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-11 * (1 + terms.reduce((a, b) => a + Math.abs(b), 0)))

    const traced = f(...inputs.map((x) => abstractArray(x.shape, x.dtype)))
    expect([traced.shape, traced.dtype]).toEqual([forward.output.shape, forward.output.dtype])

    if (order > 1) checkDerivatives(gradientOf(f, 3), inputs, order - 1, tolerance * 10)
  })
}

/** All gradients of a weighted sum of the results, flat, as a function of the same inputs. */
function gradientOf(f: ArrayFunction, seed: number): ArrayFunction {
  return (...inputs) => {
    const weighted: ArrayFunction = (...xs) => {
      const y = f(...xs)
      return sum(mul(y, array(randomNumbers(y.size, seed), { shape: y.shape })))
    }
    const { gradients } = vjp(weighted, { createGraph: true, allowUnused: true })(inputs)
    return concatenate(gradients.map((g) => reshape(g, [g.size])))
  }
}

function dot(a: NDArray | undefined, b: NDArray | undefined): number {
  if (!a || !b) throw new Error('missing array')
  return read(sum(mul(a, b)))[0] ?? Number.NaN
}
