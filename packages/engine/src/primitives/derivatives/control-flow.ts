import { InputError, InternalError } from '@equivar/core'
import { zerosLike } from '../../array/create.ts'
import type { Device } from '../../array/device.ts'
import { isFloat } from '../../array/dtype.ts'
import type { NDArray } from '../../array/ndarray.ts'
import { apply } from '../../graph/apply.ts'
import { applyWhile, condOf, scanOf, traceWhile } from '../../graph/control-flow.ts'
import { withRecording } from '../../graph/mode.ts'
import { callSubgraph } from '../../graph/subgraph.ts'
import { track } from '../../graph/track.ts'
import type { AbstractValue } from '../../graph/value.ts'
import type { ControlFlowName } from '../names.ts'
import type { DerivativeRules, Maybe, Transformations } from '../rules.ts'
import type { Subgraph } from '../subgraph.ts'

/** Loops and branches become loops and branches: over tangents going forward, over cotangents from the last step to the first. */
export const controlFlowDerivatives: { readonly [P in ControlFlowName]: DerivativeRules<P> } = {
  scan: {
    jvp: {
      tangents({ inputs, outputs, tangents, params, transformations }) {
        const { body, numConstants, numCarries, length, isReversed } = params
        const device = deviceOf(inputs)
        const first = numConstants + numCarries
        const kept = (params.keepsCarries ? outputs : apply('scan', inputs, { ...params, keepsCarries: true })).slice(body.outputs.length)
        const initial = inputs.slice(numConstants, first)
        // A carry may get a tangent from another one, so all of them have one.
        const floats = indicesOf(initial, ({ dtype }) => isFloat(dtype))
        const [constants, rows] = [inputs.slice(0, numConstants), inputs.slice(first)]
        const [ofConstants, ofRows] = [tangents.slice(0, numConstants), tangents.slice(first)]
        const [activeConstants, activeRows] = [indicesOf(ofConstants, isPresent), indicesOf(ofRows, isPresent)]
        const active = [...activeConstants, ...floats.map((k) => numConstants + k), ...activeRows.map((i) => first + i)]
        const step = (...arrays: NDArray[]): NDArray[] => {
          const take = taker(arrays)
          const tangentsOfCarries = take(floats.length)
          const primal = [...constants, ...take(numCarries), ...take(rows.length)]
          const given = [...present(ofConstants), ...tangentsOfCarries, ...take(activeRows.length)]
          // What is kept of the carries has tangents, too: later derivatives go through it.
          return [...pushed(body, primal, active, given, transformations), ...(params.keepsCarries ? tangentsOfCarries : [])]
        }
        const ofInitial = floats.map((k) => tangents[numConstants + k] ?? zerosOf(initial[k], device))
        return placed(scanOf(step, { initial: ofInitial, rows: [...kept, ...rows, ...present(ofRows)] }, { length, isReversed, isTangent: true }), outputs)
      },
    },
    transpose: {
      cotangents({ inputs, linear, cotangents, params, transformations }) {
        const { body, numConstants, numCarries, length, isReversed, isTangent } = params
        const device = deviceOf(inputs)
        if (!isTangent) throw new InputError('scan: a rule for tangents uses a scan on them, which cannot be transposed; take the derivative of the scan instead')
        const first = numConstants + numCarries
        const isLinear = inputs.map((_, i) => (linear[i] ?? false) || (i >= numConstants && i < first))
        const constants = indicesOf(inputs.slice(0, numConstants), (_, i) => isLinear[i] ?? false)
        const rows = indicesOf(inputs.slice(first), (_, i) => isLinear[first + i] ?? false)
        const fixedRows = indicesOf(inputs.slice(first), (_, i) => !isLinear[first + i])
        const specs = body.tensors
        const seeds = body.outputs.map((id, k) => cotangents[k] ?? zerosOf(specs[id], device, k < numCarries ? [] : [length]))
        const step = (...arrays: NDArray[]): NDArray[] => {
          const take = taker(arrays)
          const [ofCarries, sums, fixed, ofResults] = [take(numCarries), take(constants.length), take(fixedRows.length), take(body.outputs.length - numCarries)]
          const own = inputs.map((x, i): NDArray | undefined => (isLinear[i] ? undefined : i < numConstants ? x : fixed[fixedRows.indexOf(i - first)]))
          const found = pulled(body, own, [...ofCarries, ...ofResults], transformations)
          const ofConstants = found.slice(0, constants.length)
          const [next, others] = [found.slice(constants.length, constants.length + numCarries), found.slice(constants.length + numCarries)]
          return [...next, ...sums.map((sum, k) => apply('add', [sum, ofConstants[k] ?? sum], {})[0]), ...others]
        }
        const found = scanOf(
          step,
          {
            initial: [...seeds.slice(0, numCarries), ...constants.map((i) => zerosOf(specs[i], device))],
            rows: [...fixedRows.flatMap((i) => inputs[first + i] ?? []), ...seeds.slice(numCarries)],
          },
          { length, isReversed: !isReversed },
        )
        const take = taker(found)
        const [ofCarries, ofConstants, ofRows] = [take(numCarries), take(constants.length), take(rows.length)]
        return inputs.map((_, i) => {
          if (!linear[i]) return undefined
          return i < numConstants ? ofConstants[constants.indexOf(i)] : i < first ? ofCarries[i - numConstants] : ofRows[rows.indexOf(i - first)]
        })
      },
    },
  },
  whileLoop: {
    jvp: {
      tangents({ inputs, outputs, tangents, params: { condition, body, numConstants }, transformations }) {
        const [constants, initial] = [inputs.slice(0, numConstants), inputs.slice(numConstants)]
        const floats = indicesOf(initial, ({ dtype }) => isFloat(dtype))
        const ofConstants = tangents.slice(0, numConstants)
        const active = [...indicesOf(ofConstants, isPresent), ...floats.map((k) => numConstants + k)]
        const device = deviceOf(inputs)
        const goesOn = (...arrays: NDArray[]) => callSubgraph(condition, [...constants, ...arrays.slice(0, initial.length)], device)
        const step = (...arrays: NDArray[]) => {
          const primal = [...constants, ...arrays.slice(0, initial.length)]
          const given = [...present(ofConstants), ...arrays.slice(initial.length)]
          return [...callSubgraph(body, primal, device), ...pushed(body, primal, active, given, transformations)]
        }
        const all = [...initial, ...floats.map((k) => tangents[numConstants + k] ?? zerosOf(initial[k], device))]
        return placed(applyWhile(traceWhile(goesOn, step, all), all).slice(initial.length), outputs)
      },
    },
    transpose: {
      cotangents() {
        throw new InputError(
          'whileLoop: reverse mode needs what every step computed, but the number of steps is known only when the loop has run; pass maxIterations, use scan, which has a known number of steps, or forward mode (jvp, jacfwd)',
        )
      },
    },
  },
  cond: {
    jvp: {
      tangents({ inputs: [condition, ...operands], outputs, tangents: [, ...tangents], params: { ifTrue, ifFalse }, transformations }) {
        if (!condition) return []
        const active = indicesOf(tangents, isPresent)
        const numOperands = operands.length
        const branch =
          (body: Subgraph) =>
          (...arrays: NDArray[]) =>
            pushed(body, arrays.slice(0, numOperands), active, arrays.slice(numOperands), transformations)
        return placed(condOf(condition, branch(ifTrue), branch(ifFalse), [...operands, ...present(tangents)]), outputs)
      },
    },
    transpose: {
      cotangents({ inputs: [condition, ...operands], linear: [, ...linear], cotangents, params: { ifTrue, ifFalse }, transformations }) {
        if (!condition) return []
        const seeds = ifTrue.outputs.map((id, k) => cotangents[k] ?? zerosOf(ifTrue.tensors[id], condition.device))
        const fixed = indicesOf(operands, (_, i) => !linear[i])
        const branch = (body: Subgraph) => (...arrays: NDArray[]) => {
          const own = operands.map((_, i) => (linear[i] ? undefined : arrays[fixed.indexOf(i)]))
          return pulled(body, own, arrays.slice(fixed.length), transformations)
        }
        const take = taker(condOf(condition, branch(ifTrue), branch(ifFalse), [...fixed.flatMap((i) => operands[i] ?? []), ...seeds]))
        return [undefined, ...operands.map((_, i) => (linear[i] ? take(1)[0] : undefined))]
      },
    },
  },
}

/** Tangents of the outputs of a function that are floats, for tangents of its active inputs. */
function pushed(
  body: Subgraph,
  inputs: readonly NDArray[],
  active: readonly number[],
  tangents: readonly NDArray[],
  transformations: Transformations,
): readonly NDArray[] {
  const own = withRecording(true, () => inputs.map((x, i) => (active.includes(i) ? track(x) : x)))
  const outputs = withRecording(true, () => callSubgraph(body, own, deviceOf(inputs)))
  const floats = outputs.filter(({ dtype }) => isFloat(dtype))
  return transformations.pushforward(floats, active.flatMap((i) => own[i] ?? []), tangents)
}

/** Cotangents of the inputs that are not given, in which a function is linear. */
function pulled(body: Subgraph, given: readonly Maybe<NDArray>[], cotangents: readonly NDArray[], transformations: Transformations): readonly NDArray[] {
  // The function is linear in them, so their elements do not matter.
  const device = deviceOf(cotangents)
  const own = given.map((x, i) => x ?? track(zerosOf(body.tensors[i], device)))
  const outputs = withRecording(true, () => callSubgraph(body, own, device))
  return transformations.pullback(outputs, own.filter((_, i) => !given[i]), cotangents)
}

/** Tangents of floats where they belong, nothing for the other outputs. */
function placed(found: readonly NDArray[], outputs: readonly NDArray[]): Maybe<NDArray>[] {
  const take = taker(found)
  return outputs.map(({ dtype }) => (isFloat(dtype) ? take(1)[0] : undefined))
}

function zerosOf(spec: AbstractValue | undefined, device: Device, leading: readonly number[] = []): NDArray {
  if (!spec) throw new InternalError('a loop has fewer arrays than its derivative')
  return zerosLike({ dtype: spec.dtype, shape: [...leading, ...spec.shape], device })
}

/** Hands out a list from the front. */
function taker(arrays: readonly NDArray[]): (count: number) => NDArray[] {
  let next = 0
  return (count) => arrays.slice(next, (next += count))
}

function indicesOf<T>(list: readonly T[], holds: (item: T, i: number) => boolean): number[] {
  return list.flatMap((item, i) => (holds(item, i) ? [i] : []))
}

function present(list: readonly Maybe<NDArray>[]): NDArray[] {
  return list.filter(isPresent)
}

function isPresent(x: Maybe<NDArray>): x is NDArray {
  return x !== undefined
}

function deviceOf(arrays: readonly NDArray[]): Device {
  return arrays[0]?.device ?? 'cpu'
}
