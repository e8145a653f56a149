import { asLayout, irMul, type Irreps, IrrepsAndLayout, type Layout, type LayoutLike } from '../irreps/index.ts'
import { EquivariantPolynomial, SegmentedOperand } from '../polynomials/index.ts'
import { commonGroupOf } from './arguments.ts'
import { scalarPath, singleProduct } from './build.ts'

/**
 * `y[iu] = x[ui]`: the same numbers from layout `source` to layout `target`, segment by segment.
 *
 * @throws {InputError} if `irreps` is not irreps.
 * @throws {LayoutError} if a layout is unknown.
 */
export function transpose(irreps: Irreps, source: LayoutLike, target: LayoutLike): EquivariantPolynomial {
  commonGroupOf('transpose', { irreps })
  const [from, to] = [asLayout(source), asLayout(target)]
  const operand = (layout: Layout): SegmentedOperand => new SegmentedOperand(irreps.segments.map((segment) => layout.shape(segment)), 2)
  const modes = (layout: Layout): string => (layout === irMul ? 'iu' : 'ui')
  const paths = irreps.segments.map((_, s) => scalarPath([s, s], 1))
  const polynomial = singleProduct(`${modes(from)},${modes(to)}`, [operand(from)], operand(to), paths)
  return new EquivariantPolynomial([new IrrepsAndLayout(irreps, from)], [new IrrepsAndLayout(irreps, to)], polynomial)
}
