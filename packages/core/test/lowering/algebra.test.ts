import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HostArray, Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '../../src/index.ts'
import { type Arithmetic, costOf, Derivatives, nestBest } from '../../src/lowering/algebra/derivatives.ts'
import { type Form, nest } from '../../src/lowering/algebra/form.ts'
import { analyse } from '../../src/lowering/channels/analysis.ts'
import { integrate } from '../../src/lowering/channels/integrate.ts'
import { normalForm } from '../../src/lowering/normal-form.ts'
import { noise } from './run-plan.ts'

const numVariables = 6

function numbers(values: ArrayLike<number>): Arithmetic<number> {
  return {
    variable: (variable) => values[variable] ?? Number.NaN,
    constant: (value) => value,
    multiply: (a, b) => a * b,
    multiplyAdd: (a, b, c) => a * b + c,
    multiplySubtract: (a, b, c) => c - a * b,
    add: (a, b) => a + b,
    subtract: (a, b) => a - b,
  }
}

/** The derivative term by term. */
function derivative(form: Form, values: ArrayLike<number>, variable: number): number {
  return form.reduce((sum, { coefficient, variables }) => {
    const power = variables.filter((own) => own === variable).length
    if (power === 0) return sum
    const at = variables.indexOf(variable)
    return sum + variables.reduce((product, own, k) => (k === at ? product : product * (values[own] ?? 0)), coefficient * power)
  }, 0)
}

const monomial = fc.record({
  coefficient: fc.integer({ min: -4, max: 4 }).filter((value) => value !== 0),
  variables: fc.array(fc.nat(numVariables - 1), { maxLength: 5 }).map((list) => list.sort((a, b) => a - b)),
})

describe('derivatives of nested sums', () => {
  it('are those of the form, with and without a start', () => {
    fc.assert(
      fc.property(fc.array(monomial, { maxLength: 12 }), fc.subarray([0, 1, 2, 3, 4, 5]), (form, last) => {
        const values = noise(numVariables, form.length + 1)
        for (const root of [nest(form, new Set(last)), nestBest(form, new Set(last), true)]) {
          const derivatives = new Derivatives(root, numbers(values))
          for (let variable = 0; variable < numVariables; variable++) {
            expect(derivatives.of(variable)).toBeCloseTo(derivative(form, values, variable), 10)
            expect(derivatives.of(variable, 2)).toBeCloseTo(2 + derivative(form, values, variable), 10)
          }
        }
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  it('share factors: x (y (a + b) + c) takes three multiply-adds, not seven operations', () => {
    const [x, y, a, b, c, dual] = [0, 1, 2, 3, 4, 5]
    const form = [[x, y, a], [x, y, b], [x, c]].map((variables) => ({ coefficient: 1, variables: [...variables, dual] }))
    expect(costOf(nest(form, new Set()), [dual], false)).toBeLessThanOrEqual(4)
  })

  it('multiply what has one coefficient together: 3 (a² − b² + c²) + a b takes five operations', () => {
    const [a, b, c, dual] = [0, 1, 2, 3]
    const squares = [a, b, c].map((x) => ({ coefficient: x === b ? -3 : 3, variables: [x, x, dual] }))
    expect(costOf(nest([...squares, { coefficient: 1, variables: [a, b, dual] }], new Set([dual])), [dual], false)).toBe(5)
  })

  it('carry what sums have in common outwards: 3 x (y a + y b) is (y (a + b)) · (3 x)', () => {
    const [x, y, a, b, dual] = [0, 1, 2, 3, 4]
    const form = [a, b].map((z) => ({ coefficient: 3, variables: [x, y, z, dual] }))
    expect(costOf(nest(form, new Set([dual])), [dual], false)).toBe(4)
  })

  it('factor weights out before the variables that have powers', () => {
    // Of each of three weights a square form in four variables, which are in more terms than the weights.
    const dual = 9
    const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].slice(i).map((j) => [i, j] as const))
    const form = [4, 5, 6].flatMap((weight) => pairs.map(([i, j]) => ({ coefficient: ((7 * i + 3 * j + weight) % 3) + 1, variables: [i, j, weight, dual] })))
    const best = costOf(nestBest(form, new Set([dual]), false), [dual], false)
    expect(best).toBeLessThan(costOf(nest(form, new Set([dual])), [dual], false))
  })
})

describe('integration of gradients', () => {
  /** `y[u] = Σ w[k, u] Π x[…, u]`, with powers of one x. */
  const segments = (count: number) => new SegmentedOperand(Array.from({ length: count }, () => [8]), 1)
  const [weights, features, output] = [segments(4), segments(3), segments(1)]
  const paths = [[0, 0, 0, 0, 0], [1, 0, 0, 1, 0], [2, 0, 1, 2, 0], [3, 2, 2, 2, 0]].map((indices) => new Path(indices, HostArray.scalar(3)))
  const product = new SegmentedTensorProduct('u,u,u,u,u', [weights, features, features, features, output], paths)
  const cubic = new SegmentedPolynomial([weights, features], [output], [[new Operation([0, 1, 1, 1, 2]), product]])
  const [backward] = cubic.backward([false, true], [true])

  function targetsOf(polynomial: SegmentedPolynomial) {
    const form = normalForm(polynomial, { minChannels: 4, maxTerms: 1000 })
    if ('refusal' in form) throw new Error(form.refusal)
    return { form, analysis: analyse(form, form.terms, false) }
  }

  it('finds a form with fewer terms, whose derivatives are the targets', () => {
    const { form, analysis } = targetsOf(backward)
    const potential = integrate(analysis.targets, form, backward, analysis.variables)
    expect(potential?.form.length).toBe(paths.length)
    const values = noise(analysis.variables.meanings.length, 7)
    const derivatives = new Derivatives(nest(potential?.form ?? [], new Set()), numbers(values))
    for (const [k, { terms }] of analysis.targets.entries()) {
      const direct = terms.reduce((sum, { coefficient, elements }) => {
        const factors = elements.map((element) => values[analysis.variables.number({ kind: 'input', element })] ?? Number.NaN)
        return sum + factors.reduce((product, factor) => product * factor, coefficient)
      }, 0)
      expect(derivatives.of(potential?.variables[k] ?? -1)).toBeCloseTo(direct, 12)
    }
  })

  it('finds none where terms do not agree', () => {
    const [[operation, gradient] = []] = backward.operations
    if (!operation || !gradient) throw new Error('the gradient has one operation')
    // The derivative of w x₀² x₁ by x₁, twice what it is.
    const isMixed = ([, a, b, , out]: readonly number[]) => a === 0 && b === 0 && out === 1
    const changed = gradient.paths.map((path) => (isMixed(path.indices) ? path.withCoefficients(path.coefficients.scale(2)) : path))
    const doubled = new SegmentedTensorProduct(gradient.subscripts, gradient.operands, changed)
    expect(doubled.equals(gradient)).toBe(false)
    const other = new SegmentedPolynomial(backward.inputs, backward.outputs, [[operation, doubled]])
    const { form, analysis } = targetsOf(other)
    expect(integrate(analysis.targets, form, other, analysis.variables)).toBeUndefined()
  })
})
