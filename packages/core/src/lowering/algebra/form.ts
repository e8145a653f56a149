/** Number of a variable; what it stands for is known to those who make the form. */
export type Variable = number

/** `c · Π variables`; a variable may occur several times. */
export interface Monomial {
  readonly coefficient: number
  /** In ascending order. */
  readonly variables: readonly Variable[]
}

/** `Σ monomials`, of which derivatives are wanted. */
export type Form = readonly Monomial[]

/** Sum of products of variables and of smaller sums. Equal sums are one object. */
export interface Sum {
  readonly id: number
  readonly products: readonly Product[]
}

export interface Product {
  readonly coefficient: number
  readonly variables: readonly Variable[]
  /** At most one: what a variable was factored out of. */
  readonly inner: Sum | undefined
}

/**
 * Writes a form as nested sums, `x · (y · (a + b) + c) + d`: again and again the variable that most monomials share is factored
 * out. `last` are variables that are factored out only when no other is shared; monomials count `worthOfPowers` for a variable that
 * has a power somewhere.
 */
export function nest(form: Form, last: ReadonlySet<Variable>, worthOfPowers = 1): Sum {
  const powers = new Set(form.flatMap(({ variables }) => variables.filter((variable, k) => variable === variables[k - 1])))
  const worthOf = (variable: Variable) => (powers.has(variable) ? worthOfPowers : 1)
  const known = new Map<string, Sum>()
  const keep = (products: readonly Product[]): Sum => {
    const key = products.map(({ coefficient, variables, inner }) => `${coefficient}*${variables.join('*')}${inner ? `(${inner.id})` : ''}`).join('+')
    const found = known.get(key)
    if (found) return found
    const sum = { id: known.size, products }
    known.set(key, sum)
    return sum
  }
  const nestTerms = (terms: Form): Sum => {
    const products: Product[] = []
    let rest = terms
    const counts = new Map<Variable, number>()
    for (const { variables } of rest) count(counts, variables, 1)
    for (;;) {
      const variable = mostShared(counts, last, worthOf)
      if (variable === undefined) break
      const divided: Monomial[] = []
      const others: Monomial[] = []
      for (const term of rest) (term.variables.includes(variable) ? divided : others).push(term)
      for (const { variables } of divided) count(counts, variables, -1)
      const quotients = divided.map((term) => ({ coefficient: term.coefficient, variables: without(term.variables, variable) }))
      products.push({ coefficient: 1, variables: [variable], inner: nestTerms(quotients) })
      rest = others
    }
    for (const { coefficient, variables } of rest) products.push({ coefficient, variables, inner: undefined })
    return keep(products)
  }
  return nestTerms(form)
}

/** Counts a term for each of its variables. */
function count(counts: Map<Variable, number>, variables: readonly Variable[], by: number): void {
  let previous = -1
  for (const variable of variables) {
    if (variable !== previous) counts.set(variable, (counts.get(variable) ?? 0) + by)
    previous = variable
  }
}

/** The variable that is worth most of those that two terms hold; the smallest of several. */
function mostShared(counts: ReadonlyMap<Variable, number>, last: ReadonlySet<Variable>, worthOf: (variable: Variable) => number): Variable | undefined {
  let best: Variable | undefined
  let most = 0
  let bestIsLast = true
  for (const [variable, number] of counts) {
    if (number < 2) continue
    const shared = number * worthOf(variable)
    const isLast = last.has(variable)
    const isBetter = best === undefined || (bestIsLast && !isLast) || (bestIsLast === isLast && (shared > most || (shared === most && variable < best)))
    if (isBetter) [best, most, bestIsLast] = [variable, shared, isLast]
  }
  return best
}

function without(variables: readonly Variable[], variable: Variable): readonly Variable[] {
  const at = variables.indexOf(variable)
  return [...variables.slice(0, at), ...variables.slice(at + 1)]
}
