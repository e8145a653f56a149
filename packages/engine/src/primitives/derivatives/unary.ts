import type { NDArray } from '../../array/ndarray.ts'
import { add, cast, cos, div, mul, neg, pow, sign, sin, square, sub } from '../../functions/elementwise.ts'
import type { UnaryName } from '../names.ts'
import type { DerivativeRules } from '../rules.ts'
import { isDifferentiable, linearIn, present } from './helpers.ts'

/** `dy = f(t; x, y)` for a function that is not linear. */
const nonlinear = (f: (tangent: NDArray, x: NDArray, y: NDArray) => NDArray): DerivativeRules<UnaryName> => ({
  jvp: { tangents: ({ inputs: [x], outputs: [y], tangents: [t] }) => [linearIn(t, (tangent) => f(tangent, x, y))] },
  transpose: 'never linear',
})

/** `y = f(x)` linear and equal to its own transpose. */
const selfAdjoint = (f: (x: NDArray) => NDArray): DerivativeRules<UnaryName> => ({
  jvp: { tangents: ({ tangents: [t] }) => [linearIn(t, f)] },
  transpose: { cotangents: ({ cotangents: [ct] }) => [f(present(ct))] },
})

const flat: DerivativeRules<UnaryName> = { jvp: 'locally constant', transpose: 'never linear' }

export const unaryDerivatives: { readonly [P in UnaryName | 'powConstant' | 'cast']: DerivativeRules<P> } = {
  identity: selfAdjoint((t) => t),
  stopGradient: flat,
  barrier: selfAdjoint((t) => t),
  neg: selfAdjoint(neg),
  sqrt: nonlinear((t, _, y) => div(t, mul(y, 2))),
  exp: nonlinear((t, _, y) => mul(t, y)),
  expm1: nonlinear((t, _, y) => mul(t, add(y, 1))),
  log: nonlinear((t, x) => div(t, x)),
  log1p: nonlinear((t, x) => div(t, add(x, 1))),
  sin: nonlinear((t, x) => mul(t, cos(x))),
  cos: nonlinear((t, x) => mul(t, neg(sin(x)))),
  tanh: nonlinear((t, _, y) => mul(t, sub(1, square(y)))),
  sigmoid: nonlinear((t, _, y) => mul(t, mul(y, sub(1, y)))),
  abs: nonlinear((t, x) => mul(t, sign(x))),
  sign: flat,
  floor: flat,
  reciprocal: nonlinear((t, _, y) => mul(t, neg(square(y)))),
  square: nonlinear((t, x) => mul(t, mul(x, 2))),
  logicalNot: flat,
  powConstant: {
    jvp: {
      tangents: ({ inputs: [x], tangents: [t], params: { exponent } }) => [
        // x⁰ is constant: its derivative is an exact zero, also at x = 0 where x⁻¹ is infinite.
        linearIn(t, (tangent) => (exponent === 0 ? undefined : exponent === 1 ? tangent : mul(tangent, mul(pow(x, exponent - 1), exponent)))),
      ],
    },
    transpose: 'never linear',
  },
  cast: {
    jvp: { tangents: ({ outputs: [y], tangents: [t] }) => [isDifferentiable(y) ? linearIn(t, (tangent) => cast(tangent, y.dtype)) : undefined] },
    transpose: { cotangents: ({ inputs: [x], cotangents: [ct] }) => [cast(present(ct), x.dtype)] },
  },
}
