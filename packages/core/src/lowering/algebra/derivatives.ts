import { type Form, nest, type Product, type Sum, type Variable } from './form.ts'

/** Arithmetic that formulas are written in: instructions of a kernel, or counts. */
export interface Arithmetic<V> {
  variable(variable: Variable): V
  constant(value: number): V
  multiply(a: V, b: V): V
  /** `a · b + c` */
  multiplyAdd(a: V, b: V, c: V): V
  /** `c − a · b` */
  multiplySubtract(a: V, b: V, c: V): V
  add(a: V, b: V): V
  subtract(a: V, b: V): V
}

/** Place where something is a factor: the product, and the sum that it belongs to. */
interface Use {
  readonly sum: Sum
  readonly product: Product
}

/** What terms are made of, by a name of its own; `undefined` is one. */
interface Factor<V> {
  readonly key: string
  readonly value: () => V
}

/** `coefficient · Π factors` */
interface Term<V> {
  readonly coefficient: number
  readonly factors: readonly Factor<V>[]
}

/** A number times what is computed: `scale · value`, where no value is one. */
interface Scaled<V> {
  readonly scale: number
  readonly factor: Factor<V> | undefined
}

/**
 * Derivatives of a form, `∂F/∂x`, by the reverse sweep through its nested sums: what is shared is computed once, and only what is
 * asked for is computed at all. Sums are computed up to a number, which goes into the coefficients of those who use them, so that
 * most of their own are one; products with one coefficient are added up before they are multiplied with it.
 */
export class Derivatives<V> {
  readonly #arithmetic: Arithmetic<V>
  readonly #root: Sum
  readonly #uses = new Map<Variable, Use[]>()
  readonly #parents = new Map<Sum, Use[]>()
  readonly #values = new Map<Sum, Scaled<V>>()
  readonly #adjoints = new Map<Sum, Scaled<V>>()
  readonly #variables = new Map<Variable, Factor<V>>()
  readonly #products = new Map<string, Factor<V>>()
  #numParts = 0

  constructor(root: Sum, arithmetic: Arithmetic<V>) {
    this.#arithmetic = arithmetic
    this.#root = root
    const seen = new Set<Sum>()
    const visit = (sum: Sum) => {
      if (seen.has(sum)) return
      seen.add(sum)
      for (const product of sum.products) {
        const use = { sum, product }
        for (const variable of new Set(product.variables)) push(this.#uses, variable, use)
        if (product.inner) {
          push(this.#parents, product.inner, use)
          visit(product.inner)
        }
      }
    }
    visit(root)
  }

  /** `start + ∂F/∂variable`; zero of the arithmetic if there is neither. */
  of(variable: Variable, start?: V): V {
    const terms: Term<V>[] = []
    for (const { sum, product } of this.#uses.get(variable) ?? []) {
      const power = product.variables.filter((other) => other === variable).length
      const rest = withoutOne(product.variables, variable)
      this.#collect(terms, product.coefficient * power, this.#adjoint(sum), rest, product.inner)
    }
    return this.#total(terms, 1, start) ?? this.#arithmetic.constant(0)
  }

  /** That of the whole form is one. */
  #adjoint(sum: Sum): Scaled<V> | undefined {
    if (sum === this.#root) return undefined
    const known = this.#adjoints.get(sum)
    if (known) return known
    const terms: Term<V>[] = []
    for (const { sum: parent, product } of this.#parents.get(sum) ?? [])
      this.#collect(terms, product.coefficient, this.#adjoint(parent), product.variables, undefined)
    const adjoint = this.#scaled(`a${sum.id}`, terms)
    this.#adjoints.set(sum, adjoint)
    return adjoint
  }

  #value(sum: Sum): Scaled<V> {
    const known = this.#values.get(sum)
    if (known) return known
    const terms: Term<V>[] = []
    for (const { coefficient, variables, inner } of sum.products) this.#collect(terms, coefficient, undefined, variables, inner)
    const value = this.#scaled(`s${sum.id}`, terms)
    this.#values.set(sum, value)
    return value
  }

  /** Adds `coefficient · adjoint · Π variables · inner` to some terms. */
  #collect(terms: Term<V>[], coefficient: number, adjoint: Scaled<V> | undefined, variables: readonly Variable[], inner: Sum | undefined): void {
    const factors = [...(adjoint?.factor ? [adjoint.factor] : []), ...variables.map((variable) => this.#variable(variable))]
    const own = coefficient * (adjoint?.scale ?? 1)
    if (!inner) {
      terms.push({ coefficient: own, factors })
      return
    }
    // A sum that is used here only goes into the total term by term.
    if (factors.length === 0 && !this.#values.has(inner) && (this.#parents.get(inner)?.length ?? 0) === 1) {
      for (const product of inner.products) this.#collect(terms, own * product.coefficient, undefined, product.variables, product.inner)
      return
    }
    const { scale, factor } = this.#value(inner)
    terms.push({ coefficient: own * scale, factors: factor ? [...factors, factor] : factors })
  }

  #scaled(key: string, terms: readonly Term<V>[]): Scaled<V> {
    const [first] = terms
    if (first && terms.length === 1 && first.factors.length < 2) return { scale: first.coefficient, factor: first.factors[0] }
    const scale = commonCoefficient(terms)
    return { scale, factor: once(key, () => this.#total(terms, scale, undefined) ?? this.#arithmetic.constant(0)) }
  }

  /** `start + Σ terms / scale` */
  #total(terms: readonly Term<V>[], scale: number, start: V | undefined): V | undefined {
    let total = start
    for (const [size, group] of groups(terms, scale)) {
      const isSum = size !== 1 && group.filter(isProduct).length > 1
      if (!isSum) for (const { coefficient, factors } of group) total = this.#add(total, coefficient < 0 ? -size : size, factors)
      else {
        const leading = (group[0]?.coefficient ?? 1) < 0 ? -1 : 1
        const part = group.reduce<V | undefined>((sum, { coefficient, factors }) => this.#add(sum, coefficient < 0 ? -leading : leading, factors), undefined)
        if (part !== undefined) total = this.#add(total, leading * size, [once(`p${this.#numParts++}`, () => part)])
      }
    }
    return total
  }

  /** `total + coefficient · Π factors` */
  #add(total: V | undefined, coefficient: number, factors: readonly Factor<V>[]): V {
    const arithmetic = this.#arithmetic
    // A sum has nothing to be subtracted from before its first term.
    const isSubtracted = coefficient < 0 && factors.length > 0 && total !== undefined
    const own = isSubtracted ? -coefficient : coefficient
    const all = own === 1 && factors.length > 0 ? factors : this.#withConstant(own, factors)
    const last = all[all.length - 1]
    if (!last) return total ?? arithmetic.constant(0)
    const left = all.slice(0, -1).reduce<Factor<V> | undefined>((product, factor) => (product ? this.#product(product, factor) : factor), undefined)
    if (!left) {
      const value = last.value()
      if (total === undefined) return value
      return isSubtracted ? arithmetic.subtract(total, value) : arithmetic.add(total, value)
    }
    if (total === undefined) return this.#product(left, last).value()
    const [a, b] = [left.value(), last.value()]
    return isSubtracted ? arithmetic.multiplySubtract(a, b, total) : arithmetic.multiplyAdd(a, b, total)
  }

  /** The factors with a number among them: beside one that was multiplied with it before, if there is one. */
  #withConstant(value: number, factors: readonly Factor<V>[]): readonly Factor<V>[] {
    const constant = once(`#${value}`, () => this.#arithmetic.constant(value))
    if (factors.length < 2) return [constant, ...factors]
    const at = Math.max(0, factors.findIndex((factor) => this.#products.has(productKey(constant, factor))))
    const chosen = factors[at]
    return chosen ? [this.#product(constant, chosen), ...factors.slice(0, at), ...factors.slice(at + 1)] : [constant]
  }

  #product(a: Factor<V>, b: Factor<V>): Factor<V> {
    const key = productKey(a, b)
    const known = this.#products.get(key)
    if (known) return known
    const product = once(key, () => this.#arithmetic.multiply(a.value(), b.value()))
    this.#products.set(key, product)
    return product
  }

  #variable(variable: Variable): Factor<V> {
    const known = this.#variables.get(variable)
    if (known) return known
    const factor = once(`v${variable}`, () => this.#arithmetic.variable(variable))
    this.#variables.set(variable, factor)
    return factor
  }
}

function productKey(a: { readonly key: string }, b: { readonly key: string }): string {
  return a.key < b.key ? `(${a.key} ${b.key})` : `(${b.key} ${a.key})`
}

/** Computed when it is first asked for. */
function once<V>(key: string, make: () => V): Factor<V> {
  let made: { readonly value: V } | undefined
  return { key, value: () => (made ??= { value: make() }).value }
}

function isProduct({ factors }: { readonly factors: readonly unknown[] }): boolean {
  return factors.length > 1
}

/** Coefficients that differ by rounding only are one. */
function sizeKey(coefficient: number): string {
  return Math.abs(coefficient).toPrecision(14)
}

/** Terms by `|coefficient / scale|`, those with one first, and positive ones first in each. */
function groups<V>(terms: readonly Term<V>[], scale: number): readonly (readonly [number, readonly Term<V>[]])[] {
  const bySize = new Map<string, Term<V>[]>()
  for (const term of terms) if (term.coefficient !== 0) push(bySize, sizeKey(term.coefficient), { ...term, coefficient: term.coefficient / scale })
  const isUnit = sizeKey(scale)
  const all = [...bySize].map(([key, own]) => {
    const signs = [...own.filter(({ coefficient }) => coefficient > 0), ...own.filter(({ coefficient }) => coefficient < 0)]
    return [key === isUnit ? 1 : Math.abs(own[0]?.coefficient ?? 1), signs] as const
  })
  return [...all.filter(([size]) => size === 1), ...all.filter(([size]) => size !== 1)]
}

/** The coefficient that costs most multiplications if it stays: that of most products, then of most terms. */
function commonCoefficient(terms: readonly Term<unknown>[]): number {
  let best = 1
  let most = 0
  for (const [, own] of groups(terms, 1)) {
    const count = own.filter(isProduct).length + own.length / (terms.length + 1)
    if (count <= most) continue
    most = count
    best = own[0]?.coefficient ?? 1
  }
  return best
}

/** Multiplications and additions that the derivatives cost, of which equal ones are done once. */
export function costOf(root: Sum, targets: Iterable<Variable>, startsWithTotals: boolean): number {
  const known = new Map<string, number>()
  let cost = 0
  const number = (key: string, worth: number) => {
    const found = known.get(key)
    if (found !== undefined) return found
    cost += worth
    known.set(key, known.size)
    return known.size - 1
  }
  const product = (a: number, b: number) => (a < b ? `${a}*${b}` : `${b}*${a}`)
  const arithmetic: Arithmetic<number> = {
    variable: (variable) => number(`v${variable}`, 0),
    constant: (value) => number(`#${value}`, 0),
    multiply: (a, b) => number(product(a, b), 1),
    multiplyAdd: (a, b, c) => number(`${c}+${product(a, b)}`, 1),
    multiplySubtract: (a, b, c) => number(`${c}-${product(a, b)}`, 1),
    add: (a, b) => number(a < b ? `${a}+${b}` : `${b}+${a}`, 1),
    subtract: (a, b) => number(`${a}-${b}`, 1),
  }
  const derivatives = new Derivatives<number>(root, arithmetic)
  for (const target of targets) derivatives.of(target, startsWithTotals ? number(`t${target}`, 0) : undefined)
  return cost
}

/** How much cheaper sums beside running totals must be, for what they take of the registers. */
const worthOfSums = 0.75

/** What one more term counts that holds a variable with powers, beside one that holds another variable. */
const worthOfPowers = 0.5

/**
 * Of the ways to nest a form the one with the cheapest derivatives: targets factored out last, or like any other variable. The
 * first adds products to the targets one by one; the second makes sums of their own for them. Either with variables that have powers
 * factored out like others, or rather after them: then what is multiplied with different weights is a polynomial in those variables
 * alone.
 */
export function nestBest(form: Form, targets: ReadonlySet<Variable>, startsWithTotals: boolean): Sum {
  const nested = (last: ReadonlySet<Variable>, worth: number) => {
    const root = nest(form, last, worth)
    return { root, cost: costOf(root, targets, startsWithTotals) }
  }
  const cheapest = (last: ReadonlySet<Variable>) => {
    const [alike, later] = [nested(last, 1), nested(last, worthOfPowers)]
    return later.cost < alike.cost ? later : alike
  }
  const [products, sums] = [cheapest(targets), cheapest(new Set())]
  return sums.cost < products.cost * (startsWithTotals ? worthOfSums : 1) ? sums.root : products.root
}

function push<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function withoutOne(variables: readonly Variable[], variable: Variable): readonly Variable[] {
  const at = variables.indexOf(variable)
  return [...variables.slice(0, at), ...variables.slice(at + 1)]
}
