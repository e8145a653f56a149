import type { Monomial } from '../algebra/form.ts'
import type { NormalForm } from '../normal-form.ts'
import type { SegmentedPolynomial } from '../../polynomials/index.ts'
import type { ChannelTarget, Variables } from './analysis.ts'

/** A form whose derivatives by inputs are the targets. */
export interface Potential {
  readonly form: readonly Monomial[]
  /** Variable of every target that the form is differentiated by. */
  readonly variables: readonly number[]
}

/** Assignments of outputs to inputs that are tried. */
const maxAssignments = 16

/**
 * Outputs of a derivative are derivatives of one form, `∂F/∂x`, and F has a fraction of their terms: found by integrating each term
 * over an input of the output's shape, if all terms agree. The reverse sweep through F then shares what one would not find
 * in the terms of its derivatives.
 */
export function integrate(targets: readonly ChannelTarget[], form: NormalForm, polynomial: SegmentedPolynomial, variables: Variables): Potential | undefined {
  const outputs = [...new Set(targets.map(({ number }) => form.outputs[number]?.operand ?? 0))]
  const candidates = outputs.map((o) => polynomial.inputs.flatMap((input, i) => (polynomial.outputs[o] && input.equals(polynomial.outputs[o]) ? [i] : [])))
  let assignments: readonly (readonly number[])[] = [[]]
  for (const own of candidates) {
    const longer = assignments.flatMap((before) => own.flatMap((i) => (before.includes(i) ? [] : [[...before, i]])))
    assignments = longer.slice(0, maxAssignments)
  }
  const numbers = new Map(form.inputs.map(({ operand, offset, stride, channels }, number) => [`${operand}:${offset}:${stride}:${channels}`, number]))
  for (const assignment of assignments) {
    const inputOf = new Map(outputs.map((o, k) => [o, assignment[k] ?? 0]))
    const elements = targets.map(({ number }) => {
      const element = form.outputs[number]
      return element && numbers.get(`${inputOf.get(element.operand) ?? -1}:${element.offset}:${element.stride}:${element.channels}`)
    })
    const found = integrateOver(targets, elements, variables)
    if (found) return found
  }
  return undefined
}

/** @param elements input element for every target. */
function integrateOver(targets: readonly ChannelTarget[], elements: readonly (number | undefined)[], variables: Variables): Potential | undefined {
  const isTarget = new Set(elements)
  const monomials = new Map<string, { readonly coefficient: number; readonly slot: number | undefined; readonly elements: readonly number[]; count: number }>()
  for (const [k, { terms }] of targets.entries()) {
    const own = elements[k]
    if (own === undefined) return undefined
    for (const { coefficient, factorSlot, elements: factors } of terms) {
      const all = [...factors, own].sort((a, b) => a - b)
      const integral = coefficient / all.filter((element) => element === own).length
      const key = `${factorSlot ?? ''}|${all.join()}`
      const known = monomials.get(key)
      if (!known) monomials.set(key, { coefficient: integral, slot: factorSlot, elements: all, count: 1 })
      else if (Math.abs(known.coefficient - integral) > 1e-12 * Math.abs(integral)) return undefined
      else known.count++
    }
  }
  for (const { elements: all, count } of monomials.values()) if (new Set(all.filter((element) => isTarget.has(element))).size !== count) return undefined
  const input = (element: number) => variables.number({ kind: 'input', element })
  return {
    form: [...monomials.values()].map(({ coefficient, slot, elements: all }) => ({
      coefficient,
      variables: [...(slot === undefined ? [] : [variables.number({ kind: 'factor', slot })]), ...all.map(input)].sort((a, b) => a - b),
    })),
    variables: elements.map((element) => input(element ?? 0)),
  }
}
