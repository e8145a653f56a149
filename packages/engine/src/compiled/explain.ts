import type * as lowering from '@equivar/core/lowering'
import { elementCount } from '../array/shape.ts'
import type { AbstractValue, Value } from '../graph/value.ts'
import { wordBytes } from '../memory/words.ts'
import type { SegmentedPolynomialParams } from '../primitives/names.ts'
import { segmentedPolynomialShape } from '../primitives/shapes/segmented-polynomial.ts'
import { backendOf } from '../array/device.ts'
import { targetOf } from './backend.ts'
import { commonDevice } from './common-device.ts'
import { kernelBackend } from './execute.ts'
import { loweredPolynomial, polynomialSizes } from './polynomial.ts'

/** How a segmented polynomial would be executed where its inputs are. */
export function explainPolynomial(inputs: readonly Value[], params: SegmentedPolynomialParams): lowering.Explanation {
  const device = commonDevice('explainSegmentedPolynomial', inputs)
  const outputs = segmentedPolynomialShape.shape(inputs, params)
  const backend = kernelBackend(device, params.method)
  if (backend) return loweredPolynomial(inputs, params, targetOf(backend)).explain(polynomialSizes(inputs, params, outputs))
  const reason = backendOf(device) ? 'asked for' : `nothing runs kernels on device '${device}'; install @equivar/kernels-cpu and call use(cpu)`
  return explainNaive(inputs, params, outputs, reason)
}

function explainNaive(
  inputs: readonly AbstractValue[],
  { polynomial, batchSize }: SegmentedPolynomialParams,
  outputs: readonly AbstractValue[],
  reason: string,
): lowering.Explanation {
  const flops = polynomial.flop(batchSize)
  const bytes = [...inputs, ...outputs].reduce((sum, { dtype, shape }) => sum + elementCount(shape) * wordBytes[dtype], 0)
  const intensity = flops / bytes
  return {
    method: 'naive',
    reason,
    kernels: [{ name: 'plain TypeScript', launches: 1, flops, bytes }],
    flops,
    bytes,
    intensity,
    toString: () => `method naive (${reason}): ${flops} flops, ${bytes} bytes, ${intensity.toFixed(2)} flops/byte, in plain TypeScript`,
  }
}
