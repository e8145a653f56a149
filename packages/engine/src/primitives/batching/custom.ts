import type { NDArray } from '../../array/ndarray.ts'
import { zerosLike } from '../../array/create.ts'
import { apply } from '../../graph/apply.ts'
import type { CustomName, CustomRule } from '../names.ts'
import { spread, type BatchingRule } from './rules.ts'

export const customBatching: { readonly [P in CustomName]: BatchingRule<P> } = {
  custom: {
    batch: ({ inputs, isBatched, size, params: { rule, numOutputs }, vmap }) => {
      // All are mapped, so that a cotangent of a shared input is the sum over entries that spreading it out has as derivative.
      const all = inputs.map((x, i) => spread(x, isBatched[i], size))
      const batched: CustomRule = {
        name: rule.name,
        tangents(own, outputs, tangents) {
          const present = tangents.flatMap((tangent, i) => (tangent ? [i] : []))
          const perEntry = vmap((...arrays) => {
            const [xs, ys, ts] = [arrays.slice(0, own.length), arrays.slice(own.length, own.length + outputs.length), arrays.slice(own.length + outputs.length)]
            const found = rule.tangents(xs, ys, tangents.map((_, i) => (present.includes(i) ? ts[present.indexOf(i)] : undefined)))
            return ys.map((y, k) => found[k] ?? zerosLike(y))
          })
          return perEntry(...own, ...outputs, ...present.flatMap((i) => tangents[i] ?? []))
        },
      }
      return apply('custom', all, { rule: batched, numOutputs })
    },
  },
  customLinear: {
    batch: ({ inputs, isBatched, size, params: { transpose, numResiduals, results }, vmap }) => {
      const all = inputs.map((x, i) => spread(x, isBatched[i], size))
      return apply('customLinear', all, {
        numResiduals,
        results: results.map(({ dtype, shape }) => ({ dtype, shape: [size, ...shape] })),
        transpose: {
          name: transpose.name,
          cotangents(residuals: readonly NDArray[], cotangents: readonly NDArray[]) {
            const perEntry = vmap((...arrays) => transpose.cotangents(arrays.slice(0, residuals.length), arrays.slice(residuals.length)))
            return perEntry(...residuals, ...cotangents)
          },
        },
      })
    },
  },
}
