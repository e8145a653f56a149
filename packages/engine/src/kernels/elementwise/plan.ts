import type * as lowering from '@equivar/core/lowering'
import { broadcastShapes, broadcastStrides, elementCount, rowMajorStrides, type Shape } from '../../array/shape.ts'
import { storageTypes } from '../../compiled/planner.ts'
import { collapse, type LoopNest } from '../../naive/loops.ts'
import type { ElementwiseDag } from './dag.ts'
import { rowsPerProgram } from '../algorithms/lanes.ts'
import { dtypesOf } from './functions.ts'
import { elementwiseKernel, elementwiseParameters, type LaneAccess } from './kernel.ts'

/** How an operand is walked through: the stride along every axis of the index space, and the first element. */
export interface Walk {
  readonly strides: readonly number[]
  readonly offset?: number
}

export interface ElementwiseLaunch {
  readonly dag: ElementwiseDag
  /** Index space: outputs have one element for each of its points. */
  readonly shape: Shape
  /** One an input of the graph, and one an output. */
  readonly inputs: readonly Walk[]
  readonly outputs: readonly Walk[]
  /** Numbers for the graph's scalars. */
  readonly scalars?: readonly number[]
  /** Memory of inputs and outputs; those of the plan in order, where it is not said. */
  readonly slots?: readonly lowering.Slot[]
}

/** `outputs = dag(inputs)` as one launch; none where there are no elements. */
export function launchElementwise(request: ElementwiseLaunch, target: lowering.Target): readonly lowering.PlannedLaunch[] {
  const { dag, shape, inputs, outputs, scalars = [], slots = defaultSlots(dag) } = request
  const count = elementCount(shape)
  if (count === 0) return []
  const walks = [...inputs, ...outputs]
  const nest = collapse({ extents: shape, strides: walks.map(({ strides }) => strides) })
  const axis = laneAxis(nest.extents, nest.strides.slice(inputs.length), target)
  const length = nest.extents[axis] ?? 1
  const { outerAxes: order, laneBlock } = walkOf(nest, axis, inputs.length, target.lanes === 'gpu' && count <= fewElements ? threads : programSize)
  const outerExtents = order.map((a) => nest.extents[a] ?? 1)
  const laneStrides = nest.strides.map((own) => own[axis] ?? 1)
  const accesses = laneStrides.map((stride, k): LaneAccess => (stride === 1 ? 'contiguous' : stride === 0 && k < inputs.length ? 'spread' : 'strided'))
  const offsets = walks.map(({ offset = 0 }) => offset)
  const structure = { outerAxes: outerExtents.length, accesses, hasOffsets: offsets.some((offset) => offset > 0), laneBlock }

  const rows = elementCount(outerExtents)
  const suited = Math.max(1, Math.min(rows, Math.ceil(programSize / Math.min(length, laneBlock))))
  const outerStrides = nest.strides.map((own) => order.map((a) => own[a] ?? 0))
  const perProgram = rowsPerProgram(rows, suited, target)
  const numbers = { length, rows, rowsPerProgram: perProgram, outerExtents, outerStrides, laneStrides, offsets, scalars }
  const laneBlocks = Math.ceil(length / laneBlock)
  return [
    {
      kernel: elementwiseKernel(dag, structure, target),
      grid: structure.outerAxes === 0 ? [laneBlocks] : [Math.ceil(rows / perProgram), laneBlocks],
      parameters: elementwiseParameters(structure, numbers),
      buffers: slots,
      flops: count * dag.nodes.length,
      bytes: bytesOf(dag, shape, inputs, count),
    },
  ]
}

/**
 * `outputs = dag(inputs)` with inputs broadcast against each other and dense outputs of the broadcast shape.
 *
 * @throws {ShapeError} if the shapes do not broadcast.
 */
export function planElementwise(dag: ElementwiseDag, shapes: readonly Shape[], target: lowering.Target, scalars: readonly number[] = []): lowering.Plan {
  const shape = broadcastShapes('elementwise', ...shapes)
  const inputs = shapes.map((own) => ({ strides: broadcastStrides(own, shape) }))
  const outputs = dag.outputs.map(() => ({ strides: rowMajorStrides(shape) }))
  return { temporaries: [], launches: launchElementwise({ dag, shape, inputs, outputs, scalars }, target) }
}

function defaultSlots({ inputs, outputs }: ElementwiseDag): readonly lowering.Slot[] {
  return [...inputs.map((_, index) => ({ kind: 'input', index }) as const), ...outputs.map((_, index) => ({ kind: 'output', index }) as const)]
}

/** Rows shorter than this are not worth lanes of their own if another axis is longer; threads without elements do nothing else meanwhile. */
const shortRow = { simd: 8, gpu: 32 }

/** Lanes run over the last axis, or over the longest one if that is short. */
function laneAxis(extents: readonly number[], outputStrides: readonly (readonly number[])[], { lanes }: lowering.Target): number {
  const short = shortRow[lanes]
  const last = extents.length - 1
  const isContiguous = outputStrides.every((own) => own[last] === 1)
  if (isContiguous && (extents[last] ?? 1) >= short) return last
  const byContiguity = extents.findIndex((extent, axis) => extent >= short && outputStrides.every((own) => own[axis] === 1))
  if (byContiguity >= 0) return byContiguity
  return Math.max(0, extents.indexOf(Math.max(...extents)))
}

/** Elements of a program: enough that a launch has few programs, and few enough that all threads have some. */
const programSize = 1024
/** Threads of a program on a GPU, and up to how many elements each of them has one. */
const threads = 128
const fewElements = 1024 * threads

/**
 * Order of the axes beside that of the lanes, and how far lanes run in one go. Where an input is contiguous along another axis than
 * the outputs, as in a transpose, small tiles let its cache lines be used up.
 */
function walkOf(
  { extents, strides }: LoopNest,
  axis: number,
  numInputs: number,
  whole: number,
): { readonly outerAxes: readonly number[]; readonly laneBlock: number } {
  const outerAxes = extents.map((_, a) => a).filter((a) => a !== axis)
  const across = strides.slice(0, numInputs).map((own) => ((own[axis] ?? 0) > 1 ? outerAxes.find((a) => own[a] === 1) : undefined))
  const fastest = across.find((a) => a !== undefined)
  if (fastest === undefined) return { outerAxes, laneBlock: whole }
  return { outerAxes: [...outerAxes.filter((a) => a !== fastest), fastest], laneBlock: 32 }
}

const bytesPerElement = { f32: 4, f64: 8, i32: 4, u32: 4 } as const

function bytesOf(dag: ElementwiseDag, shape: Shape, inputs: readonly Walk[], count: number): number {
  const dtypes = dtypesOf(dag)
  const read = dag.inputs.reduce((sum, dtype, k) => {
    const strides = inputs[k]?.strides ?? []
    const own = shape.reduce((product, extent, axis) => (strides[axis] === 0 ? product : product * extent), 1)
    return sum + own * bytesPerElement[storageTypes[dtype]]
  }, 0)
  return dag.outputs.reduce((sum, value) => sum + count * bytesPerElement[storageTypes[dtypes[value] ?? 'float32']], read)
}
