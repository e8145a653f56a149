import { type Expression, KernelBuilder, math } from '../../kernels/index.ts'
import { elementsOf } from '../guarded.ts'
import type { Random } from '../random.ts'
import { type KernelProblem, laneCounts, type Problems } from './problem.ts'

const functions: readonly (readonly [string, (x: Expression) => Expression, readonly [number, number]])[] = [
  ['exp', math.exp, [-80, 80]],
  ['expm1', math.expm1, [-80, 80]],
  ['tanh', math.tanh, [-30, 30]],
  ['sigmoid', math.sigmoid, [-80, 80]],
  ['silu', math.silu, [-80, 80]],
  ['log', math.log, [1e-6, 1e6]],
  ['sin', math.sin, [-1000, 1000]],
  ['cos', math.cos, [-1000, 1000]],
  ['rsqrt', math.rsqrt, [1e-6, 1e6]],
  ['powConstant', (x) => math.powConstant(x, -5), [0.1, 20]],
  ['pow', (x) => math.pow(x, 2.5), [0.1, 20]],
]

function problem(name: string, scalar: 'f32' | 'f64', lanes: number, write: (x: Expression) => Expression, [lowest, highest]: readonly [number, number], random: Random): KernelProblem {
  const length = 150
  const b = new KernelBuilder(name, { lanes })
  const n = b.parameter('n', 'index')
  const [x, y] = [b.buffer('x', scalar, 'read', { extent: b.extentOf(n) }), b.buffer('y', scalar, 'write', { extent: b.extentOf(n) })]
  const base = b.programId().mul(lanes)
  const active = n.sub(base)
  y.storeLanes(base, write(x.loadLanes(base, { active })), { active })
  const values = Array.from({ length }, (_, k) => (k < 2 ? (k === 0 ? lowest : highest) : lowest + ((highest - lowest) * (1 + random.number())) / 2))
  return {
    kernel: b.build(),
    grid: [Math.ceil(length / lanes)],
    parameters: { n: length },
    buffers: { x: elementsOf(scalar, values), y: elementsOf(scalar, length) },
    // A few units of the last place: how often a multiply-add rounds may differ from one to the next.
    tolerance: { ofEach: scalar === 'f32' ? 1e-6 : 2e-15 },
  }
}

/** Elementary functions, which are made of instructions. */
export const mathProblems: Problems = Object.fromEntries(
  functions.flatMap(([name, write, range], k) =>
    (['f32', 'f64'] as const).map((scalar, j) => {
      const lanes = laneCounts[(2 * k + j) % laneCounts.length] ?? 1
      return [`math/${name}/${scalar}/${lanes}`, (random: Random) => problem(name, scalar, lanes, write, range, random)]
    }),
  ),
)
