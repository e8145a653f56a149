import type * as lowering from '@equivar/core/lowering'
import type { DType } from '../../array/dtype.ts'
import { broadcastStrides, elementCount, rowMajorStrides } from '../../array/shape.ts'
import type { Planner } from '../../compiled/planner.ts'
import type { ElementwiseDag } from '../elementwise/dag.ts'
import { launchElementwise, type Walk } from '../elementwise/plan.ts'

const copies = new Map<DType, ElementwiseDag>()

/** The graph that hands its input on. */
function copyOf(dtype: DType): ElementwiseDag {
  let graph = copies.get(dtype)
  // Booleans move as the words that they are.
  if (!graph) copies.set(dtype, (graph = Object.freeze({ inputs: [dtype === 'bool' ? 'uint32' : dtype], scalars: [], nodes: [], outputs: [0] } as const)))
  return graph
}

interface Move {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly from: Walk & { readonly slot?: lowering.Slot }
  readonly to: Walk
}

/** `to[i] = from[i]` for all points i of an index space. */
export function launchCopy({ dtype, shape, from, to }: Move, target: lowering.Target): readonly lowering.PlannedLaunch[] {
  const slots: readonly lowering.Slot[] = [from.slot ?? { kind: 'input', index: 0 }, { kind: 'output', index: 0 }]
  return launchElementwise({ dag: copyOf(dtype), shape, inputs: [from], outputs: [to], slots }, target)
}

/** `to[i] = 0`. */
export function launchFill(dtype: DType, shape: readonly number[], to: Walk, target: lowering.Target): readonly lowering.PlannedLaunch[] {
  const stored = dtype === 'bool' ? 'uint32' : dtype
  const dag: ElementwiseDag = { inputs: [], scalars: [], nodes: [{ op: 'constant', args: [], params: { value: 0, dtype: stored } }], outputs: [0] }
  return launchElementwise({ dag, shape, inputs: [], outputs: [to] }, target)
}

function offsetOf(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((sum, i, axis) => sum + i * (strides[axis] ?? 0), 0)
}

const plan = (...launches: readonly (readonly lowering.PlannedLaunch[])[]): lowering.Plan => ({ temporaries: [], launches: launches.flat() })

/** Primitives that put every element elsewhere, and compute nothing. */
export const movePlanners: {
  readonly [P in 'broadcastTo' | 'reshape' | 'permute' | 'concatenate' | 'slice' | 'pad']: Planner<P>
} = {
  reshape: { plan: () => ({ alias: 0 }) },
  broadcastTo: {
    plan([x], _, [{ shape }], target) {
      if (elementCount(shape) === elementCount(x.shape)) return { alias: 0 }
      return plan(launchCopy({ dtype: x.dtype, shape, from: { strides: broadcastStrides(x.shape, shape) }, to: { strides: rowMajorStrides(shape) } }, target))
    },
  },
  permute: {
    plan([x], { axes }, [{ shape }], target) {
      const own = rowMajorStrides(x.shape)
      // Axes of one element may be anywhere.
      const moved = axes.filter((axis) => x.shape[axis] !== 1)
      if (moved.every((axis, k) => k === 0 || axis > (moved[k - 1] ?? 0))) return { alias: 0 }
      return plan(launchCopy({ dtype: x.dtype, shape, from: { strides: axes.map((axis) => own[axis] ?? 0) }, to: { strides: rowMajorStrides(shape) } }, target))
    },
  },
  slice: {
    plan([x], { starts }, [{ shape }], target) {
      if (elementCount(shape) === elementCount(x.shape)) return { alias: 0 }
      const strides = rowMajorStrides(x.shape)
      return plan(launchCopy({ dtype: x.dtype, shape, from: { strides, offset: offsetOf(starts, strides) }, to: { strides: rowMajorStrides(shape) } }, target))
    },
  },
  concatenate: {
    plan(inputs, { axis }, [{ dtype, shape }], target) {
      const strides = rowMajorStrides(shape)
      let at = 0
      const launches = inputs.map((x, index) => {
        const to = { strides, offset: at * (strides[axis] ?? 0) }
        at += x.shape[axis] ?? 0
        return launchCopy({ dtype, shape: x.shape, from: { strides: rowMajorStrides(x.shape), slot: { kind: 'input', index } }, to }, target)
      })
      return plan(...launches)
    },
  },
  pad: {
    plan([x], { low, high }, [{ dtype, shape }], target) {
      if (elementCount(shape) === elementCount(x.shape)) return { alias: 0 }
      const strides = rowMajorStrides(shape)
      // Slabs around the box, axis by axis: each element is written once.
      const slabs = shape.flatMap((extent, axis) =>
        ([[0, low[axis] ?? 0], [extent - (high[axis] ?? 0), high[axis] ?? 0]] as const).map(([start, width]) => {
          const inside = (a: number) => (a < axis ? (x.shape[a] ?? 0) : (shape[a] ?? 0))
          const first = shape.map((_, a) => (a === axis ? start : a < axis ? (low[a] ?? 0) : 0))
          return launchFill(dtype, shape.map((_, a) => (a === axis ? width : inside(a))), { strides, offset: offsetOf(first, strides) }, target)
        }),
      )
      const to = { strides, offset: offsetOf(low, strides) }
      return plan(...slabs, launchCopy({ dtype, shape: x.shape, from: { strides: rowMajorStrides(x.shape) }, to }, target))
    },
  },
}
