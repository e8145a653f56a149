import type * as kernels from '@equivar/core/kernels'
import type { Access } from './access.ts'
import { loadName, storeName } from './access-names.ts'
import { binary } from './arithmetic.ts'
import type { Value } from './graph.ts'
import type { AtomicHelper, Helpers } from './helpers.ts'
import { many, one, type Operand } from './spread.ts'
import type { EmitterState, Place } from './state.ts'

type Atomic = Extract<kernels.Instruction, { readonly op: 'atomic' }>

/**
 * Updates of memory, lane by lane. Only buffers are seen by other threads, and only in shared memory; elsewhere reading and
 * writing is enough.
 */
export function atomic(state: EmitterState, access: Access, helpers: Helpers, { operator, memory, index, value, mask }: Atomic): Operand {
  const { graph, lanes } = state
  const place = state.place(memory)
  const { scalar } = place
  const operand = state.use(value)
  const condition = mask === null || state.known.has(mask) ? null : state.use(mask)
  const update = (address: Value, offset: number, number: Value): Value => {
    if (!state.options.sharedMemory || place.isShared) return plainUpdate(state, place, operator, address, offset, number)
    const helper: AtomicHelper = `${operator} ${scalar}`
    const exact = graph.op('i32_add', [address, graph.i32(offset)])
    return graph.call(helpers.number(helper), place.number, scalar === 'f32' || scalar === 'f64' ? scalar : 'i32', [exact, number])
  }
  const whenActive = (isActive: Value | null, run: () => Value): Value => {
    if (isActive === null) return run()
    const [result] = graph.branch(isActive, () => [run()], () => [lanes.constant(scalar, 0)])
    return result ?? lanes.constant(scalar, 0)
  }
  const isOne = lanes.isSingle || [index, value, ...(mask === null ? [] : [mask])].every((id) => state.type(id).uniformity === 'uniform')
  if (isOne)
    return one(
      scalar,
      whenActive(condition && lanes.number(condition), () => {
        const { base, offset } = state.address(place, state.forms.form(index))
        return update(base, offset, lanes.number(operand))
      }),
    )
  const results: Value[] = []
  for (let lane = 0; lane < lanes.count; lane++) {
    const isActive = condition && (condition.kind === 'one' ? condition.value : lanes.ofLane(condition, lane))
    results.push(
      whenActive(isActive, () => {
        const { base, offset } = access.addressOfLane(place, index, lane, condition === null)
        return update(base, offset, lanes.ofLane(operand, lane))
      }),
    )
  }
  return many(scalar, lanes.collect(scalar, results))
}

function plainUpdate(state: EmitterState, { scalar, number }: Place, operator: kernels.AtomicOperator, address: Value, offset: number, value: Value): Value {
  const { graph, lanes } = state
  const before = graph.load(loadName(scalar), number, [address], { offset })
  const after = operator === 'exchange' ? value : lanes.number(binary(lanes, operator, one(scalar, before), one(scalar, value)))
  graph.store(storeName(scalar), number, [address, after], { offset })
  return before
}
