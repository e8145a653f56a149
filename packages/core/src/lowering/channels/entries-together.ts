import type { Arithmetic } from '../algebra/derivatives.ts'
import type { Variable } from '../algebra/form.ts'
import type { Expression } from '../../kernels/index.ts'
import { entriesAtOnce } from './lane-entries.ts'
import { rowElements, heldRows, scratchRows } from './row-elements.ts'
import type { Pass } from './passes.ts'
import { widthOf } from '../scalars.ts'
import type { EntryScope } from './scopes.ts'
import type { KernelSpec } from './spec.ts'

/** Values of an entry that a thread keeps, up to which four entries or two fit into its registers. */
const [fewValues, someValues] = [20, 24]

/**
 * Entries that a thread works on at once, because it reads much that is the same for all of them: rows with more elements than it
 * keeps are read once for so many entries, instead of once for each.
 */
export function entriesTogether(spec: KernelSpec, pass: Pass): number {
  const shared = rowElements(spec, pass).length
  if (!spec.isByEntry || shared === 0 || entriesAtOnce(spec, pass.channels) > 1) return 1
  if (heldRows(spec, pass).length > 0 || scratchRows(spec, pass).length > 0) return 1
  const all = new Set(pass.targets.flatMap(({ terms }) => terms.flatMap(({ elements }) => elements)))
  const values = all.size - shared + pass.targets.length
  if (values > someValues) return 1
  return values > fewValues ? 2 : 4
}

/** Numbers of 32 bits that a thread reads at once, and numbers of an entry that are read for two of them even if that is more. */
const [readAtOnce, readForTwo] = [28, 20]
/** Entries whose formulas are written one after another. */
const mostInTurn = 8

/** Entries that are added to sums one after another, but read at once: where one alone has little to read. */
export function entriesInTurn(spec: KernelSpec, pass: Pass): number {
  if (!spec.isByEntry) return 1
  const shared = new Set(rowElements(spec, pass))
  const own = new Set(pass.targets.flatMap(({ terms }) => terms.flatMap(({ elements }) => elements.filter((element) => !shared.has(element)))))
  const numbers = (own.size * widthOf(spec.request.mathScalar)) / 4
  return Math.min(mostInTurn, Math.max(numbers <= readForTwo ? 2 : 1, Math.floor(readAtOnce / Math.max(1, numbers))))
}

/** Formulas of several entries side by side. */
export class SideBySide implements Arithmetic<readonly Expression[]> {
  readonly #scopes: readonly EntryScope[]
  /** Whether a variable is the same for all of them. */
  readonly #isShared: (variable: Variable) => boolean

  constructor(scopes: readonly EntryScope[], isShared: (variable: Variable) => boolean) {
    this.#scopes = scopes
    this.#isShared = isShared
  }

  variable(variable: Variable): readonly Expression[] {
    const [first] = this.#scopes
    if (first && this.#isShared(variable)) return this.#ofAll(first.variable(variable))
    return this.#scopes.map((scope) => scope.variable(variable))
  }

  constant(value: number): readonly Expression[] {
    const [first] = this.#scopes
    return first ? this.#ofAll(first.constant(value)) : []
  }

  multiply(a: readonly Expression[], b: readonly Expression[]): readonly Expression[] {
    return a.map((x, k) => x.mul(b[k] ?? x))
  }

  multiplyAdd(a: readonly Expression[], b: readonly Expression[], c: readonly Expression[]): readonly Expression[] {
    return a.map((x, k) => x.fma(b[k] ?? x, c[k] ?? x))
  }

  multiplySubtract(a: readonly Expression[], b: readonly Expression[], c: readonly Expression[]): readonly Expression[] {
    return a.map((x, k) => x.neg().fma(b[k] ?? x, c[k] ?? x))
  }

  add(a: readonly Expression[], b: readonly Expression[]): readonly Expression[] {
    return a.map((x, k) => x.add(b[k] ?? x))
  }

  subtract(a: readonly Expression[], b: readonly Expression[]): readonly Expression[] {
    return a.map((x, k) => x.sub(b[k] ?? x))
  }

  #ofAll(value: Expression): readonly Expression[] {
    return this.#scopes.map(() => value)
  }
}
