import { clebschGordan, type Irrep, type IrrepClass } from '../groups/index.ts'
import { at } from './at.ts'
import { countOrderings } from './monomials.ts'
import { rememberingRound } from './rounding.ts'
import { sparsifiedRows } from './sparsify.ts'

/**
 * One polynomial for each component of an irrep, homogeneous and of one degree. A monomial is coded by the sorted indices
 * of its variables, read as the digits of a number in base {@link SymmetricBasis.numVariables}.
 */
export type Component = ReadonlyMap<number, number>

/** Polynomials `P_k(x)`, one for each component k of `ir`, that transform like `ir` when x does. */
export interface EquivariantPolynomials {
  readonly ir: Irrep
  readonly components: readonly Component[]
}

/** Numbers below this are rounding errors of coefficients whose size is about one. */
const negligible = 1e-10

/**
 * A basis of the equivariant maps from symmetric tensors of x to irreps: polynomials `P^b_k(x)` of one degree, with
 * `Σ_{a…c} (T^b_k,a…c)² = 1` for the symmetric tensors T of which they are the polynomials.
 *
 * x is the direct sum of `slots`. Powers of one slot are built by coupling one factor after the other, where multiplying
 * polynomials symmetrises and Gram–Schmidt removes what is linearly dependent; powers of different slots are coupled from
 * left to right, which keeps them orthonormal. So each basis element has one degree in each slot. Last, elements that
 * share an irrep and these degrees are combined so that fewer numbers are non-zero ({@link sparsifiedRows}), which gives up
 * orthogonality among them.
 */
export class SymmetricBasis {
  readonly group: IrrepClass
  readonly slots: readonly Irrep[]
  /** Dimension of x. */
  readonly numVariables: number
  private readonly powers: Map<string, readonly EquivariantPolynomials[]>

  constructor(group: IrrepClass, slots: readonly Irrep[]) {
    this.group = group
    this.slots = slots
    this.numVariables = slots.reduce((sum, ir) => sum + ir.dim, 0)
    this.powers = new Map()
  }

  /**
   * The basis elements of one degree (at least 1) that transform like an irrep in `outputs`, under its string. Ordered by
   * the slots that they multiply: `x_0 x_0`, `x_0 x_1`, …, `x_1 x_1`, ….
   */
  elements(degree: number, outputs: ReadonlySet<string>): ReadonlyMap<string, readonly EquivariantPolynomials[]> {
    const found = new Map<string, EquivariantPolynomials[]>([...outputs].map((name) => [name, []]))
    for (const exponents of exponentTuples(this.slots.length, degree))
      for (const element of this.product(exponents, outputs)) found.get(element.ir.toString())?.push(element)
    for (const [name, elements] of found) found.set(name, rounded(this.sparsified(elements, degree)))
    return found
  }

  private sparsified(elements: readonly EquivariantPolynomials[], degree: number): readonly EquivariantPolynomials[] {
    const numCodes = this.numVariables ** degree
    const rows = elements.map(
      ({ components }) => new Map(components.flatMap((component, k) => [...cleaned(component, 1)].map(([code, value]) => [k * numCodes + code, value]))),
    )
    const known = new Map<number, number>()
    const orderings = (position: number): number => {
      const code = position % numCodes
      let count = known.get(code)
      if (count === undefined) known.set(code, (count = countOrderings(this.decode(code, degree))))
      return count
    }
    const sparse = sparsifiedRows(rows, orderings, (position) => 1 / orderings(position))
    return elements.map(({ ir, components }, b) => {
      const out = components.map(() => new Map<number, number>())
      for (const [position, value] of [...at(sparse, b)].sort(([p], [q]) => p - q)) at(out, Math.floor(position / numCodes)).set(position % numCodes, value)
      return { ir, components: out }
    })
  }

  /** Sorted variables of a coded monomial. */
  decode(code: number, degree: number): number[] {
    const indices: number[] = []
    for (let n = 0, rest = code; n < degree; n++, rest = Math.floor(rest / this.numVariables)) indices.unshift(rest % this.numVariables)
    return indices
  }

  /** All couplings of x_0^{e_0} · x_1^{e_1} · … to irreps in `outputs`. */
  private product(exponents: readonly number[], outputs: ReadonlySet<string>): readonly EquivariantPolynomials[] {
    const used = exponents.flatMap((exponent, slot) => (exponent > 0 ? [{ slot, exponent }] : []))
    let degree = 0
    let partial: readonly EquivariantPolynomials[] = []
    for (const [n, { slot, exponent }] of used.entries()) {
      const power = this.power(slot, exponent)
      const accepts = n === used.length - 1 ? outputs : undefined
      partial = n === 0 ? power.filter(({ ir }) => accepts?.has(ir.toString()) ?? true) : this.couple(partial, degree, power, exponent, accepts)
      degree += exponent
    }
    return partial
  }

  /** Couplings of polynomials in disjoint variables, those of `left` all before those of `right`. */
  private couple(
    left: readonly EquivariantPolynomials[],
    leftDegree: number,
    right: readonly EquivariantPolynomials[],
    rightDegree: number,
    accepts: ReadonlySet<string> | undefined,
  ): readonly EquivariantPolynomials[] {
    const shift = this.numVariables ** rightDegree
    // A product of disjoint variables has its norm spread over the orderings that mix the two factors.
    const scale = Math.sqrt(binomial(leftDegree + rightDegree, rightDegree))
    const times = (p: Component, q: Component, factor: number, out: Map<number, number>): void => {
      for (const [a, x] of p) for (const [b, y] of q) accumulate(out, a * shift + b, factor * x * y)
    }
    return left.flatMap((l) => right.flatMap((r) => this.couplings(l, r, accepts, scale, times)))
  }

  /** Orthonormal basis of the polynomials of one degree in one slot, sorted by irrep. */
  private power(slot: number, degree: number): readonly EquivariantPolynomials[] {
    const key = `${slot}^${degree}`
    let basis = this.powers.get(key)
    if (!basis) this.powers.set(key, (basis = degree === 1 ? [this.variables(slot)] : this.nextPower(slot, degree)))
    return basis
  }

  private nextPower(slot: number, degree: number): readonly EquivariantPolynomials[] {
    const times = (p: Component, q: Component, factor: number, out: Map<number, number>): void => {
      for (const [a, x] of p) for (const [b, y] of q) accumulate(out, this.code([...this.decode(a, degree - 1), b]), factor * x * y)
    }
    const candidates = this.power(slot, degree - 1).flatMap((left) => this.couplings(left, this.variables(slot), undefined, 1, times))
    const sorted = [...candidates].sort((p, q) => this.group.compare(p.ir, q.ir))
    return this.orthonormal(sorted, degree)
  }

  private variables(slot: number): EquivariantPolynomials {
    const ir = at(this.slots, slot)
    const offset = this.slots.slice(0, slot).reduce((sum, { dim }) => sum + dim, 0)
    return { ir, components: Array.from({ length: ir.dim }, (_, k) => new Map([[offset + k, 1]])) }
  }

  /** `P_k = scale · Σ_ij C_ijk L_i R_j`, for every irrep and every way to couple. */
  private couplings(
    left: EquivariantPolynomials,
    right: EquivariantPolynomials,
    accepts: ReadonlySet<string> | undefined,
    scale: number,
    times: (p: Component, q: Component, factor: number, out: Map<number, number>) => void,
  ): EquivariantPolynomials[] {
    const found: EquivariantPolynomials[] = []
    for (const ir of this.group.product(left.ir, right.ir)) {
      if (accepts && !accepts.has(ir.toString())) continue
      const coupling = clebschGordan(left.ir, right.ir, ir)
      for (let s = 0; s < at(coupling.shape, 0); s++) {
        const components = Array.from({ length: ir.dim }, () => new Map<number, number>())
        let flat = s * left.ir.dim * right.ir.dim * ir.dim
        for (const l of left.components)
          for (const r of right.components)
            for (const out of components) {
              const c = at(coupling.data, flat++)
              if (c !== 0) times(l, r, c * scale, out)
            }
        found.push({ ir, components })
      }
    }
    return found
  }

  /** Gram–Schmidt, twice for accuracy, among the elements of each irrep; what vanishes is dropped. */
  private orthonormal(elements: readonly EquivariantPolynomials[], degree: number): readonly EquivariantPolynomials[] {
    const weights = new Map<number, number>()
    for (const { components } of elements)
      for (const component of components)
        for (const code of component.keys()) if (!weights.has(code)) weights.set(code, 1 / countOrderings(this.decode(code, degree)))
    const basis: EquivariantPolynomials[] = []
    for (const { ir, components } of elements) {
      const earlier = basis.filter((element) => element.ir.toString() === ir.toString())
      let rest = components
      for (let pass = 0; pass < 2; pass++)
        for (const element of earlier) rest = subtract(rest, element.components, innerProduct(rest, element.components, weights) / ir.dim)
      const norm = Math.sqrt(innerProduct(rest, rest, weights) / ir.dim)
      if (norm > Math.sqrt(negligible)) basis.push({ ir, components: rest.map((component) => cleaned(component, 1 / norm)) })
    }
    return basis
  }

  private code(indices: readonly number[]): number {
    return [...indices].sort((a, b) => a - b).reduce((code, index) => code * this.numVariables + index, 0)
  }
}

/** Tensor inner product of two sets of polynomials: `Σ_k Σ_m P_km Q_km / orderings(m)`. */
function innerProduct(p: readonly Component[], q: readonly Component[], weights: ReadonlyMap<number, number>): number {
  let sum = 0
  for (const [k, component] of p.entries()) for (const [code, value] of component) sum += value * (at(q, k).get(code) ?? 0) * (weights.get(code) ?? 0)
  return sum
}

function subtract(p: readonly Component[], q: readonly Component[], factor: number): readonly Component[] {
  return p.map((component, k) => {
    const out = new Map(component)
    for (const [code, value] of at(q, k)) accumulate(out, code, -factor * value)
    return out
  })
}

function accumulate(out: Map<number, number>, code: number, value: number): void {
  out.set(code, (out.get(code) ?? 0) + value)
}

function cleaned(component: Component, factor: number): Component {
  return new Map([...component].flatMap(([code, value]) => (Math.abs(value * factor) < negligible ? [] : [[code, value * factor] as const])))
}

/** Coefficients are square roots of fractions; rounding to them removes what the arithmetic left in the last bits. */
function rounded(elements: readonly EquivariantPolynomials[]): EquivariantPolynomials[] {
  const round = rememberingRound()
  return elements.map(({ ir, components }) => ({
    ir,
    components: components.map((component) => new Map([...component].map(([code, value]) => [code, round(value)]))),
  }))
}

/** All ways to write `degree` as an ordered sum of `length` non-negative integers, large first entries first. */
function exponentTuples(length: number, degree: number): readonly (readonly number[])[] {
  if (length === 0) return degree === 0 ? [[]] : []
  if (length === 1) return [[degree]]
  return Array.from({ length: degree + 1 }, (_, used) => exponentTuples(length - 1, used).map((rest) => [degree - used, ...rest])).flat()
}

function binomial(n: number, k: number): number {
  let value = 1
  for (let i = 1; i <= k; i++) value = (value * (n - k + i)) / i
  return value
}
