import { type Expression, KernelBuilder, type Memory, type StorageType } from '../../kernels/index.ts'
import { elementsOf } from '../guarded.ts'
import type { Random } from '../random.ts'
import { type KernelProblem, laneCounts, type Problems, valuesOf } from './problem.ts'

/** Elements of every operand: no multiple of any number of lanes. */
const length = 77

type Operands = readonly [Expression, Expression, Expression]

interface Probe {
  readonly scalars: readonly [StorageType, StorageType, StorageType]
  readonly out: StorageType
  /** The result from three operands. */
  readonly write: (...operands: Operands) => Expression
  /** Makes values allowed. */
  readonly tame?: (value: number, operand: number) => number
}

/**
 * `y[i] = f(a[i], b[i], c[i])` in lanes, and `z[p] = f(a[p], b[p], c[p])` once a program, so that an instruction meets varying
 * values and uniform ones; `w` mixes the two.
 */
function probe(name: string, lanes: number, { scalars, out, write, tame = (value) => value }: Probe, random: Random): KernelProblem {
  const b = new KernelBuilder(name, { lanes })
  const n = b.parameter('n', 'index')
  const inputs = scalars.map((scalar, k) => b.buffer(`x${k}`, scalar, 'read', { extent: b.extentOf(n) }))
  const [y, w] = [b.buffer('y', out, 'write', { extent: b.extentOf(n) }), b.buffer('w', out, 'write', { extent: b.extentOf(n) })]
  const z = b.buffer('z', out, 'write', { extent: b.gridExtent(0) })
  const base = b.programId().mul(lanes)
  const active = n.sub(base)
  const operands = (load: (memory: Memory) => Expression) => {
    const [first, second, third] = inputs.map(load)
    if (!first || !second || !third) throw new Error('a probe has three operands')
    return [first, second, third] as const
  }
  const varying = operands((memory) => memory.loadLanes(base, { active }))
  const uniform = operands((memory) => memory.load(b.programId()))
  y.storeLanes(base, write(...varying), { active })
  w.storeLanes(base, write(varying[0], uniform[1], varying[2]), { active })
  z.store(b.programId(), write(...uniform))
  const grid = Math.ceil(length / lanes)
  const given = scalars.map((scalar, k) => [`x${k}`, elementsOf(scalar, Array.from(valuesOf(scalar, length, random), (value) => tame(value, k)))] as const)
  const results = { y: elementsOf(out, length), w: elementsOf(out, length), z: elementsOf(out, grid) }
  return { kernel: b.build(), grid: [grid], parameters: { n: length }, buffers: { ...Object.fromEntries(given), ...results } }
}

const floats = ['f32', 'f64'] as const
const integers = ['i32', 'u32'] as const
const storage = [...floats, ...integers] as const

const same = (scalar: StorageType) => [scalar, scalar, scalar] as const
const isInteger = (scalar: StorageType) => scalar === 'i32' || scalar === 'u32'
/** Products and sums of such numbers are no infinities. */
const ofPlainSize = (value: number) => (Math.abs(value) < 1e9 && Math.abs(value) > 1e-9 ? value : 0.75)
/** 1 where true. */
const asNumber = (condition: Expression, like: Expression) => condition.select(like.literal(1), like.literal(0))

function unary(): [string, Probe][] {
  const all: [string, readonly StorageType[], (x: Expression) => Expression][] = [
    ['neg', ['f32', 'f64', 'i32'], (x) => x.neg()],
    ['abs', ['f32', 'f64', 'i32'], (x) => x.abs()],
    ['sqrt', floats, (x) => x.sqrt()],
    ['floor', floats, (x) => x.floor()],
    ['not', integers, (x) => x.not()],
  ]
  return all.flatMap(([name, scalars, write]) => scalars.map((scalar): [string, Probe] => [`${name}/${scalar}`, { scalars: same(scalar), out: scalar, write }]))
}

function binary(): [string, Probe][] {
  const all: [string, readonly StorageType[], (a: Expression, b: Expression) => Expression][] = [
    ['add', storage, (a, b) => a.add(b)],
    ['sub', storage, (a, b) => a.sub(b)],
    ['mul', storage, (a, b) => a.mul(b)],
    ['min', storage, (a, b) => a.min(b)],
    ['max', storage, (a, b) => a.max(b)],
    ['div', floats, (a, b) => a.div(b)],
    // Lanes without an element have a zero there.
    ['div', integers, (a, b) => a.div(b.equal(0).select(b.literal(1), b))],
    ['rem', integers, (a, b) => a.rem(b.equal(0).select(b.literal(1), b))],
    ['and', integers, (a, b) => a.and(b)],
    ['or', integers, (a, b) => a.or(b)],
    ['xor', integers, (a, b) => a.xor(b)],
    ['shiftLeft', integers, (a, b) => a.shiftLeft(b.and(31))],
    ['shiftRight', integers, (a, b) => a.shiftRight(b.and(31))],
  ]
  return all.flatMap(([name, scalars, write]) => scalars.map((scalar): [string, Probe] => [`${name}/${scalar}`, { scalars: same(scalar), out: scalar, write }]))
}

function comparisons(): [string, Probe][] {
  const all: [string, (a: Expression, b: Expression) => Expression][] = [
    ['equal', (a, b) => a.equal(b)],
    ['notEqual', (a, b) => a.notEqual(b)],
    ['less', (a, b) => a.less(b)],
    ['lessEqual', (a, b) => a.lessEqual(b)],
  ]
  // Half of the pairs are equal, and some are no numbers.
  const tame = (value: number, operand: number) => (operand < 2 ? (value > 5 ? Number.NaN : Math.trunc(value) % 2) : value)
  const tameWord = (value: number, operand: number) => (operand < 2 ? Math.abs(value) % 3 : value)
  return all.flatMap(([name, write]) =>
    storage.map((scalar): [string, Probe] => [
      `${name}/${scalar}`,
      { scalars: same(scalar), out: scalar, write: (a, b) => asNumber(write(a, b), a), tame: isInteger(scalar) ? tameWord : tame },
    ]),
  )
}

function selections(): [string, Probe][] {
  const logic: [string, Probe] = [
    'logic/bool',
    {
      scalars: same('i32'),
      out: 'i32',
      write: (a, b, c) => asNumber(a.less(b).and(b.less(c).not()).xor(c.less(a).or(a.equal(b))).notEqual(a.lessEqual(c)), a),
      tame: (value) => value % 3,
    },
  ]
  return [
    logic,
    ...storage.map((scalar): [string, Probe] => [`select/${scalar}`, { scalars: same(scalar), out: scalar, write: (a, b, c) => a.less(b).select(c, a) }]),
    ...floats.map((scalar): [string, Probe] => [
      `fma/${scalar}`,
      { scalars: same(scalar), out: scalar, write: (a, b, c) => a.fma(b, c), tame: ofPlainSize },
    ]),
  ]
}

function conversions(): [string, Probe][] {
  const pairs = storage.flatMap((from) => storage.filter((to) => to !== from).map((to) => [from, to] as const))
  const nonNumbers = (value: number) => (value === 1 ? Number.NaN : value)
  const plain = pairs.map(([from, to]): [string, Probe] => [
    `convert/${from}-${to}`,
    { scalars: same(from), out: to, write: (a) => a.convert(to), tame: isInteger(from) ? (value) => value : nonNumbers },
  ])
  // By way of an index, which has 31 bits and a sign at least.
  const indices = pairs
    .filter(([from]) => isInteger(from))
    .map(([from, to]): [string, Probe] => [
      `convert/${from}-index-${to}`,
      { scalars: same(from), out: to, write: (a, b) => a.convert('index').add(b.convert('index')).sub(1).convert(to), tame: (value) => value % 2 ** 29 },
    ])
  const words = ['f32', 'i32', 'u32'] as const
  const bits = words.flatMap((from) =>
    words
      .filter((to) => to !== from)
      // Bits of what is no number may change on the way, so integers that would be none are kept out.
      .map((to): [string, Probe] => [
        `bitcast/${from}-${to}`,
        { scalars: same(from), out: to, write: (a) => a.bitcast(to), tame: (value) => (to === 'f32' ? 0x3f000000 + (Math.abs(value) % 0xffffff) : value) },
      ]),
  )
  const indexArithmetic: [string, Probe] = [
    'index/i32',
    {
      scalars: same('i32'),
      out: 'i32',
      write: (a, b, c) => {
        const [p, q, r] = [a.convert('index'), b.convert('index'), c.convert('index')]
        const divisor = r.abs().add(1)
        return p.mul(q).div(divisor).add(p.rem(divisor)).min(q.max(r.neg())).convert('i32')
      },
      tame: (value) => value % 10007,
    },
  ]
  return [...plain, ...indices, ...bits, indexArithmetic]
}

/** Every instruction that computes, on every type that it takes. */
export const arithmeticProblems: Problems = Object.fromEntries(
  [...unary(), ...binary(), ...comparisons(), ...selections(), ...conversions()].map(([name, own], k) => {
    const lanes = laneCounts[k % laneCounts.length] ?? 1
    const full = `${name}/${lanes}`
    return [full, (random: Random) => probe(full.replaceAll(/[^a-zA-Z0-9]/g, '_'), lanes, own, random)]
  }),
)
