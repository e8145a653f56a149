import { SubscriptsError } from '../errors.ts'

/** Names that canonical subscripts draw from, in this order. */
const coefficientNames = 'ijklmnopqrst'
const otherNames = 'uvwabcdefghxyz'

/** New names of modes. */
export type ModeMapping = Readonly<Record<string, string>>

/**
 * `op_0,op_1,…,op_n+coefficients`: the einsum subscripts of a segmented tensor product, one letter a mode. `'uv,iu,iv'`
 * is a linear map, `'u,iu,ju,ku+ijk'` couples with coefficients. Which operand is the output is not part of it.
 *
 * `_` may stand for `,`; `*` stands for letters that {@link completeWildcards} fills in.
 *
 * @throws {SubscriptsError} if a piece holds anything but lowercase letters and `*`, or one letter twice.
 */
export class Subscripts {
  readonly text: string
  /** Modes of every operand. */
  readonly operands: readonly string[]
  /** Modes of the coefficients; empty if they are scalars. */
  readonly coefficients: string
  /** Every mode once, in the order of first appearance. */
  readonly modes: readonly string[]

  constructor(text: string) {
    const [operands = '', coefficients = '', ...rest] = text.replaceAll('_', ',').split('+')
    if (rest.length > 0) throw new SubscriptsError(`Subscripts '${text}': '+' may occur once, before the coefficient modes`)
    this.operands = Object.freeze(operands.split(','))
    this.coefficients = coefficients
    for (const [k, piece] of this.operands.entries()) requirePiece(text, piece, `operand ${k}`)
    requirePiece(text, coefficients, 'the coefficients')
    this.text = coefficients === '' ? this.operands.join() : `${this.operands.join()}+${coefficients}`
    this.modes = Object.freeze([...new Set([...this.operands.join(''), ...coefficients])].filter((mode) => mode !== '*'))
  }

  /** @throws {SubscriptsError} if there is no operand, or a piece is malformed. */
  static fromOperands(operands: readonly string[], coefficients = ''): Subscripts {
    if (operands.length === 0) throw new SubscriptsError('Subscripts.fromOperands: needs at least one operand')
    return new Subscripts(`${operands.join()}+${coefficients}`)
  }

  get numOperands(): number {
    return this.operands.length
  }

  has(mode: string): boolean {
    return this.modes.includes(mode)
  }

  /** Operands that have a mode, and the axis it is there: `[operand, axis]`. */
  axesOf(mode: string): readonly (readonly [operand: number, axis: number])[] {
    return this.operands.flatMap((own, k) => (own.includes(mode) ? [[k, own.indexOf(mode)] as const] : []))
  }

  equals(other: Subscripts): boolean {
    return this.text === other.text
  }

  /**
   * Modes renamed by first appearance: coefficient modes `i, j, k, …`, all others `u, v, w, a, b, …`.
   * `'ab,aj,bi+ij'` becomes `'uv,ui,vj+ji'`.
   *
   * @throws {SubscriptsError} beyond 12 coefficient modes or 14 others.
   */
  canonicalize(): Subscripts {
    return this.rename(this.canonicalNames())
  }

  /** What {@link canonicalize} renames every mode to. */
  canonicalNames(): ModeMapping {
    const taken = { coefficient: 0, other: 0 }
    return Object.fromEntries(
      this.modes.map((mode) => {
        const isCoefficient = this.coefficients.includes(mode)
        const name = isCoefficient ? coefficientNames[taken.coefficient++] : otherNames[taken.other++]
        if (name === undefined) throw new SubscriptsError(`Subscripts '${this.text}': too many ${isCoefficient ? 'coefficient ' : ''}modes for canonical names; consolidate or flatten some`)
        return [mode, name]
      }),
    )
  }

  /** Same up to the names of modes. */
  isEquivalent(other: Subscripts): boolean {
    return this.modes.length === other.modes.length && this.numOperands === other.numOperands && this.canonicalize().equals(other.canonicalize())
  }

  /**
   * Every way in which these subscripts arise from `other` by deleting modes that are not coefficient modes: for each,
   * which mode of `other` every own mode is. `'u,u'` in `'uv,vu'` gives `[{ u: 'v' }, { u: 'u' }]`.
   */
  isSubsetOf(other: Subscripts): readonly ModeMapping[] {
    const surplus = other.modes.length - this.modes.length
    if (surplus < 0 || this.numOperands !== other.numOperands) return []
    const deletable = other.modes.filter((mode) => !other.coefficients.includes(mode))
    return combinations(deletable, surplus).flatMap((deleted) => {
      const rest = deleted.reduce((subscripts, mode) => subscripts.removeMode(mode), other)
      return rest.isEquivalent(this) ? [Object.fromEntries(this.modes.map((mode, i) => [mode, rest.modes[i] ?? mode]))] : []
    })
  }

  /** Deletes a mode wherever it occurs. */
  removeMode(mode: string): Subscripts {
    if (!this.has(mode)) throw new SubscriptsError(`Subscripts '${this.text}': there is no mode '${mode}' to remove`)
    return Subscripts.fromOperands(
      this.operands.map((own) => own.replace(mode, '')),
      this.coefficients.replace(mode, ''),
    )
  }

  /** Renames modes, all at once; modes that are not named stay. @throws {SubscriptsError} if two modes would get one name. */
  rename(mapping: ModeMapping): Subscripts {
    const nameOf = (mode: string) => (Object.hasOwn(mapping, mode) ? (mapping[mode] ?? mode) : mode)
    const names = this.modes.map(nameOf)
    for (const [i, name] of names.entries()) {
      if (name.length !== 1) throw new SubscriptsError(`Subscripts '${this.text}': the new name '${name}' of mode '${this.modes[i] ?? ''}' must be one letter`)
      const first = names.indexOf(name)
      if (first !== i) throw new SubscriptsError(`Subscripts '${this.text}': modes '${this.modes[first] ?? ''}' and '${this.modes[i] ?? ''}' would both be called '${name}'; give them different names`)
    }
    const renamed = (piece: string) => [...piece].map(nameOf).join('')
    return Subscripts.fromOperands(this.operands.map(renamed), renamed(this.coefficients))
  }

  /** Modes of both, operand by operand: `'u,v'` and `'i,j'` give `'ui,vj'`. */
  concatenate(other: Subscripts): Subscripts {
    if (other.numOperands !== this.numOperands)
      throw new SubscriptsError(`Subscripts.concatenate: '${this.text}' has ${this.numOperands} operands, '${other.text}' has ${other.numOperands}; they must be as many`)
    return Subscripts.fromOperands(
      this.operands.map((own, k) => own + (other.operands[k] ?? '')),
      this.coefficients + other.coefficients,
    )
  }

  /**
   * Replaces the `*` of every piece by the letters it leaves out of a piece without one: in `'uvw,u*,*w'` both mean `uvw`.
   *
   * @throws {SubscriptsError} if a piece has two `*`, or not exactly one completion.
   */
  completeWildcards(): Subscripts {
    const complete = [...this.operands, this.coefficients].filter((piece) => piece !== '' && !piece.includes('*'))
    const expand = (piece: string) => {
      if (!piece.includes('*')) return piece
      const [head = '', tail = '', ...more] = piece.split('*')
      if (more.length > 0) throw new SubscriptsError(`Subscripts '${this.text}': '${piece}' holds more than one '*'`)
      const fits = complete.filter((other) => other.length >= head.length + tail.length && other.startsWith(head) && other.endsWith(tail))
      const [found, ...others] = new Set(fits)
      if (found === undefined || others.length > 0)
        throw new SubscriptsError(`Subscripts '${this.text}': '${piece}' ${found === undefined ? 'fits no other piece' : `could be ${[found, ...others].join(' or ')}`}; write its letters`)
      return found
    }
    return Subscripts.fromOperands(this.operands.map(expand), expand(this.coefficients))
  }

  /**
   * Sets of modes that come first in every operand that has them, so that they can be flattened: each as a string of
   * letters in the order of {@link modes}, smaller sets first. The empty set is one.
   */
  flattenablePowerset(): readonly string[] {
    // Such sets are closed under union, and the smallest one that holds a mode is unique: all are unions of those.
    const smallest = this.modes.map((mode) => this.prefixClosure(mode))
    const found = new Map<string, ReadonlySet<string>>([['', new Set()]])
    for (const set of smallest)
      for (const known of [...found.values()]) {
        const union = new Set([...known, ...set])
        found.set(this.modes.filter((mode) => union.has(mode)).join(''), union)
      }
    return [...found.keys()].sort((a, b) => a.length - b.length || this.compareModes(a, b))
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }

  private prefixClosure(mode: string): ReadonlySet<string> {
    const closed = new Set<string>()
    const pending = [mode]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (closed.has(next)) continue
      closed.add(next)
      for (const own of this.operands) pending.push(...own.slice(0, own.indexOf(next) + 1))
    }
    return closed
  }

  private compareModes(a: string, b: string): number {
    for (let i = 0; i < a.length; i++) {
      const difference = this.modes.indexOf(a[i] ?? '') - this.modes.indexOf(b[i] ?? '')
      if (difference !== 0) return difference
    }
    return 0
  }
}

/** A subscripts text becomes subscripts. */
export function asSubscripts(subscripts: Subscripts | string): Subscripts {
  return typeof subscripts === 'string' ? new Subscripts(subscripts) : subscripts
}

function requirePiece(text: string, piece: string, what: string): void {
  const bad = /[^a-z*]/.exec(piece)?.[0]
  if (bad !== undefined) throw new SubscriptsError(`Subscripts '${text}': ${what} is '${piece}', but '${bad}' is no lowercase letter; modes are named a … z`)
  const repeated = [...piece].find((mode, i) => mode !== '*' && piece.indexOf(mode) !== i)
  if (repeated !== undefined) throw new SubscriptsError(`Subscripts '${text}': ${what} is '${piece}', which names mode '${repeated}' twice; use another letter`)
}

/** All choices of n items, in the order of the list. */
function combinations<T>(items: readonly T[], n: number): readonly (readonly T[])[] {
  if (n === 0) return [[]]
  return items.flatMap((item, i) => combinations(items.slice(i + 1), n - 1).map((rest) => [item, ...rest]))
}
