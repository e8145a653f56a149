import { InputError, IrrepsError } from '../errors.ts'
import { ComplexArray } from '../math/complex-array.ts'
import { HostArray } from '../math/host-array.ts'
import { leviCivita, so3Exp, so3Generators } from './angular.ts'
import { emptyClebschGordan } from './clebsch-gordan.ts'
import { isTriangle, so3Coupling } from './coupling.ts'
import { Irrep } from './irrep.ts'
import { ownLabel } from './label.ts'
import { rotationMatrix } from './rotation.ts'

/**
 * Real irrep of O(3) with degree l and parity p = ±1 under inversion, written `1o` (odd) and `2e` (even). Ordered
 * `0e, 0o, 1o, 1e, 2e, 2o, …`: natural parity first. The basis is that of {@link SO3}.
 */
export class O3 extends Irrep {
  readonly l: number
  /** 1 for even, −1 for odd. */
  readonly p: number

  /** @throws {InputError} if l is not a non-negative integer or p not ±1. */
  constructor(l: number, p: number) {
    super()
    if (!Number.isSafeInteger(l) || l < 0) throw new InputError(`${new.target.label}: l = ${l} must be a non-negative integer`)
    if (p !== 1 && p !== -1) throw new InputError(`${new.target.label}: the parity p = ${p} must be 1 (even) or -1 (odd)`)
    this.l = l
    this.p = p
  }

  static override get label(): string {
    return ownLabel(this, O3, 'O3')
  }

  static override fromString(text: string): O3 {
    const match = /^(\d+)([eo])$/.exec(text)
    if (!match) throw new IrrepsError(`'${text}' is no irrep of ${this.label}; write degree and parity as '0e', '1o', '2e', ...`)
    return new this(Number(match[1]), match[2] === 'e' ? 1 : -1)
  }

  static override *product(a: O3, b: O3): Generator<O3, void> {
    for (let l = Math.abs(a.l - b.l); l <= a.l + b.l; l++) yield new this(l, a.p * b.p)
  }

  static override compare(a: O3, b: O3): number {
    const natural = (ir: O3) => -ir.p * (-1) ** ir.l
    return a.l - b.l || natural(a) - natural(b)
  }

  static override *iterator(): Generator<O3, void> {
    for (let l = 0; ; l++) {
      yield new this(l, (-1) ** l)
      yield new this(l, -((-1) ** l))
    }
  }

  /** The coupling of {@link SO3} where the parities agree. */
  static override clebschGordan(a: O3, b: O3, c: O3): HostArray {
    if (a.p * b.p !== c.p || !isTriangle(2 * a.l, 2 * b.l, 2 * c.l)) return emptyClebschGordan(a, b, c)
    return so3Coupling(a.l, b.l, c.l)
  }

  get dim(): number {
    return 2 * this.l + 1
  }

  algebra(): HostArray {
    return leviCivita
  }

  continuousGenerators(): HostArray {
    return so3Generators(this.l)
  }

  /** One generator, the inversion: p times the identity. */
  discreteGenerators(): HostArray {
    return HostArray.identity(this.dim)
      .scale(this.p)
      .map((value) => (value === 0 ? 0 : value))
      .reshape([1, this.dim, this.dim])
  }

  /** The matrix of a right-handed rotation, see {@link rotationMatrix}; the parity plays no part. */
  rotation(axis: ArrayLike<number>, angle: number): HostArray {
    return rotationMatrix(this.l, axis, angle)
  }

  protected override connectedExpMap(c: readonly number[]): ComplexArray {
    return new ComplexArray(so3Exp(this.l, c))
  }

  override isScalar(): boolean {
    return this.l === 0 && this.p === 1
  }

  toString(): string {
    return `${this.l}${this.p === 1 ? 'e' : 'o'}`
  }
}
