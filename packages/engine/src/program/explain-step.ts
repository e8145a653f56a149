import type * as lowering from '@equivar/core/lowering'
import { describe } from '../array/ndarray.ts'
import type { Alias } from '../compiled/planner.ts'
import { loweredPolynomial } from '../compiled/polynomial.ts'
import type { AbstractValue } from '../graph/value.ts'
import type { StepExplanation } from './explain.ts'
import type { Step } from './graph.ts'

/** What a planned step does. */
export function explainPrimitive(
  step: Step,
  inputs: readonly AbstractValue[],
  outputs: readonly AbstractValue[],
  plan: lowering.Plan | Alias | undefined,
  target: lowering.Target,
): StepExplanation {
  const primitives = step.kind === 'fused' ? step.fusion.dag.nodes.filter(({ op }) => op !== 'constant').map(({ op }) => op) : [step.primitive]
  const own = { primitives, outputs: outputs.map(describe) }
  if (!plan) return { ...own, kernels: [], flops: 0, bytes: 0, method: 'host' }
  if ('alias' in plan) return { ...own, kernels: [], flops: 0, bytes: 0, method: 'alias' }
  const sum = (of: (launch: lowering.PlannedLaunch) => number) => plan.launches.reduce((total, launch) => total + of(launch), 0)
  return {
    ...own,
    kernels: plan.launches.map(({ kernel }) => kernel.name),
    flops: sum(({ flops }) => flops),
    bytes: sum(({ bytes }) => bytes),
    method: step.kind === 'fused' ? 'elementwise' : 'polynomial' in step.params ? loweredPolynomial(inputs, step.params, target).method : 'kernels',
  }
}
