import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import type { DType } from '../../array/dtype.ts'
import { storageTypes } from '../../compiled/planner.ts'
import { kernelOnce } from '../kernel-cache.ts'
import type { ElementwiseDag } from './dag.ts'
import { dtypesOf, evaluateDag, fromStorage, toStorage } from './functions.ts'

/**
 * How an operand lies along the axis that lanes run over: one element for all of them, one after another, or with a stride that is
 * given at launch.
 */
export type LaneAccess = 'spread' | 'contiguous' | 'strided'

/** All that a kernel of a graph is made for; extents, strides and offsets are parameters. */
export interface ElementwiseStructure {
  /** Axes beside the one that lanes run over. */
  readonly outerAxes: number
  /** Of every input, then of every output. */
  readonly accesses: readonly LaneAccess[]
  /** Whether operands begin elsewhere than at their first element. */
  readonly hasOffsets: boolean
  /** Elements along the axis of the lanes that one program takes at most. */
  readonly laneBlock: number
}

/** Numbers of a launch in the order in which kernels of graphs declare them. */
export interface ElementwiseNumbers {
  readonly length: number
  readonly rows: number
  readonly rowsPerProgram: number
  readonly outerExtents: readonly number[]
  /** Of every operand: along the outer axes, and along that of the lanes. */
  readonly outerStrides: readonly (readonly number[])[]
  readonly laneStrides: readonly number[]
  readonly offsets: readonly number[]
  readonly scalars: readonly number[]
}

/** {@link ElementwiseNumbers} as parameters of a launch. */
export function elementwiseParameters({ accesses, outerAxes, hasOffsets }: ElementwiseStructure, numbers: ElementwiseNumbers): readonly number[] {
  const { length, rows, rowsPerProgram, outerExtents, outerStrides, laneStrides, offsets, scalars } = numbers
  const rowNumbers = outerAxes === 0 ? [] : [rows, rowsPerProgram, ...outerExtents.slice(1), ...outerStrides.flat()]
  return [length, ...rowNumbers, ...laneStrides.filter((_, k) => accesses[k] === 'strided'), ...(hasOffsets ? offsets : []), ...scalars]
}

const texts = new WeakMap<ElementwiseDag, string>()

/** Says all of a graph; equal graphs have equal texts. */
function dagText(dag: ElementwiseDag): string {
  let text = texts.get(dag)
  if (text === undefined) {
    const nodes = dag.nodes.map(({ op, args, params }) => [op, args, Object.entries(params)])
    texts.set(dag, (text = JSON.stringify([dag.inputs, dag.scalars, nodes, dag.outputs])))
  }
  return text
}

/** The kernel that computes a graph over operands of a structure, made once. */
export function elementwiseKernel(dag: ElementwiseDag, structure: ElementwiseStructure, target: lowering.Target): kernels.Kernel {
  const lanes = lanesFor(dag, target)
  const text = `elementwise ${target.lanes} ${lanes} ${structure.outerAxes} ${structure.accesses.join()} ${structure.hasOffsets} ${structure.laneBlock} ${dagText(dag)}`
  return kernelOnce(text, () => makeKernel(dag, structure, lanes, target))
}

const costly: ReadonlySet<string> = new Set(['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tanh', 'sigmoid', 'pow', 'powConstant'])

/** On a processor: a few vector registers a value where values are few, so that loops are long enough, else one or two. */
function lanesFor(dag: ElementwiseDag, { lanes, vectorBytes, maxLanes }: lowering.Target): number {
  if (lanes === 'gpu') return Math.min(maxLanes, 128)
  const widest = dtypesOf(dag).includes('float64') ? 8 : 4
  const isLight = dag.nodes.length <= 4 && !dag.nodes.some(({ op }) => costly.has(op))
  return Math.min(maxLanes, ((isLight ? 4 : 2) * vectorBytes) / widest)
}

interface Operand {
  readonly memory: kernels.Memory
  readonly dtype: DType
  readonly access: LaneAccess
  readonly laneStride: kernels.Expression
  readonly outerStrides: readonly kernels.Expression[]
  readonly offset: kernels.Expression | undefined
}

function makeKernel(dag: ElementwiseDag, structure: ElementwiseStructure, lanes: number, target: lowering.Target): kernels.Kernel {
  const { outerAxes, accesses, hasOffsets, laneBlock } = structure
  const b = new kernels.KernelBuilder(nameOf(dag), { lanes, gridRank: outerAxes === 0 ? 1 : 2 })
  const dtypes = dtypesOf(dag)
  const numInputs = dag.inputs.length
  const written = dag.outputs.map((value) => dtypes[value] ?? 'float32')
  const all = [...dag.inputs, ...written]

  const length = b.parameter('length', 'index')
  const rowNumbers = outerAxes === 0 ? undefined : { rows: b.parameter('rows', 'index'), perProgram: b.parameter('rowsPerProgram', 'index') }
  // The first extent follows from the number of rows.
  const extents = Array.from({ length: Math.max(0, outerAxes - 1) }, (_, axis) => b.parameter(`extent${axis + 1}`, 'index'))
  const outerStrides = all.map((_, k) => Array.from({ length: outerAxes }, (__, axis) => b.parameter(`stride${k}_${axis}`, 'index')))
  const laneStrides = all.map((_, k) => (accesses[k] === 'strided' ? b.parameter(`stride${k}`, 'index') : b.constant('index', 1)))
  const offsets = hasOffsets ? all.map((_, k) => b.parameter(`offset${k}`, 'index')) : []
  const scalars = dag.scalars.map((dtype, k) => fromStorage(b.parameter(`scalar${k}`, storageTypes[dtype]), dtype))

  const operands = all.map((dtype, k): Operand => {
    const isInput = k < numInputs
    const access = accesses[k] ?? 'contiguous'
    const name = isInput ? `x${k}` : `y${k - numInputs}`
    const isPlain = outerAxes === 0 && !hasOffsets && access !== 'strided'
    const extent = access === 'spread' ? 1 : b.extentOf(length)
    const memory = b.buffer(name, storageTypes[dtype], isInput ? 'read' : 'write', isPlain ? { extent } : {})
    return { memory, dtype, access, laneStride: laneStrides[k] ?? b.constant('index', 1), outerStrides: outerStrides[k] ?? [], offset: offsets[k] }
  })

  const blockStart = b.programId(outerAxes === 0 ? 0 : 1).mul(laneBlock)
  const blockEnd = blockStart.add(laneBlock).min(length)

  const row = (bases: readonly (kernels.Expression | undefined)[]) => {
    const at = (k: number, lane: kernels.Expression) => {
      const base = bases[k]
      return base ? base.add(lane) : lane
    }
    // What all lanes share is read before the loop over them.
    const shared = operands.slice(0, numInputs).map(({ access, memory, dtype }, k) => {
      return access === 'spread' ? fromStorage(memory.load(bases[k] ?? 0), dtype) : undefined
    })
    const step = (i: kernels.Expression, active: kernels.Expression) => {
      const inputs = operands.slice(0, numInputs).map((own, k) => shared[k] ?? fromStorage(read(b, own, (lane) => at(k, lane), i, active), own.dtype))
      const values = evaluateDag(b, dag, [...inputs, ...scalars], target.lanes === 'simd')
      for (const [o, value] of dag.outputs.entries()) {
        const operand = operands[numInputs + o]
        const result = values[value]
        if (operand && result) write(b, operand, (lane) => at(numInputs + o, lane), i, active, toStorage(b, result, operand.dtype))
      }
    }
    b.loop(blockStart, blockEnd, { step: lanes }, (i) => step(i, blockEnd.sub(i)))
  }

  if (!rowNumbers) {
    row(operands.map(({ offset }) => offset))
    return b.build()
  }
  const first = b.programId(0).mul(rowNumbers.perProgram)
  b.loop(first, first.add(rowNumbers.perProgram).min(rowNumbers.rows), {}, (index) => {
    const place = placeOf(index, extents)
    row(
      operands.map(({ outerStrides: strides, offset }) => {
        const base = place.reduce((sum: kernels.Expression | undefined, i, axis) => plus(sum, i.mul(strides[axis] ?? 0)), undefined)
        return plus(base, offset)
      }),
    )
  })
  return b.build()
}

function plus(a: kernels.Expression | undefined, b: kernels.Expression | undefined): kernels.Expression | undefined {
  return a && b ? a.add(b) : (a ?? b)
}

/** Index along every outer axis of a row, from the extents of all of these axes but the first. */
function placeOf(row: kernels.Expression, extents: readonly kernels.Expression[]): readonly kernels.Expression[] {
  const place: kernels.Expression[] = []
  let rest = row
  for (const extent of [...extents].reverse()) {
    place.unshift(rest.rem(extent))
    rest = rest.div(extent)
  }
  return [rest, ...place]
}

type Place = (lane: kernels.Expression) => kernels.Expression

function read(b: kernels.KernelBuilder, operand: Operand, at: Place, i: kernels.Expression, active: kernels.Expression): kernels.Expression {
  const { memory, access, laneStride } = operand
  if (access === 'contiguous') return memory.loadLanes(at(i), { active })
  return memory.load(at(i.add(b.lane()).mul(laneStride)), { mask: b.lane().less(active) })
}

function write(
  b: kernels.KernelBuilder,
  operand: Operand,
  at: Place,
  i: kernels.Expression,
  active: kernels.Expression,
  value: kernels.Expression,
): void {
  const { memory, access, laneStride } = operand
  if (access === 'contiguous') memory.storeLanes(at(i), value, { active })
  else memory.store(at(i.add(b.lane()).mul(laneStride)), value, { mask: b.lane().less(active) })
}

function nameOf({ nodes }: ElementwiseDag): string {
  return nodes.length === 1 ? (nodes[0]?.op ?? 'copy') : nodes.length === 0 ? 'copy' : `fused_${nodes.length}`
}
