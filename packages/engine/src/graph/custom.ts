import { InputError, ShapeError } from '@equivar/core'
import { zerosLike } from '../array/create.ts'
import { isFloat } from '../array/dtype.ts'
import { describe, NDArray } from '../array/ndarray.ts'
import { sameShape } from '../array/shape.ts'
import type { CustomRule, CustomTranspose } from '../primitives/names.ts'
import { apply } from './apply.ts'
import { pushforward } from './differentiate.ts'
import { isRecording, withRecording } from './mode.ts'
import { trackedFromOutside } from './outside.ts'
import { stopGradient, track } from './track.ts'
import { nextId, Node, Value } from './value.ts'

/** A function of arrays with several results. */
export type ListFunction = (...inputs: NDArray[]) => readonly NDArray[]

/** Derivatives of {@link customVjp}. */
export interface CustomVjpRule {
  /** Named in messages. */
  readonly name: string
  /** The outputs, and what the reverse rule needs. */
  forward(...inputs: NDArray[]): { readonly outputs: readonly NDArray[]; readonly residuals: readonly NDArray[] }
  /** Cotangents of the inputs, one for each in its shape, or nothing for zero. */
  backward(residuals: readonly NDArray[], cotangents: readonly NDArray[]): readonly (NDArray | undefined)[]
}

/**
 * `y = f(x…)` with tangents by `rule.tangents(x, y, t)`. It is linear in t and made of primitives that have transposes, so it serves
 * reverse mode, too. Missing tangents are zero.
 *
 * @throws {InputError} if f depends on tracked arrays that are not its inputs.
 */
export function customJvp(f: ListFunction, rule: CustomRule): ListFunction {
  return (...inputs) => {
    const mark = nextId()
    return withRule(rule, { inputs, residuals: [], outputs: f(...inputs), mark })
  }
}

/**
 * `y = f(x…)` with cotangents by a reverse rule: of any order, in reverse mode only.
 *
 * @throws {InputError} if f depends on tracked arrays that are not its inputs, or `backward` does not give one cotangent for every input.
 * @throws {ShapeError} if one has another shape than its input.
 */
export function customVjp(f: ListFunction, vjp: CustomVjpRule): ListFunction {
  const { name } = vjp
  return (...inputs) => {
    if (!isRemembered(inputs)) return f(...inputs)
    const mark = nextId()
    const { outputs, residuals } = vjp.forward(...inputs)
    const results = outputs.map(({ dtype, shape }) => ({ dtype, shape }))
    const rule: CustomRule = {
      name,
      tangents(all, _, tangents) {
        const active = inputs.flatMap((__, i) => (tangents[i] ? [i] : []))
        const transpose: CustomTranspose = {
          name,
          cotangents(own, cotangents) {
            const found = vjp.backward(own, cotangents)
            if (found.length !== inputs.length) throw new InputError(`${name}: the reverse rule gave ${found.length} cotangents for ${inputs.length} inputs; give one for each`)
            return active.map((i) => cotangentOf(name, i, found[i], all[i]))
          },
        }
        const operands = [...all.slice(inputs.length), ...tangents.slice(0, inputs.length).flatMap((t) => t ?? [])]
        return apply('customLinear', operands, { transpose, numResiduals: residuals.length, results })
      },
    }
    return withRule(rule, { inputs, residuals, outputs, mark })
  }
}

/**
 * `y = f(x…)`, whose intermediate results are not kept for derivatives but computed again when these are taken: memory for time.
 *
 * @throws {InputError} if f depends on tracked arrays that are not its inputs.
 */
export function checkpoint(f: ListFunction): ListFunction {
  return customJvp(f, {
    name: 'checkpoint',
    tangents(inputs, _, tangents) {
      // A barrier, or a compiled program would find that it has all of this already.
      const again = inputs.map((x) => (isFloat(x.dtype) ? track(apply('barrier', [x], {})[0]) : x))
      const active = again.flatMap((x, i) => (tangents[i] ? [x] : []))
      const outputs = withRecording(true, () => f(...again))
      return pushforward(outputs, active, tangents.flatMap((t) => t ?? []), { createGraph: isRecording(), allowUnused: true })
    },
  })
}

interface Call {
  readonly inputs: readonly NDArray[]
  /** What the rule is given behind the inputs. */
  readonly residuals: readonly NDArray[]
  readonly outputs: readonly NDArray[]
  /** Values made later are the function's own. */
  readonly mark: number
}

/** Outputs as they are, with derivatives with respect to the inputs by a rule instead of by what was recorded. */
function withRule(rule: CustomRule, { inputs, residuals, outputs, mark }: Call): readonly NDArray[] {
  if (!isRemembered([...inputs, ...outputs])) return outputs
  const outside = trackedFromOutside(
    outputs.map((output) => output.value),
    mark,
    new Set(inputs.map((input) => input.value)),
  )
  if (outside) throw new InputError(`${rule.name}: the function depends on the tracked array ${describe(outside)}, which is none of its inputs and would get no derivative; pass it as an input, or use stopGradient`)
  const values = [...outputs.map(stopGradient), ...inputs, ...residuals].map((x) => x.value)
  const isTracked = isRecording() && inputs.some((x) => x.isTracked)
  const node = new Node('custom', { rule, numOutputs: outputs.length }, values, (own) =>
    outputs.map(({ value }) => new Value(value, value.storage?.retain(), own, isTracked && isFloat(value.dtype))),
  )
  return node.outputs.map((value) => new NDArray(value))
}

/** Whether a primitive on these arrays would be remembered. */
function isRemembered(arrays: readonly NDArray[]): boolean {
  return arrays.some((x) => x.isAbstract || (isRecording() && x.isTracked))
}

function cotangentOf(name: string, i: number, found: NDArray | undefined, input: NDArray | undefined): NDArray {
  if (!input) throw new InputError(`${name}: there is no input ${i}`)
  if (!found) return zerosLike(input)
  if (!sameShape(found.shape, input.shape)) throw new ShapeError(`${name}: the reverse rule gave ${describe(found)} for input ${i}, which is ${describe(input)}; they must have one shape`)
  return found
}
