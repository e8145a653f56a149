import { constantOf, type Value } from './graph.ts'
import type { GraphBuilder } from './graph-builder.ts'

/**
 * Quotient or remainder of integers, towards zero. The instructions stop the program for a divisor of zero, and for −2^31 over −1;
 * neither may stop it here, so such divisors are replaced by 1, which gives the right result for −1 after a change of sign.
 */
export function integerDivision(graph: GraphBuilder, operator: 'div' | 'rem', isSigned: boolean, a: Value, b: Value): Value {
  const name = `i32_${operator}_${isSigned ? 's' : 'u'}` as const
  const known = constantOf(b)
  if (known !== undefined && known !== 0 && known !== -1) return graph.op(name, [a, b])
  const nonZero = graph.op('i32_or', [b, graph.op('i32_eqz', [b])])
  if (!isSigned || operator === 'rem') return graph.op(name, [a, nonZero])
  const isMinusOne = graph.op('i32_eq', [b, graph.i32(-1)])
  const quotient = graph.op(name, [a, graph.select(isMinusOne, graph.i32(1), nonZero)])
  return graph.select(isMinusOne, graph.op('i32_sub', [graph.i32(0), a]), quotient)
}
