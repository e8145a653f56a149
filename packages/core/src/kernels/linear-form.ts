import type { ValueId } from './ir.ts'

/** What a linear form is made of: numbers known at launch (`p0`, `g1`), and values that are not sums of others (`%5`). */
export type Atom = string

export const parameterAtom = (slot: number): Atom => `p${slot}`
export const gridAtom = (axis: number): Atom => `g${axis}`
export const valueAtom = (id: ValueId): Atom => `%${id}`

/** `constant + Σ factor · atom` with integers; immutable. */
export class LinearForm {
  readonly constant: number
  readonly factors: ReadonlyMap<Atom, number>

  constructor(constant: number, factors: Iterable<readonly [Atom, number]> = []) {
    this.constant = constant
    this.factors = new Map([...factors].filter(([, factor]) => factor !== 0))
  }

  static atom(atom: Atom): LinearForm {
    return new LinearForm(0, [[atom, 1]])
  }

  plus(other: LinearForm, times = 1): LinearForm {
    const factors = new Map(this.factors)
    for (const [atom, factor] of other.factors) factors.set(atom, (factors.get(atom) ?? 0) + times * factor)
    return new LinearForm(this.constant + times * other.constant, factors)
  }

  minus(other: LinearForm): LinearForm {
    return this.plus(other, -1)
  }

  times(factor: number): LinearForm {
    return new LinearForm(0).plus(this, factor)
  }

  shifted(by: number): LinearForm {
    return new LinearForm(this.constant + by, this.factors)
  }

  /** The number, if it depends on nothing. */
  get value(): number | undefined {
    return this.factors.size === 0 ? this.constant : undefined
  }

  /** Whether everything in it is a multiple of an integer. */
  isMultipleOf(divisor: number): boolean {
    return [this.constant, ...this.factors.values()].every((number) => number % divisor === 0)
  }

  /** Whether all integers in it are exact. */
  get isSafe(): boolean {
    return [this.constant, ...this.factors.values()].every((number) => Number.isSafeInteger(number))
  }
}
