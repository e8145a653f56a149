import { InternalError } from '@equivar/core'
import type { ControlFlowName } from '../primitives/names.ts'
import type { Evaluator } from './tensor.ts'

/** Loops and branches run primitives, and are none that run by themselves. */
export function runsOthers(): never {
  throw new InternalError('a loop or a branch was to be run as one kernel')
}

export const controlFlowEvaluators: { readonly [P in ControlFlowName]: Evaluator<P> } = {
  scan: { evaluate: runsOthers },
  whileLoop: { evaluate: runsOthers },
  cond: { evaluate: runsOthers },
}
