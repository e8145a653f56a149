import { InputError, IrrepsError } from '../errors.ts'
import type { ComplexArray } from '../math/complex-array.ts'
import { HostArray } from '../math/host-array.ts'
import { leviCivita, su2Exp, su2Generators } from './angular.ts'
import { emptyClebschGordan } from './clebsch-gordan.ts'
import { isTriangle, su2Coupling } from './coupling.ts'
import { Irrep } from './irrep.ts'
import { ownLabel } from './label.ts'

/**
 * Irrep of SU(2) with spin j = 0, 1/2, 1, …; written `0`, `1/2`, `1`, `3/2`. Component k belongs to m = k − j.
 *
 * Its matrices are complex: use `complexGenerators()` and `complexExpMap()`. Its Clebsch–Gordan coefficients are real.
 */
export class SU2 extends Irrep {
  readonly j: number

  /** @throws {InputError} if j is not a non-negative half-integer. */
  constructor(j: number) {
    super()
    if (!Number.isSafeInteger(2 * j) || j < 0) throw new InputError(`SU2: j = ${j} must be a non-negative half-integer: 0, 0.5, 1, ...`)
    this.j = j
  }

  static override get label(): string {
    return ownLabel(this, SU2, 'SU2')
  }

  static override fromString(text: string): SU2 {
    const match = /^(\d+)(\/2)?$/.exec(text)
    if (!match) throw new IrrepsError(`'${text}' is no irrep of ${this.label}; write the spin as '0', '1/2', '1', '3/2', ...`)
    return new this(Number(match[1]) / (match[2] === undefined ? 1 : 2))
  }

  static override *product(a: SU2, b: SU2): Generator<SU2, void> {
    for (let j = Math.abs(a.j - b.j); j <= a.j + b.j; j++) yield new this(j)
  }

  static override compare(a: SU2, b: SU2): number {
    return a.j - b.j
  }

  static override *iterator(): Generator<SU2, void> {
    for (let twoJ = 0; ; twoJ++) yield new this(twoJ / 2)
  }

  /** `C_1ijk = ⟨j1 m1, j2 m2 | j3 m3⟩`, Condon–Shortley. */
  static override clebschGordan(a: SU2, b: SU2, c: SU2): HostArray {
    return isTriangle(2 * a.j, 2 * b.j, 2 * c.j) ? su2Coupling(2 * a.j, 2 * b.j, 2 * c.j) : emptyClebschGordan(a, b, c)
  }

  get dim(): number {
    return 2 * this.j + 1
  }

  algebra(): HostArray {
    return leviCivita
  }

  /** @throws {InputError} always but for j = 0: the generators are complex, see {@link complexGenerators}. */
  continuousGenerators(): HostArray {
    if (this.j === 0) return this.complexGenerators().re
    throw new InputError(`SU2: the generators of ${this.toString()} are complex; use complexGenerators()`)
  }

  override complexGenerators(): ComplexArray {
    return su2Generators(2 * this.j)
  }

  discreteGenerators(): HostArray {
    return HostArray.zeros([0, this.dim, this.dim])
  }

  protected override connectedExpMap(c: readonly number[]): ComplexArray {
    return su2Exp(2 * this.j, c)
  }

  override isScalar(): boolean {
    return this.j === 0
  }

  toString(): string {
    return Number.isInteger(this.j) ? `${this.j}` : `${2 * this.j}/2`
  }
}
