import { type Expression, KernelBuilder, type ScalarType, type StorageType, varying } from '../../kernels/index.ts'
import { elementsOf } from '../guarded.ts'
import type { Random } from '../random.ts'
import { type KernelProblem, laneCounts, type Problems, unitValues, valuesOf } from './problem.ts'

type Float = 'f32' | 'f64'
type Make = (lanes: number, random: Random) => KernelProblem

/** Gathers by varying positions, stores to a permutation of places, both with masks. */
const gather: Make = (lanes, random) => {
  const length = 40
  const b = new KernelBuilder('gather', { lanes })
  const n = b.parameter('n', 'index')
  const extent = b.extentOf(n)
  const x = b.buffer('x', 'f32', 'read', { extent })
  const from = b.buffer('from', 'i32', 'read', { extent, below: extent })
  const to = b.buffer('to', 'u32', 'read', { extent, below: extent })
  const y = b.buffer('y', 'f32', 'write', { extent })
  const place = b.programId().mul(lanes).add(b.lane())
  const mask = place.less(n)
  const value = x.load(from.load(place, { mask }).convert('index'), { mask })
  y.store(to.load(place, { mask }).convert('index'), value, { mask })
  const places = Array.from({ length }, (_, k) => k)
  return {
    kernel: b.build(),
    grid: [Math.ceil(length / lanes)],
    parameters: { n: length },
    buffers: {
      x: unitValues('f32', length, random),
      from: Int32Array.from(places, () => random.integer(length)),
      to: Uint32Array.from(random.shuffle(places)),
      y: elementsOf('f32', length),
    },
  }
}

/** Active lanes below zero, none, some, all, and more than there are. */
const activeLanes = (scalar: Float): Make => (lanes, random) => {
  const counts = [-5, 0, 1, lanes - 1, lanes, lanes + 7]
  const b = new KernelBuilder('active', { lanes })
  const active = b.buffer('counts', 'i32', 'read', { extent: counts.length }).load(b.programId()).convert('index')
  const x = b.buffer('x', scalar, 'read')
  const y = b.buffer('y', scalar, 'readWrite')
  const base = b.programId().mul(lanes)
  y.storeLanes(base, x.loadLanes(base, { active }).add(1), { active })
  return {
    kernel: b.build(),
    grid: [counts.length],
    buffers: { counts: Int32Array.from(counts), x: unitValues(scalar, counts.length * lanes, random), y: unitValues(scalar, counts.length * lanes, random) },
  }
}

/** Parameters of every type, spread over lanes, and constants that are hard to write. */
const givenNumbers = (widest: Float): Make => (lanes) => {
  const b = new KernelBuilder('given', { lanes, gridRank: 3 })
  const scalars = [...(widest === 'f64' ? (['f32', 'f64'] as const) : (['f32'] as const)), 'i32', 'u32', 'index'] as const
  const parameters = scalars.map((scalar) => b.parameter(`p_${scalar}`, scalar))
  const [x, y, z] = [b.programId(0), b.programId(1), b.programId(2)]
  const cell = z.mul(3).add(y).mul(2).add(x)
  const out = b.buffer('out', widest, 'write')
  const hard = widest === 'f64' ? [1e-300, 2 ** 52 + 1] : [Math.fround(1e-30), 2 ** 23 + 1]
  const constants = [Number.NaN, Infinity, -Infinity, ...hard].map((value) => b.constant(widest, value))
  const words = [b.constant('i32', -2147483648), b.constant('u32', 4294967295), b.constant('f32', 2e-38), b.constant('index', 2 ** 31 - 1)]
  const values: readonly Expression[] = [...parameters, ...constants, ...words]
  for (const [k, value] of values.entries()) out.storeLanes(cell.mul(values.length).add(k).mul(lanes), value.scalar === widest ? value : value.convert(widest))
  return {
    kernel: b.build(),
    grid: [2, 3, 2],
    parameters: { p_f32: 0.1, ...(widest === 'f64' ? { p_f64: 1e-300 } : {}), p_i32: -2147483648, p_u32: 4294967295, p_index: 2 ** 30 + 5 },
    buffers: { out: elementsOf(widest, 12 * values.length * lanes) },
  }
}

/** Loops that carry uniform and varying values in turns, with none, some and strided iterations, one inside the other. */
const loops: Make = (lanes, random) => {
  const bounds = [0, 1, 2, 7, 10]
  const b = new KernelBuilder('loops', { lanes })
  const end = b.buffer('ends', 'i32', 'read', { extent: bounds.length }).load(b.programId()).convert('index')
  const x = b.buffer('x', 'f32', 'read', { extent: 16 * lanes })
  const [y, u] = [b.buffer('y', 'f32', 'write'), b.buffer('u', 'i32', 'write')]
  const [one, two, zero] = [b.constant('i32', 1), b.constant('i32', 2), b.constant('f32', 0)]
  const [p, q, sum] = b.loop(0, end, { carry: [one, two, varying(zero)] }, (i, [first, second, total]) => {
    const [inner] = b.loop(i, end, { step: 3, carry: [varying(zero)] }, (j, [own]) => [x.loadLanes(j.mul(lanes)).mul(0.5).sub(own)])
    return [second, first.add(second), total.add(inner)]
  })
  y.storeLanes(b.programId().mul(lanes), sum)
  u.store(b.programId(), p.mul(1000).add(q))
  return {
    kernel: b.build(),
    grid: [bounds.length],
    buffers: { ends: Int32Array.from(bounds), x: unitValues('f32', 16 * lanes, random), y: elementsOf('f32', bounds.length * lanes), u: elementsOf('i32', bounds.length) },
  }
}

/** Branches with values, for effects only, one inside the other, and around loops. */
const branches = (scalar: Float): Make => (lanes, random) => {
  const numPrograms = 9
  const b = new KernelBuilder('branches', { lanes })
  const x = b.buffer('x', scalar, 'read', { extent: b.gridExtent(0).times(lanes) })
  const y = b.buffer('y', scalar, 'readWrite', { extent: b.gridExtent(0).times(lanes) })
  const id = b.programId()
  const base = id.mul(lanes)
  const value = x.loadLanes(base)
  const kind = id.rem(3)
  const [a, tag] = b.branch(
    kind.equal(0),
    () => [value.mul(2), b.constant('i32', 7)],
    () =>
      b.branch(
        kind.equal(1),
        () => [value.neg(), b.constant('i32', 8)],
        () => {
          const [total] = b.loop(0, id, { carry: [varying(b.constant(scalar, 0))] }, (_, [own]) => [own.add(value)])
          return [total, id.convert('i32')]
        },
      ),
  )
  b.branch(id.less(7), () => {
    y.storeLanes(base, a.add(tag.convert(scalar)))
  })
  return {
    kernel: b.build(),
    grid: [numPrograms],
    buffers: { x: unitValues(scalar, numPrograms * lanes, random), y: unitValues(scalar, numPrograms * lanes, random) },
  }
}

/** Lanes read what other lanes of the program left in shared memory. */
const sharedMemory = (scalar: Float): Make => (lanes, random) => {
  const b = new KernelBuilder('reverse', { lanes })
  const [x, y] = [b.buffer('x', 'i32', 'read'), b.buffer('y', 'i32', 'write')]
  const [own, other] = [b.shared('own', 'i32', lanes), b.shared('other', scalar, lanes + 1)]
  const base = b.programId().mul(lanes)
  own.storeLanes(0, x.loadLanes(base))
  other.storeLanes(1, b.lane().convert(scalar))
  other.store(0, 0.5)
  b.barrier()
  const mirrored = own.load(b.lane().mul(-1).add(lanes - 1))
  const before = other.load(b.lane())
  b.barrier()
  own.storeLanes(0, mirrored.add(before.mul(2).convert('i32')))
  b.barrier()
  y.storeLanes(base, own.load(b.lane().add(1).rem(lanes)))
  return { kernel: b.build(), grid: [5], buffers: { x: valuesOf('i32', 5 * lanes, random), y: elementsOf('i32', 5 * lanes) } }
}

/** Two buffers of one launch are one memory that is only read; one buffer is read and written by its own program. */
const inPlace: Make = (lanes, random) => {
  const b = new KernelBuilder('inPlace', { lanes })
  const y = b.buffer('y', 'f32', 'readWrite', { extent: b.gridExtent(0).times(lanes) })
  const base = b.programId().mul(lanes)
  const first = y.loadLanes(base)
  y.storeLanes(base, first.mul(2))
  // The second load sees what was stored, although it looks like the first.
  y.storeLanes(base, y.loadLanes(base).add(first))
  return { kernel: b.build(), grid: [7], buffers: { y: unitValues('f32', 7 * lanes, random) } }
}

function atomic(operator: 'add' | 'min' | 'max' | 'exchange', scalar: StorageType): Make {
  return (lanes, random) => {
    const numPrograms = 6
    const b = new KernelBuilder('atomic', { lanes })
    const x = b.buffer('x', scalar, 'read')
    const y = b.buffer('y', scalar, 'readWrite')
    const place = b.programId().mul(lanes).add(b.lane())
    const value = x.load(place)
    const length = numPrograms * lanes
    const values = scalar === 'f32' || scalar === 'f64' ? unitValues(scalar, length, random) : valuesOf(scalar, length, random)
    if (operator === 'exchange') {
      // Many give element 0 the same, in whatever order; of the others each has a lane of its own.
      y.atomic('exchange', 0, 3)
      b.buffer('seen', scalar, 'write').store(place, y.atomic('exchange', place.add(1), value, { mask: place.rem(3).notEqual(1) }))
      const own = { x: values, y: elementsOf(scalar, length + 1).fill(5), seen: elementsOf(scalar, length) }
      return { kernel: b.build(), grid: [numPrograms], buffers: own }
    }
    y.atomic(operator, b.lane().rem(3), value, { mask: place.rem(5).notEqual(4) })
    // Once a program.
    y.atomic(operator, 3, x.load(b.programId()))
    const tolerance = { ofLargest: scalar === 'f32' ? 1e-5 : 1e-13 }
    return { kernel: b.build(), grid: [numPrograms], buffers: { x: values, y: elementsOf(scalar, [1, 1, 1, 1]) }, tolerance }
  }
}

function reduction(operator: 'sum' | 'min' | 'max', scalar: Exclude<ScalarType, 'bool' | 'index'>): Make {
  return (lanes, random) => {
    const counts = [lanes, lanes - 1, 1, 0, lanes + 3, -2]
    const b = new KernelBuilder('reduction', { lanes })
    const x = b.buffer('x', scalar, 'read')
    const active = b.buffer('counts', 'i32', 'read').load(b.programId()).convert('index')
    const y = b.buffer('y', scalar, 'write')
    const value = x.loadLanes(b.programId().mul(lanes))
    y.store(b.programId().mul(2), value.reduce(operator))
    y.store(b.programId().mul(2).add(1), value.reduce(operator, { active }))
    const length = counts.length * lanes
    const values = scalar === 'f32' || scalar === 'f64' ? unitValues(scalar, length, random) : valuesOf(scalar, length, random)
    return { kernel: b.build(), grid: [counts.length], buffers: { x: values, counts: Int32Array.from(counts), y: elementsOf(scalar, 2 * counts.length) } }
  }
}

const storage = ['f32', 'f64', 'i32', 'u32'] as const
const makers: readonly (readonly [string, Make])[] = [
  ...[gather, loops, inPlace].map((make) => [make.name, make] as const),
  ...Object.entries({ activeLanes, givenNumbers, branches, sharedMemory }).flatMap(([name, make]) =>
    (['f32', 'f64'] as const).map((scalar) => [`${name}/${scalar}`, make(scalar)] as const),
  ),
  ...storage.flatMap((scalar) => (['add', 'exchange'] as const).map((operator) => [`atomic/${operator}/${scalar}`, atomic(operator, scalar)] as const)),
  ...(['min', 'max'] as const).flatMap((operator) => (['i32', 'u32'] as const).map((scalar) => [`atomic/${operator}/${scalar}`, atomic(operator, scalar)] as const)),
  ...(['sum', 'min', 'max'] as const).flatMap((operator) => storage.map((scalar) => [`reduce/${operator}/${scalar}`, reduction(operator, scalar)] as const)),
]

/** Memory, control flow, lanes together: each with few lanes, an odd number, and many. */
export const structureProblems: Problems = Object.fromEntries(
  makers.flatMap(([name, make], k) =>
    [1, 3 + k, 6 + k].map((at, n) => {
      const lanes = (n === 0 ? 1 : laneCounts[at % laneCounts.length]) ?? 1
      return [`${name}/${lanes}`, (random: Random) => make(lanes, random)]
    }),
  ),
)
