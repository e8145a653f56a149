import { InternalError } from '@equivar/core'
import type * as lowering from '@equivar/core/lowering'
import * as kernels from '@equivar/core/kernels'
import { elementCount } from '../../array/shape.ts'
import { storageTypes, type Planner } from '../../compiled/planner.ts'
import type { Distribution } from '../../primitives/names.ts'
import { requireCount } from '../algorithms/checks.ts'
import { kernelOnce } from '../kernel-cache.ts'
import { highProduct, philoxKernel, type WordValues } from './philox.ts'

type Expression = kernels.Expression

const block = 1024
const lanes = 8

/** One kernel a distribution and type; the key is read from memory, so programs run with any. */
export const randomPlanner: Planner<'random'> = {
  plan(_, { distribution, range: [low, high] = [0, 0] }, [{ dtype, shape }], target): lowering.Plan {
    const count = elementCount(shape)
    requireCount('random', 'number of elements', count)
    if (count === 0) return { temporaries: [], launches: [] }
    const scalar = storageTypes[dtype]
    const launch: lowering.PlannedLaunch = {
      kernel: randomKernel(distribution, scalar, target),
      grid: [Math.ceil(count / block)],
      parameters: distribution === 'integers' ? [count, low, high - low] : [count],
      buffers: [{ kind: 'input', index: 0 }, { kind: 'output', index: 0 }],
      flops: 100 * count,
      bytes: (scalar === 'f64' ? 8 : 4) * count,
    }
    return { temporaries: [], launches: [launch] }
  },
}

function randomKernel(distribution: Distribution, scalar: kernels.StorageType, target: lowering.Target): kernels.Kernel {
  const width = target.lanes === 'gpu' ? Math.min(target.maxLanes, 128) : lanes
  return kernelOnce(`random ${distribution} ${scalar} ${width}`, () => {
    const b = new kernels.KernelBuilder(`random_${distribution}`, { lanes: width })
    const count = b.parameter('count', 'index')
    const [low, span] = distribution === 'integers' ? [b.parameter('low', 'i32'), b.parameter('span', 'u32')] : []
    const key = b.buffer('key', 'u32', 'read', { extent: 4 })
    const y = b.buffer('y', scalar, 'write', { extent: b.extentOf(count) })
    const seed = [key.load(0), key.load(1)] as const
    const stream = [key.load(2), key.load(3)] as const
    const start = b.programId().mul(block)
    b.loop(start, start.add(block).min(count), { step: width }, (i) => {
      const words = philoxKernel([i.add(b.lane()).convert('u32'), b.constant('u32', distribution === 'keys' ? 1 : 0), ...stream], seed)
      const number = low && span ? highProduct(words[0], { low: span.and(0xffff), high: span.shiftRight(16) }).bitcast('i32').add(low) : numberOf(distribution, scalar, words)
      y.storeLanes(i, number, { active: count.sub(i) })
    })
    return b.build()
  })
}

function numberOf(distribution: Distribution, scalar: kernels.StorageType, [w0, w1, w2, w3]: WordValues): Expression {
  if (distribution === 'bits' || distribution === 'keys') return w0
  if (scalar !== 'f32' && scalar !== 'f64') throw new InternalError(`${distribution} random numbers of ${scalar}`)
  const narrow = (word: Expression) => word.shiftRight(8).convert('f32').mul(2 ** -24)
  const wide = (high: Expression, low: Expression) => {
    return high.shiftRight(5).convert('f64').mul(2 ** 26).add(low.shiftRight(6).convert('f64')).mul(2 ** -53)
  }
  const u = scalar === 'f32' ? narrow(w0) : wide(w0, w1)
  if (distribution === 'uniform') return u
  const v = scalar === 'f32' ? narrow(w1) : wide(w2, w3)
  return kernels.math.log(u.literal(1).sub(u)).mul(-2).sqrt().mul(kernels.math.cos(v.mul(2 * Math.PI)))
}
