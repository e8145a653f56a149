import type { Form, Monomial } from '../algebra/form.ts'
import type { NormalForm, NormalTerm } from '../normal-form.ts'

/** What a variable of a form stands for. */
export type VariableMeaning =
  /** An element of an input, by number. */
  | { readonly kind: 'input'; readonly element: number }
  /** A number that is the same for all channels of an entry, made before: the value of one of {@link Analysis.factors}. */
  | { readonly kind: 'factor'; readonly slot: number }
  /** A sum over channels, made before. */
  | { readonly kind: 'channelSum'; readonly slot: number }
  /** The dual of an output element: the derivative by it is that element. */
  | { readonly kind: 'output'; readonly element: number }
  /** The dual of {@link Analysis.factors} or of a sum over channels. */
  | { readonly kind: 'slot'; readonly slot: number }

/** Forms over numbered variables. */
export class Variables {
  readonly meanings: VariableMeaning[] = []
  readonly #numbers = new Map<string, number>()

  number(meaning: VariableMeaning): number {
    const key = `${meaning.kind}${'element' in meaning ? meaning.element : meaning.slot}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.meanings.length)
    return this.meanings.push(meaning) - 1
  }
}

/** `coefficient · factor · Π elements`. */
export interface ChannelTerm {
  readonly coefficient: number
  readonly factorSlot: number | undefined
  /** Numbers of input elements along channels. */
  readonly elements: readonly number[]
}

/** Products over channels that end in one place. */
export interface ChannelTarget {
  readonly kind: 'output' | 'channelSum'
  /** Output element, or slot of the sum. */
  readonly number: number
  readonly channels: number
  readonly terms: readonly ChannelTerm[]
}

/** Terms of one output element that differ only in what has no channels: that is a polynomial of its own. */
interface Signature {
  readonly output: number
  readonly channels: number
  readonly elements: readonly number[]
  readonly polynomial: Monomial[]
}

/** `coefficient · Π own · Σ_channels Π elements`, of an output without channels. */
interface ChannelProduct {
  readonly coefficient: number
  /** Dual of the output, and inputs without channels. */
  readonly own: readonly number[]
  readonly channels: number
  readonly elements: readonly number[]
}

/**
 * What is done for some outputs: first numbers that all channels of an entry share (`factors`), then products over channels, which
 * end in outputs with channels or in sums over channels, then outputs without channels from those sums.
 */
export interface Analysis {
  /** `Σ_slot dual(slot) · polynomial of inputs without channels`. */
  readonly factors: Form
  readonly numFactors: number
  readonly targets: readonly ChannelTarget[]
  readonly numSums: number
  /** `Σ_output dual(output) · polynomial of inputs without channels and of sums over channels`. */
  readonly closing: Form
  readonly variables: Variables
}

/**
 * @param terms those of the outputs that are to be computed.
 * @param sumsAreDear whether a sum over channels costs much more than a product.
 */
export function analyse(form: NormalForm, terms: readonly NormalTerm[], sumsAreDear: boolean): Analysis {
  const variables = new Variables()
  const isVarying = (element: number) => (form.inputs[element]?.stride ?? 0) !== 0
  const closing: Monomial[] = []
  const channelSums: ChannelProduct[] = []
  const signatures = new Map<string, Signature>()
  for (const { coefficient, factors, output, channels } of terms) {
    const varying = factors.filter(isVarying)
    const uniform = factors.filter((factor) => !isVarying(factor))
    if ((form.outputs[output]?.stride ?? 0) !== 0) {
      const key = `${output}:${varying.join()}`
      const found = signatures.get(key) ?? { output, channels, elements: varying, polynomial: [] }
      signatures.set(key, found)
      found.polynomial.push(monomial(coefficient, uniform.map((element) => variables.number({ kind: 'input', element }))))
      continue
    }
    const own = [variables.number({ kind: 'output', element: output }), ...uniform.map((element) => variables.number({ kind: 'input', element }))]
    if (varying.length > 0) channelSums.push({ coefficient, own, channels, elements: varying })
    else closing.push(monomial(coefficient, own))
  }
  const sums = sumsAreDear ? fewestSums(channelSums) : sumsByElements(channelSums)
  const sumTargets = sums.map((products, slot): ChannelTarget => {
    const { channels = 1, elements = [], own: shared = [] } = products[0] ?? {}
    // Coefficients of what is summed as it is come afterwards, with what else is multiplied.
    const isOne = products.every((product) => product.elements.join() === elements.join())
    const terms = isOne ? [term(1, elements)] : products.map((product) => term(product.coefficient, product.elements))
    const ofSum = (coefficient: number, own: readonly number[]) => void closing.push(monomial(coefficient, [...own, variables.number({ kind: 'channelSum', slot })]))
    if (isOne) for (const { coefficient, own } of products) ofSum(coefficient, own)
    else ofSum(1, shared)
    return { kind: 'channelSum', number: slot, channels, terms }
  })

  const slots = new Map<string, number>()
  const factors: Monomial[] = []
  const outputs = new Map<number, { readonly channels: number; readonly terms: ChannelTerm[] }>()
  for (const { output, channels, elements, polynomial } of signatures.values()) {
    const target = outputs.get(output) ?? { channels, terms: [] }
    outputs.set(output, target)
    const [only] = polynomial
    if (only && polynomial.length === 1 && only.variables.length === 0) {
      target.terms.push({ coefficient: only.coefficient, factorSlot: undefined, elements })
      continue
    }
    const key = polynomial.map((term) => `${term.coefficient}*${term.variables.join('*')}`).sort().join('+')
    let slot = slots.get(key)
    if (slot === undefined) {
      slot = slots.size
      slots.set(key, slot)
      const dual = variables.number({ kind: 'slot', slot })
      for (const term of polynomial) factors.push(monomial(term.coefficient, [dual, ...term.variables]))
    }
    target.terms.push({ coefficient: 1, factorSlot: slot, elements })
  }
  const outputTargets = [...outputs].map(([number, { channels, terms: own }]): ChannelTarget => ({ kind: 'output', number, channels, terms: own }))
  return { factors, numFactors: slots.size, targets: [...outputTargets, ...sumTargets], numSums: sums.length, closing, variables }
}

/**
 * Products that are summed over channels, in groups that need one sum each: either those of the same elements, whatever is multiplied
 * afterwards, or those that are multiplied by the same and end in the same output.
 */
function fewestSums(products: readonly ChannelProduct[]): readonly (readonly ChannelProduct[])[] {
  const byElements = sumsByElements(products)
  const byEnd = groupBy(products, ({ channels, own }) => `${channels}:${own.join()}`)
  return byEnd.length < byElements.length ? byEnd : byElements
}

function sumsByElements(products: readonly ChannelProduct[]): readonly (readonly ChannelProduct[])[] {
  return groupBy(products, ({ channels, elements }) => `${channels}:${elements.join()}`)
}

function term(coefficient: number, elements: readonly number[]): ChannelTerm {
  return { coefficient, factorSlot: undefined, elements }
}

function groupBy(products: readonly ChannelProduct[], keyOf: (product: ChannelProduct) => string): readonly (readonly ChannelProduct[])[] {
  const groups = new Map<string, ChannelProduct[]>()
  for (const product of products) {
    const key = keyOf(product)
    const group = groups.get(key)
    if (group) group.push(product)
    else groups.set(key, [product])
  }
  return [...groups.values()]
}

function monomial(coefficient: number, variables: readonly number[]): Monomial {
  return { coefficient, variables: [...variables].sort((a, b) => a - b) }
}

/** Numbers of elements that are read. */
export function readElements(targets: readonly ChannelTarget[]): ReadonlySet<number> {
  return new Set(targets.flatMap(({ terms }) => terms.flatMap(({ elements }) => elements)))
}
