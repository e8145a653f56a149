import { InternalError } from '@equivar/core'
import { zeros } from '../../array/create.ts'
import type { CustomName } from '../names.ts'
import type { DerivativeRules } from '../rules.ts'

export const customDerivatives: { readonly [P in CustomName]: DerivativeRules<P> } = {
  custom: {
    jvp: {
      tangents: ({ inputs, outputs, tangents, params: { rule, numOutputs } }) => rule.tangents(inputs.slice(numOutputs), outputs, tangents.slice(numOutputs)),
    },
    transpose: 'never linear',
  },
  customLinear: {
    jvp: {
      tangents: ({ params: { transpose } }) => {
        throw new InternalError(`the tangent of ${transpose.name} was differentiated before it was transposed`)
      },
    },
    transpose: {
      cotangents: ({ inputs, cotangents, params: { transpose, numResiduals, results } }) => {
        const [first] = inputs
        const filled = results.map(({ dtype, shape }, k) => cotangents[k] ?? zeros(shape, { dtype, ...(first ? { device: first.device } : {}) }))
        const residuals = inputs.slice(0, numResiduals)
        return [...residuals.map(() => undefined), ...transpose.cotangents(residuals, filled)]
      },
    },
  },
}
