import { max, moveAxis, reshape } from '../../functions/structure.ts'
import { cast, greater, where } from '../../functions/elementwise.ts'
import type { NDArray } from '../../array/ndarray.ts'
import { apply } from '../../graph/apply.ts'
import { applyWhile, condOf, scanOf, traceWhile } from '../../graph/control-flow.ts'
import { callSubgraph } from '../../graph/subgraph.ts'
import type { ControlFlowName } from '../names.ts'
import type { Subgraph } from '../subgraph.ts'
import { spread, withEntryAxes, type BatchingContext, type BatchingRule } from './rules.ts'

type Lists = (...inputs: NDArray[]) => readonly NDArray[]

/** Steps of all entries are taken together: bodies are mapped, loops stay loops. */
export const controlFlowBatching: { readonly [P in ControlFlowName]: BatchingRule<P> } = {
  scan: {
    batch({ inputs, isBatched, size, params, vmap }) {
      const { body, numConstants, numCarries, length, isReversed, isTangent, keepsCarries } = params
      const first = numConstants + numCarries
      const constants = inputs.slice(0, numConstants)
      const initial = inputs.slice(numConstants, first).map((x, k) => spread(x, isBatched[numConstants + k], size))
      const rows = inputs.slice(first).map((x, k) => (isBatched[first + k] ? moveAxis(x, 1, 0) : x))
      const axes = inputs.map((_, i) => (i >= numConstants && i < first) || isBatched[i] ? 0 : null)
      const mapped = mappedBody(body, axes, vmap)
      const step: Lists = (...arrays) => {
        const results = mapped(...constants, ...arrays)
        return keepsCarries ? [...results, ...arrays.slice(0, numCarries)] : results
      }
      const found = scanOf(step, { initial, rows }, { length, isReversed, isTangent })
      return found.map((x, k) => (k < numCarries ? x : moveAxis(x, 1, 0)))
    },
  },
  whileLoop: {
    batch({ inputs, isBatched, size, params: { condition, body, numConstants }, vmap }) {
      const constants = inputs.slice(0, numConstants)
      const initial = inputs.slice(numConstants).map((x, k) => spread(x, isBatched[numConstants + k], size))
      const axes = inputs.map((_, i) => (i >= numConstants || isBatched[i] ? 0 : null))
      const [goesOn, next] = [mappedBody(condition, axes, vmap), mappedBody(body, axes, vmap)]
      // The loop runs as long as one entry does; what an entry is when it has ended stays.
      const isRunning = (arrays: NDArray[]) => goesOn(...constants, ...arrays)[0]
      const anyRuns: Lists = (...arrays) => {
        const running = isRunning(arrays)
        return running ? [greater(max(cast(running, 'int32')), 0)] : []
      }
      const step: Lists = (...arrays) => {
        const running = isRunning(arrays)
        return next(...constants, ...arrays).map((x, k) => (running ? where(withEntryAxes(running, x.ndim - 1), x, arrays[k] ?? x) : x))
      }
      return applyWhile(traceWhile(anyRuns, step, initial), initial)
    },
  },
  cond: {
    batch({ inputs: [condition, ...operands], isBatched: [isChosen, ...isMapped], size, params: { ifTrue, ifFalse }, vmap }) {
      if (!condition) return []
      const axes = isMapped.map((own) => (own ? 0 : null))
      if (!isChosen) return condOf(condition, mappedBody(ifTrue, axes, vmap), mappedBody(ifFalse, axes, vmap), operands)
      // Entries differ in what they choose: both are computed.
      const device = condition.device
      const isShared = axes.every((axis) => axis === null)
      const [a, b] = [ifTrue, ifFalse].map((body) => (isShared ? callSubgraph(body, operands, device) : mappedBody(body, axes, vmap)(...operands)))
      return (a ?? []).map((x, k) => {
        const chosen = withEntryAxes(reshape(condition, [size]), isShared ? x.ndim : x.ndim - 1)
        return apply('where', [chosen, x, b?.[k] ?? x], {})[0]
      })
    },
  },
}

function mappedBody(body: Subgraph, inAxes: readonly (number | null)[], vmap: BatchingContext<ControlFlowName>['vmap']): Lists {
  return (...inputs) => vmap((...own) => callSubgraph(body, own, inputs[0]?.device ?? 'cpu'), { inAxes })(...inputs)
}
