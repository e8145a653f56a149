import { type Form, nest, type Product, type Sum, type Variable } from './form.ts'

/** Arithmetic that formulas are written in: instructions of a kernel, or counts. */
export interface Arithmetic<V> {
  variable(variable: Variable): V
  constant(value: number): V
  multiply(a: V, b: V): V
  /** `a · b + c` */
  multiplyAdd(a: V, b: V, c: V): V
  add(a: V, b: V): V
}

/** Place where something is a factor: the product, and the sum that it belongs to. */
interface Use {
  readonly sum: Sum
  readonly product: Product
}

/** A product in the making: `undefined` stands for one. */
type Factors<V> = readonly V[]

/**
 * Derivatives of a form, `∂F/∂x`, by the reverse sweep through its nested sums: what is shared is computed once, and only what is
 * asked for is computed at all.
 */
export class Derivatives<V> {
  readonly #arithmetic: Arithmetic<V>
  readonly #root: Sum
  readonly #uses = new Map<Variable, Use[]>()
  readonly #parents = new Map<Sum, Use[]>()
  readonly #values = new Map<Sum, V>()
  readonly #adjoints = new Map<Sum, V | undefined>()
  readonly #known = new Map<Variable, V>()

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
    let total = start
    for (const { sum, product } of this.#uses.get(variable) ?? []) {
      const power = product.variables.filter((other) => other === variable).length
      const rest = withoutOne(product.variables, variable)
      total = this.#accumulate(total, product.coefficient * power, [...this.#adjointFactors(sum), ...rest.map((other) => this.#variable(other))], product.inner)
    }
    return total ?? this.#arithmetic.constant(0)
  }

  /** The adjoint of a sum as factors of a product: none for that of the whole form, which is one. */
  #adjointFactors(sum: Sum): Factors<V> {
    const adjoint = this.#adjoint(sum)
    return adjoint === undefined ? [] : [adjoint]
  }

  #adjoint(sum: Sum): V | undefined {
    if (sum === this.#root) return undefined
    if (this.#adjoints.has(sum)) return this.#adjoints.get(sum)
    let total: V | undefined
    for (const { sum: parent, product } of this.#parents.get(sum) ?? []) {
      const factors = [...this.#adjointFactors(parent), ...product.variables.map((variable) => this.#variable(variable))]
      total = this.#accumulate(total, product.coefficient, factors, undefined)
    }
    this.#adjoints.set(sum, total)
    return total
  }

  #value(sum: Sum): V {
    const known = this.#values.get(sum)
    if (known !== undefined) return known
    let total: V | undefined
    for (const { coefficient, variables, inner } of sum.products)
      total = this.#accumulate(total, coefficient, variables.map((variable) => this.#variable(variable)), inner)
    const value = total ?? this.#arithmetic.constant(0)
    this.#values.set(sum, value)
    return value
  }

  /** `total + coefficient · Π factors · inner`. */
  #accumulate(total: V | undefined, coefficient: number, factors: Factors<V>, inner: Sum | undefined): V | undefined {
    const all = [...factors]
    if (inner) {
      // A sum that is used here only goes into the total term by term.
      if (all.length === 0 && coefficient === 1 && !this.#values.has(inner) && (this.#parents.get(inner)?.length ?? 0) === 1) {
        let sum = total
        for (const product of inner.products) {
          const own = product.variables.map((variable) => this.#variable(variable))
          sum = this.#accumulate(sum, product.coefficient, own, product.inner)
        }
        return sum
      }
      all.push(this.#value(inner))
    }
    return this.#addProduct(total, coefficient, all)
  }

  #addProduct(total: V | undefined, coefficient: number, factors: Factors<V>): V {
    const all = coefficient === 1 && factors.length > 0 ? factors : [this.#arithmetic.constant(coefficient), ...factors]
    const [first, ...others] = all
    if (first === undefined) return total ?? this.#arithmetic.constant(0)
    const last = others.pop()
    if (last === undefined) return total === undefined ? first : this.#arithmetic.add(total, first)
    const left = others.reduce((product, factor) => this.#arithmetic.multiply(product, factor), first)
    return total === undefined ? this.#arithmetic.multiply(left, last) : this.#arithmetic.multiplyAdd(left, last, total)
  }

  #variable(variable: Variable): V {
    const known = this.#known.get(variable)
    if (known !== undefined) return known
    const value = this.#arithmetic.variable(variable)
    this.#known.set(variable, value)
    return value
  }
}

/** Multiplications and additions that the derivatives cost. */
export function costOf(root: Sum, targets: Iterable<Variable>, startsWithTotals: boolean): number {
  let cost = 0
  const count = () => {
    cost++
    return 0
  }
  const derivatives = new Derivatives<number>(root, { variable: () => 0, constant: () => 0, multiply: count, multiplyAdd: count, add: count })
  for (const target of targets) derivatives.of(target, startsWithTotals ? 0 : undefined)
  return cost
}

/** How much cheaper sums beside running totals must be, for what they take of the registers. */
const worthOfSums = 0.75

/**
 * Of the ways to nest a form the one with the cheapest derivatives: targets factored out last, or like any other variable. The
 * first adds products to the targets one by one; the second makes sums of their own for them.
 */
export function nestBest(form: Form, targets: ReadonlySet<Variable>, startsWithTotals: boolean): Sum {
  const [products, sums] = [nest(form, targets), nest(form, new Set())]
  const [costOfProducts, costOfSums] = [products, sums].map((root) => costOf(root, targets, startsWithTotals))
  return (costOfSums ?? 0) < (costOfProducts ?? 0) * (startsWithTotals ? worthOfSums : 1) ? sums : products
}

function push<K>(map: Map<K, Use[]>, key: K, use: Use): void {
  const list = map.get(key)
  if (list) list.push(use)
  else map.set(key, [use])
}

function withoutOne(variables: readonly Variable[], variable: Variable): readonly Variable[] {
  const at = variables.indexOf(variable)
  return [...variables.slice(0, at), ...variables.slice(at + 1)]
}
