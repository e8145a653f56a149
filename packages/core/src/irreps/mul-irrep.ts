import { IrrepsError } from '../errors.ts'
import type { Irrep } from '../groups/index.ts'
import { inspectSymbol } from '../math/inspect.ts'

/** `mul` copies of the irrep `ir`: one segment of {@link Irreps}. Destructures as `{ mul, ir }` and as `[mul, ir]`. */
export class MulIrrep {
  readonly mul: number
  readonly ir: Irrep

  /** @throws {IrrepsError} if the multiplicity is not a non-negative integer. */
  constructor(mul: number, ir: Irrep) {
    if (!Number.isSafeInteger(mul) || mul < 0) throw new IrrepsError(`the multiplicity ${mul} of ${ir.toString()} must be a non-negative integer`)
    this.mul = mul
    this.ir = ir
  }

  /** mul · dim(ir). */
  get dim(): number {
    return this.mul * this.ir.dim
  }

  equals(other: MulIrrep): boolean {
    return this.mul === other.mul && sameIrrep(this.ir, other.ir)
  }

  *[Symbol.iterator](): Generator<number | Irrep, void> {
    yield this.mul
    yield this.ir
  }

  toString(): string {
    return this.mul === 1 ? this.ir.toString() : `${this.mul}x${this.ir.toString()}`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspectSymbol](): string {
    return this.toString()
  }
}

/** One irrep of one group. */
export function sameIrrep(a: Irrep, b: Irrep): boolean {
  return a === b || (a.group === b.group && a.toString() === b.toString())
}
