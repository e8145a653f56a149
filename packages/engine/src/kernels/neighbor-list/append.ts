import type * as kernels from '@equivar/core/kernels'
import type * as lowering from '@equivar/core/lowering'

type Expression = kernels.Expression

/** Writes the keys of lanes that are near from a place on, those before an end if there is one, and gives the place behind all of them. */
export type Append = (place: Expression, near: Expression, key: Expression, end?: Expression) => Expression

/** How lanes of a target append together: 1 where `near`, else 0. */
export function appending(b: kernels.KernelBuilder, keys: kernels.Memory, { lanes }: lowering.Target): Append {
  return lanes === 'gpu' ? appendTogether(b, keys) : appendInTurn(b, keys)
}

/** One lane after the other: what is not near is written over by the next. */
function appendInTurn(b: kernels.KernelBuilder, keys: kernels.Memory): Append {
  const [ownNear, ownKeys] = [b.shared('ownNear', 'i32', b.lanes), b.shared('ownKeys', 'i32', b.lanes)]
  return (place, near, key, end) => {
    ownNear.storeLanes(0, near)
    ownKeys.storeLanes(0, key)
    b.barrier()
    let next = place
    for (let lane = 0; lane < b.lanes; lane++) {
      keys.store(next, ownKeys.load(lane), end ? { mask: next.less(end) } : {})
      next = next.add(ownNear.load(lane).convert('index'))
    }
    b.barrier()
    return next
  }
}

/** All lanes at once, at places by the sum of those before. */
function appendTogether(b: kernels.KernelBuilder, keys: kernels.Memory): Append {
  const sums = b.shared('sums', 'i32', b.lanes)
  return (place, near, key, end) => {
    let upTo = near
    for (let distance = 1; distance < b.lanes; distance *= 2) {
      sums.storeLanes(0, upTo)
      b.barrier()
      const before = sums.load(b.lane().sub(distance), { mask: b.lane().greaterEqual(distance) })
      b.barrier()
      upTo = upTo.add(before)
    }
    const own = place.add(upTo.sub(near).convert('index'))
    const isNear = near.greater(0)
    keys.store(own, key, { mask: end ? isNear.and(own.less(end)) : isNear })
    return place.add(near.sum().convert('index'))
  }
}
