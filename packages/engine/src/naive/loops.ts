/** A nest of loops over the same index space in several arrays: extents, and strides of each array, outermost first. */
export interface LoopNest {
  readonly extents: readonly number[]
  readonly strides: readonly (readonly number[])[]
}

/** The same walk with as few loops as possible: extents of 1 vanish and loops that continue each other are merged. */
export function collapse(nest: LoopNest): LoopNest {
  const extents: number[] = []
  const strides: number[][] = nest.strides.map(() => [])
  for (const [axis, extent] of nest.extents.entries()) {
    if (extent === 1) continue
    const last = extents.length - 1
    const merges = last >= 0 && nest.strides.every((own, k) => strides[k]?.[last] === (own[axis] ?? 0) * extent)
    if (merges) extents[last] = (extents[last] ?? 1) * extent
    else extents.push(extent)
    for (const [k, own] of nest.strides.entries()) {
      const list = strides[k] ?? []
      list[merges ? last : extents.length - 1] = own[axis] ?? 0
    }
  }
  return { extents, strides }
}

export interface InnerLoop {
  /** Called once for every setting of the outer loops with the offsets of up to four arrays. */
  (count: number, o0: number, o1: number, o2: number, o3: number): void
}

/** Runs all loops but the innermost, which `inner` runs itself with the strides of {@link innerStrides}. */
export function forEachRow(nest: LoopNest, inner: InnerLoop): void {
  const depth = nest.extents.length
  if (nest.extents.some((extent) => extent === 0)) return
  if (depth === 0) {
    inner(1, 0, 0, 0, 0)
    return
  }
  const count = nest.extents[depth - 1] ?? 1
  const offsets = new Float64Array(4)
  const index = new Float64Array(depth)
  for (;;) {
    inner(count, offsets[0] ?? 0, offsets[1] ?? 0, offsets[2] ?? 0, offsets[3] ?? 0)
    let axis = depth - 2
    for (; axis >= 0; axis--) {
      const extent = nest.extents[axis] ?? 1
      const next = (index[axis] ?? 0) + 1
      const wraps = next === extent
      index[axis] = wraps ? 0 : next
      for (const [k, own] of nest.strides.entries()) offsets[k] = (offsets[k] ?? 0) + (own[axis] ?? 0) * (wraps ? 1 - extent : 1)
      if (!wraps) break
    }
    if (axis < 0) return
  }
}

/** Stride of array k in the innermost loop. */
export function innerStride(nest: LoopNest, k: number): number {
  return nest.strides[k]?.[nest.extents.length - 1] ?? 0
}
