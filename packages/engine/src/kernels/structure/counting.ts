import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import type { DType } from '../../array/dtype.ts'
import { elementCount, rowMajorStrides } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import type { ElementwiseDag } from '../elementwise/dag.ts'
import { launchElementwise } from '../elementwise/plan.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { launchCopy } from './moves.ts'

const block = 1024

function iotaKernel(scalar: kernels.StorageType, target: lowering.Target): kernels.Kernel {
  const lanes = target.lanes === 'gpu' ? Math.min(target.maxLanes, 128) : 8
  return kernelOnce(`iota ${scalar} ${lanes}`, () => {
    const b = new kernels.KernelBuilder('iota', { lanes })
    const length = b.parameter('length', 'index')
    const y = b.buffer('y', scalar, 'write', { extent: b.extentOf(length) })
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(length), { step: lanes }, (i) => {
      y.storeLanes(i, i.add(b.lane()).convert(scalar), { active: length.sub(i) })
    })
    return b.build()
  })
}

/** `y[i] = i`. */
function launchIota(scalar: kernels.StorageType, length: number, slot: lowering.Slot, target: lowering.Target): readonly lowering.PlannedLaunch[] {
  if (length === 0) return []
  return [{ kernel: iotaKernel(scalar, target), grid: [Math.ceil(length / block)], parameters: [length], buffers: [slot], flops: length, bytes: 4 * length }]
}

const oneHots = new Map<DType, ElementwiseDag>()

function oneHotGraph(dtype: DType): ElementwiseDag {
  let graph = oneHots.get(dtype)
  if (!graph) {
    const equal = { op: 'equal', args: [0, 1], params: {} } as const
    graph = { inputs: ['int32', 'int32'], scalars: [], nodes: [equal, { op: 'cast', args: [2], params: { dtype } }], outputs: [3] }
    oneHots.set(dtype, graph)
  }
  return graph
}

const output: lowering.Slot = { kind: 'output', index: 0 }
const temporary: lowering.Slot = { kind: 'temporary', index: 0 }

/** Primitives that write positions. */
export const countingPlanners: { readonly [P in 'iota' | 'oneHot']: Planner<P> } = {
  iota: {
    plan(_, { axis }, [{ dtype, shape }], target) {
      const [extent, count] = [shape[axis] ?? 0, elementCount(shape)]
      const scalar = storageTypes[dtype]
      if (count === 0) return { temporaries: [], launches: [] }
      if (count === extent) return { temporaries: [], launches: launchIota(scalar, extent, output, target) }
      const strides = shape.map((__, a) => (a === axis ? 1 : 0))
      const spread = launchCopy({ dtype, shape, from: { strides, slot: temporary }, to: { strides: rowMajorStrides(shape) } }, target)
      return { temporaries: [{ scalar, length: extent }], launches: [...launchIota(scalar, extent, temporary, target), ...spread] }
    },
  },
  oneHot: {
    plan([indices], { depth }, [{ dtype, shape }], target) {
      if (elementCount(shape) === 0) return { temporaries: [], launches: [] }
      const columns = launchIota('i32', depth, temporary, target)
      const compared = launchElementwise(
        {
          dag: oneHotGraph(dtype),
          shape: [elementCount(indices.shape), depth],
          inputs: [{ strides: [1, 0] }, { strides: [0, 1] }],
          outputs: [{ strides: [depth, 1] }],
          slots: [{ kind: 'input', index: 0 }, temporary, output],
        },
        target,
      )
      return { temporaries: [{ scalar: 'i32', length: depth }], launches: [...columns, ...compared] }
    },
  },
}
