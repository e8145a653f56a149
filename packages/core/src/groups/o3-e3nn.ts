import type { HostArray } from '../math/host-array.ts'
import { emptyClebschGordan } from './clebsch-gordan.ts'
import { isTriangle, wigner3j } from './coupling.ts'
import { ownLabel } from './label.ts'
import { O3 } from './o3.ts'

/**
 * O(3) as e3nn 0.4.4 has it, which all official MACE models were trained with: the irreps of {@link O3} in the order
 * (l, p), `0o, 0e, 1o, 1e, 2o, 2e, …`, and couplings `C = √dim(c) · wigner3j` with that version's signs.
 *
 * The trivial irrep is still `0e`, although it comes second in the order.
 */
export class O3E3nn extends O3 {
  static override get label(): string {
    return ownLabel(this, O3E3nn, 'O3E3nn')
  }

  static override compare(a: O3E3nn, b: O3E3nn): number {
    return a.l - b.l || a.p - b.p
  }

  static override clebschGordan(a: O3E3nn, b: O3E3nn, c: O3E3nn): HostArray {
    if (a.p * b.p !== c.p || !isTriangle(2 * a.l, 2 * b.l, 2 * c.l)) return emptyClebschGordan(a, b, c)
    return wigner3j(a.l, b.l, c.l).scale(Math.sqrt(c.dim))
  }
}
