import type { NDArray } from '../../array/ndarray.ts'
import { full } from '../../array/create.ts'
import { cast, div, equal, greater, less, log, mul, neg, pow, sub, where } from '../../functions/elementwise.ts'
import { broadcastTo, sumTo } from '../../functions/structure.ts'
import type { BinaryName } from '../names.ts'
import type { DerivativeRules } from '../rules.ts'
import { linearIn, orZeros, present, requireOneLinear, total } from './helpers.ts'

const flat: DerivativeRules<BinaryName> = { jvp: 'locally constant', transpose: 'never linear' }

/** `y = a + f(b)` with f linear and its own transpose. */
const additive = (f: (b: NDArray) => NDArray): DerivativeRules<BinaryName> => ({
  jvp: {
    tangents: ({ outputs: [y], tangents: [ta, tb] }) => {
      const sum = total(ta, linearIn(tb, f))
      return [linearIn(sum, (t) => broadcastTo(t, y.shape))]
    },
  },
  transpose: {
    cotangents: ({ inputs: [a, b], linear: [inA, inB], cotangents: [ct] }) => [
      inA ? sumTo(present(ct), a.shape) : undefined,
      inB ? sumTo(f(present(ct)), b.shape) : undefined,
    ],
  },
})

/** `y = a` where a wins, `b` where b wins, and half of each derivative where they are equal. */
const selecting = (wins: (a: NDArray, b: NDArray) => NDArray): DerivativeRules<BinaryName> => ({
  jvp: {
    tangents: ({ inputs: [a, b], tangents: [ta, tb] }) => {
      const half = full([], 0.5, { dtype: a.dtype, device: a.device })
      const weightOfA = where(equal(a, b), half, cast(wins(a, b), a.dtype))
      return [total(linearIn(ta, (t) => mul(t, weightOfA)), linearIn(tb, (t) => mul(t, sub(1, weightOfA))))]
    },
  },
  transpose: 'never linear',
})

export const binaryDerivatives: { readonly [P in BinaryName | 'where']: DerivativeRules<P> } = {
  add: additive((b) => b),
  sub: additive(neg),
  mul: {
    jvp: { tangents: ({ inputs: [a, b], tangents: [ta, tb] }) => [total(linearIn(ta, (t) => mul(t, b)), linearIn(tb, (t) => mul(a, t)))] },
    transpose: {
      cotangents: ({ inputs: [a, b], linear, cotangents: [ct] }) => {
        requireOneLinear('mul', linear)
        return linear[0] ? [sumTo(mul(present(ct), b), a.shape), undefined] : [undefined, sumTo(mul(a, present(ct)), b.shape)]
      },
    },
  },
  div: {
    jvp: {
      tangents: ({ inputs: [, b], outputs: [y], tangents: [ta, tb] }) => [
        total(linearIn(ta, (t) => div(t, b)), linearIn(tb, (t) => neg(mul(y, div(t, b))))),
      ],
    },
    transpose: {
      cotangents: ({ inputs: [a, b], linear, cotangents: [ct] }) => {
        requireOneLinear('div', linear)
        return [sumTo(div(present(ct), b), a.shape), undefined]
      },
    },
  },
  maximum: selecting(greater),
  minimum: selecting(less),
  pow: {
    jvp: {
      tangents: ({ inputs: [a, b], outputs: [y], tangents: [ta, tb] }) => [
        total(
          linearIn(ta, (t) => mul(t, mul(b, pow(a, sub(b, 1))))),
          // 0ᵇ does not change with b, so ln 0 must not enter.
          linearIn(tb, (t) => mul(t, mul(y, log(where(equal(a, 0), 1, a))))),
        ),
      ],
    },
    transpose: 'never linear',
  },
  less: flat,
  lessEqual: flat,
  greater: flat,
  greaterEqual: flat,
  equal: flat,
  notEqual: flat,
  logicalAnd: flat,
  logicalOr: flat,
  where: {
    jvp: {
      tangents: ({ inputs: [condition, a, b], tangents: [, ta, tb] }) => [where(condition, orZeros(ta, a), orZeros(tb, b))],
    },
    transpose: {
      cotangents: ({ inputs: [condition, a, b], linear: [, inA, inB], cotangents: [ct] }) => [
        undefined,
        inA ? sumTo(where(condition, present(ct), 0), a.shape) : undefined,
        inB ? sumTo(where(condition, 0, present(ct)), b.shape) : undefined,
      ],
    },
  },
}
