import { clebschGordan, type IrrepClass } from '../groups/index.ts'
import { type Irreps, MulIrrep } from '../irreps/index.ts'
import type { HostArray } from '../math/host-array.ts'
import type { OutputFilter } from './arguments.ts'
import { at } from './at.ts'
import { subarray } from './build.ts'

/** Segment i of one operand and segment j of another, coupled to an irrep. */
export interface CoupledPair {
  readonly first: number
  readonly second: number
  /** Multiplicities of the two segments. */
  readonly muls: readonly [number, number]
  /** All pairs of copies, the first operand's outermost. */
  readonly output: MulIrrep
  /** C_ijk. */
  readonly coupling: HostArray
}

/** Every way to couple a segment of `irreps1` with one of `irreps2`, in a stable order of the output irreps. */
export function coupledPairs(group: IrrepClass, irreps1: Irreps, irreps2: Irreps, filter: OutputFilter): readonly CoupledPair[] {
  const pairs: CoupledPair[] = []
  for (const [first, a] of irreps1.segments.entries())
    for (const [second, b] of irreps2.segments.entries()) {
      const products = [...group.product(a.ir, b.ir)].filter((ir) => filter.accepts(ir)).sort((p, q) => group.compare(p, q))
      for (const ir of products) {
        const couplings = clebschGordan(a.ir, b.ir, ir)
        const output = new MulIrrep(a.mul * b.mul, ir)
        for (let s = 0; s < at(couplings.shape, 0); s++) pairs.push({ first, second, muls: [a.mul, b.mul], output, coupling: subarray(couplings, s) })
      }
    }
  return pairs.sort((p, q) => group.compare(p.output.ir, q.output.ir))
}
