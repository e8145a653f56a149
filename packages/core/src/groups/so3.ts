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
 * Real irrep of SO(3) with degree l = 0, 1, 2, …, written `0`, `1`, `2`. Component k belongs to m = k − l; l = 1 is
 * (x, y, z), and the polar axis is y.
 */
export class SO3 extends Irrep {
  readonly l: number

  /** @throws {InputError} if l is not a non-negative integer. */
  constructor(l: number) {
    super()
    if (!Number.isSafeInteger(l) || l < 0) throw new InputError(`SO3: l = ${l} must be a non-negative integer`)
    this.l = l
  }

  static override get label(): string {
    return ownLabel(this, SO3, 'SO3')
  }

  static override fromString(text: string): SO3 {
    if (!/^\d+$/.test(text)) throw new IrrepsError(`'${text}' is no irrep of ${this.label}; write the degree as '0', '1', '2', ...`)
    return new this(Number(text))
  }

  static override *product(a: SO3, b: SO3): Generator<SO3, void> {
    for (let l = Math.abs(a.l - b.l); l <= a.l + b.l; l++) yield new this(l)
  }

  static override compare(a: SO3, b: SO3): number {
    return a.l - b.l
  }

  static override *iterator(): Generator<SO3, void> {
    for (let l = 0; ; l++) yield new this(l)
  }

  /** See {@link so3Coupling}. */
  static override clebschGordan(a: SO3, b: SO3, c: SO3): HostArray {
    return isTriangle(2 * a.l, 2 * b.l, 2 * c.l) ? so3Coupling(a.l, b.l, c.l) : emptyClebschGordan(a, b, c)
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

  discreteGenerators(): HostArray {
    return HostArray.zeros([0, this.dim, this.dim])
  }

  /** The matrix of a right-handed rotation, see {@link rotationMatrix}. */
  rotation(axis: ArrayLike<number>, angle: number): HostArray {
    return rotationMatrix(this.l, axis, angle)
  }

  protected override connectedExpMap(c: readonly number[]): ComplexArray {
    return new ComplexArray(so3Exp(this.l, c))
  }

  override isScalar(): boolean {
    return this.l === 0
  }

  toString(): string {
    return `${this.l}`
  }
}
