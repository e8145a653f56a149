import { InternalError } from '@equivar/core'
import { describe } from '../../array/ndarray.ts'
import { sameShape } from '../../array/shape.ts'
import type { AbstractValue } from '../../graph/value.ts'
import type { ControlFlowName } from '../names.ts'
import type { ShapeRule } from '../rules.ts'
import type { Subgraph } from '../subgraph.ts'

/** Loops and branches are applied by functions that have checked what users passed; what differs here is a defect of these. */
export const controlFlowShapes: { readonly [P in ControlFlowName]: ShapeRule<P> } = {
  scan: {
    shape(inputs, { body, numConstants, numCarries, length, keepsCarries }) {
      const first = numConstants + numCarries
      requireInputs(body, inputs.map((x, i) => (i < first ? x : { dtype: x.dtype, shape: x.shape.slice(1) })))
      for (const x of inputs.slice(first)) if (x.shape[0] !== length) throw new InternalError(`scan: ${describe(x)} does not have ${length} rows`)
      const carries = inputs.slice(numConstants, first)
      const stacked = ({ dtype, shape }: AbstractValue): AbstractValue => ({ dtype, shape: [length, ...shape] })
      return [...carries, ...outputsOf(body).slice(numCarries).map(stacked), ...(keepsCarries ? carries.map(stacked) : [])]
    },
  },
  whileLoop: {
    shape(inputs, { condition, body, numConstants }) {
      requireInputs(condition, inputs)
      requireInputs(body, inputs)
      return inputs.slice(numConstants)
    },
  },
  cond: {
    shape([, ...operands], { ifTrue, ifFalse }) {
      requireInputs(ifTrue, operands)
      requireInputs(ifFalse, operands)
      return outputsOf(ifTrue)
    },
  },
}

function outputsOf({ tensors, outputs }: Subgraph): AbstractValue[] {
  return outputs.flatMap((id) => tensors[id] ?? [])
}

function requireInputs({ tensors, numInputs }: Subgraph, inputs: readonly AbstractValue[]): void {
  const fits = inputs.length === numInputs && inputs.every((x, i) => x.dtype === tensors[i]?.dtype && sameShape(x.shape, tensors[i].shape))
  if (!fits) throw new InternalError(`a function of ${tensors.slice(0, numInputs).map(describe).join(', ')} was applied to ${inputs.map(describe).join(', ')}`)
}
