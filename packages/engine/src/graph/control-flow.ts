import type { NDArray } from '../array/ndarray.ts'
import type { ScanParams } from '../primitives/names.ts'
import { apply } from './apply.ts'
import { isRecording } from './mode.ts'
import { traceFunctions, type TracedFunctions } from './subgraph.ts'

type Lists = (...inputs: NDArray[]) => readonly NDArray[]

/** What a scan is given. */
export interface ScanInputs {
  readonly initial: readonly NDArray[]
  /** Arrays of which each step is given a row. */
  readonly rows: readonly NDArray[]
}

/** Whether derivatives of what is computed from these will be asked for. */
export function willDifferentiate(arrays: readonly NDArray[]): boolean {
  return isRecording() && arrays.some((x) => x.isTracked)
}

type ScanOptions = Pick<ScanParams, 'length' | 'isReversed'> & { readonly isTangent?: boolean }

/** A scan as one primitive: its outputs are the last carries, then the results of all steps. */
export function scanOf(step: Lists, { initial, rows }: ScanInputs, { isTangent = false, ...options }: ScanOptions): readonly NDArray[] {
  const arrays = [...initial, ...rows]
  const specs = [...initial, ...rows.map(({ dtype, shape }) => ({ dtype, shape: shape.slice(1) }))]
  const { subgraphs, closed } = traceFunctions([step], specs, deviceOf(arrays), willDifferentiate(arrays))
  const [body] = subgraphs
  if (!body) return []
  const inputs = [...closed, ...arrays]
  const params: ScanParams = { ...options, isTangent, body, numConstants: closed.length, numCarries: initial.length, keepsCarries: willDifferentiate(inputs) }
  return apply('scan', inputs, params).slice(0, body.outputs.length)
}

/** Both functions of a loop, traced. */
export function traceWhile(condition: Lists, body: Lists, initial: readonly NDArray[]): TracedFunctions {
  return traceFunctions([condition, body], initial, deviceOf(initial), willDifferentiate(initial))
}

/** A loop as one primitive. */
export function applyWhile({ subgraphs: [condition, body], closed }: TracedFunctions, initial: readonly NDArray[]): readonly NDArray[] {
  return condition && body ? apply('whileLoop', [...closed, ...initial], { condition, body, numConstants: closed.length }) : []
}

/** A branch as one primitive; the functions may give as many arrays as they like, of the same shapes and dtypes. */
export function condOf(condition: NDArray, ifTrue: Lists, ifFalse: Lists, operands: readonly NDArray[]): readonly NDArray[] {
  const { subgraphs, closed } = traceFunctions([ifTrue, ifFalse], operands, condition.device, willDifferentiate(operands))
  const [taken, other] = subgraphs
  return taken && other ? apply('cond', [condition, ...closed, ...operands], { ifTrue: taken, ifFalse: other }) : []
}

function deviceOf(arrays: readonly NDArray[]): string {
  return arrays[0]?.device ?? 'cpu'
}
