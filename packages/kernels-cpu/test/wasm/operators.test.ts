import * as kernels from '@equivar/core/kernels'
import { describe, expect, it } from 'vitest'
import { bothResults } from './run.ts'

type Expression = kernels.Expression
type Storage = kernels.StorageType

const laneCounts = [1, 3, 4, 8, 13, 32]
const arrayOf = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array } as const

const reals = [0, 1, -1, 2.5, -2.5, 0.1, -1e10, 3e9, 1e-3, -7, 12.75, 2 ** 31, 1e20, -1e20, Infinity, -Infinity, Number.NaN, -0, 5, -3.999]
const integers = [0, 1, -1, 2, -2, 7, -7, 2 ** 31 - 1, -(2 ** 31), 12345, -54321, 3, 31, 64, 1 << 20]

/** Elements that meet each other in all pairs of a few, in an order without a pattern. */
function elements(scalar: Storage, length: number, seed: number): kernels.HostMemory {
  const values = scalar === 'f32' || scalar === 'f64' ? reals : integers
  return new arrayOf[scalar](Array.from({ length }, (_, k) => values[(k * seed + ((k * k) >> 3)) % values.length] ?? 0))
}

type Apply = (a: Expression, b: Expression, c: Expression) => Expression

/** Stores f(a, b, c) for varying operands, for uniform ones, and for both kinds mixed; a `bool` as 0 or 1. */
function tableKernel(scalar: Storage, lanes: number, apply: Apply): kernels.Kernel {
  const b = new kernels.KernelBuilder('table', { lanes })
  const [x, y, z] = ['x', 'y', 'z'].map((name) => b.buffer(name, scalar, 'read'))
  if (!x || !y || !z) throw new Error('three')
  const [program, base] = [b.programId(), b.programId().mul(lanes)]
  const mask = b.lane().less(lanes)
  const results = [
    apply(x.loadLanes(base), y.loadLanes(base), z.loadLanes(base)),
    apply(x.load(program), y.load(program), z.load(program)),
    apply(x.loadLanes(base), y.load(program), z.loadLanes(base)),
    apply(x.load(program), y.loadLanes(base), z.load(program)),
  ]
  for (const [k, result] of results.entries()) {
    const value = result.scalar === 'bool' ? result.select(b.constant('i32', 1), 0) : result
    const stored = value.scalar === 'index' ? value.convert('i32') : value
    const out = b.buffer(`out${k}`, stored.scalar as Storage, 'write')
    if (stored.type.uniformity === 'varying' && k !== 2) out.storeLanes(base, stored)
    else if (stored.type.uniformity === 'varying') out.store(base.add(b.lane()), stored, { mask })
    else out.store(program, stored)
  }
  return b.build()
}

function expectTable(scalar: Storage, apply: Apply): void {
  for (const lanes of laneCounts) {
    const kernel = tableKernel(scalar, lanes, apply)
    const programs = 24
    const length = programs * lanes
    const outs = kernel.buffers.filter(({ name }) => name.startsWith('out')).map(({ name, scalar: own }) => [name, new arrayOf[own](length)] as const)
    const buffers = { x: elements(scalar, length, 1), y: elements(scalar, length, 7), z: elements(scalar, length, 3), ...Object.fromEntries(outs) }
    const { expected, found } = bothResults(kernel, { grid: [programs], buffers })
    expect(found, `${lanes} lanes`).toEqual(expected)
  }
}

const floats = ['f32', 'f64'] as const
const words = ['i32', 'u32'] as const
const all = [...floats, ...words]
/** A number that is no NaN and no zero, whose least and greatest are therefore specified. */
const ordinary = (x: Expression) => (x.scalar === 'f32' || x.scalar === 'f64' ? x.equal(x).select(x, 1).add(0.25) : x)
const nonZero = (x: Expression) => x.equal(0).select(x.literal(3), x)

describe('every instruction on every type, single numbers and vectors', () => {
  it.each(all)('arithmetic of %s', (scalar) => {
    expectTable(scalar, (a, b) => a.add(b))
    expectTable(scalar, (a, b) => a.sub(b))
    expectTable(scalar, (a, b) => a.mul(b))
    expectTable(scalar, (a, b) => a.div(scalar === 'f32' || scalar === 'f64' ? b : nonZero(b)))
    expectTable(scalar, (a, b) => ordinary(a).min(ordinary(b)))
    expectTable(scalar, (a, b) => ordinary(a).max(ordinary(b)))
    expectTable(scalar, (a) => a.max(2).min(5))
  })

  it.each(floats)('functions of %s', (scalar) => {
    expectTable(scalar, (a) => a.neg())
    expectTable(scalar, (a) => a.abs())
    expectTable(scalar, (a) => a.abs().sqrt())
    expectTable(scalar, (a) => a.floor())
    expectTable(scalar, (a, b, c) => a.fma(b, c))
    expectTable(scalar, (a, b, c) => a.neg().fma(b, c))
    expectTable(scalar, (a, b, c) => a.fma(b.neg(), c))
  })

  it.each(words)('bits of %s', (scalar) => {
    expectTable(scalar, (a, b) => a.rem(nonZero(b)))
    expectTable(scalar, (a) => a.div(7).add(a.rem(10)))
    expectTable(scalar, (a, b, c) => a.and(b).or(c))
    expectTable(scalar, (a, b) => a.xor(b.not()))
    expectTable(scalar, (a, b) => a.shiftLeft(b.and(31)))
    expectTable(scalar, (a, b) => a.shiftRight(b.and(31)))
    expectTable(scalar, (a) => a.shiftRight(3).add(a.shiftLeft(5)))
  })

  it('signs of i32 and of indices', () => {
    expectTable('i32', (a) => a.neg())
    expectTable('i32', (a) => a.abs())
    const small = (x: Expression) => x.rem(1000).convert('index')
    expectTable('i32', (a, b) => small(a).neg().add(small(b).abs()))
    expectTable('i32', (a, b) => small(a).div(nonZero(small(b))).add(small(a).rem(7)))
    expectTable('i32', (a, b) => small(a).min(small(b)).mul(3).sub(small(b).max(small(a))))
    expectTable('i32', (a, b) => small(a).less(small(b)))
  })

  it.each(all)('comparisons of %s', (scalar) => {
    expectTable(scalar, (a, b) => a.equal(b))
    expectTable(scalar, (a, b) => a.notEqual(b))
    expectTable(scalar, (a, b) => a.less(b))
    expectTable(scalar, (a, b) => a.lessEqual(b))
    expectTable(scalar, (a, b, c) => a.less(b).select(a, c))
    expectTable(scalar, (a, b, c) => a.less(b).and(b.lessEqual(c).not()).or(a.equal(c)).xor(b.notEqual(c)).select(a, b))
    expectTable(scalar, (a, b, c) => a.less(b).equal(b.less(c)).notEqual(a.less(c)))
    expectTable(scalar, (a, b, c) => a.less(b).select(b.less(c), a.equal(c)).select(c, a))
  })

  it('conditions on one type that choose of another', () => {
    for (const from of all) for (const to of all) expectTable(from, (a, b) => a.less(b).select(a.convert(to), b.convert(to)))
  })

  it('conversions', () => {
    for (const from of all) for (const to of all) expectTable(from, (a) => a.convert(to))
    expectTable('i32', (a) => a.convert('index').convert('f64'))
  })

  it('the same bits as another type', () => {
    expectTable('f32', (a) => a.bitcast('i32').shiftRight(3).bitcast('u32'))
    expectTable('i32', (a) => a.bitcast('u32').shiftRight(1))
    expectTable('u32', (a) => a.and(0x7f7fffff).bitcast('f32').add(1))
  })

  it.each(all)('reductions of %s', (scalar) => {
    for (const operator of ['sum', 'min', 'max'] as const) {
      expectTable(scalar, (a, b) => (a.type.uniformity === 'varying' ? ordinary(a).reduce(operator) : b))
      for (const active of [-1, 0, 1, 2, 3, 7, 40]) expectTable(scalar, (a, b) => (a.type.uniformity === 'varying' ? ordinary(a).reduce(operator, { active }) : b))
    }
  })

  it.each(floats)('products of tiles of %s', (scalar) => {
    const orders = [['rows', 'rows'], ['columns', 'rows'], ['rows', 'columns']] as const
    for (const [rows, columns, depth] of [[1, 1, 1], [6, 8, 5], [7, 13, 3], [13, 17, 4], [3, 6, 9], [12, 16, 2]] as const)
      for (const [orderA, orderB] of orders) {
        const b = new kernels.KernelBuilder('tiles', { lanes: 4 })
        const sizes = { target: rows * (columns + 1), a: rows * depth, b: (orderB === 'rows' ? depth : columns) * (Math.max(depth, columns) + 2) }
        const load = (name: 'target' | 'a' | 'b') => {
          const [from, to] = [b.buffer(`${name}In`, scalar, 'read'), b.shared(name, scalar, sizes[name])]
          for (let k = 0; k < sizes[name]; k++) to.store(k, from.load(k))
          return to
        }
        const [target, left, right] = [load('target'), load('a'), load('b')]
        const out = b.buffer('out', scalar, 'write')
        b.barrier()
        const tiles = {
          target: { memory: target, stride: columns + 1 },
          a: { memory: left, order: orderA, stride: orderA === 'rows' ? depth : rows },
          b: { memory: right, order: orderB, stride: Math.max(depth, columns) + 2 },
        }
        b.tileMultiplyAdd({ rows, columns, depth, ...tiles })
        b.barrier()
        for (let k = 0; k < sizes.target; k++) out.store(k, target.load(k))
        const make = (length: number, seed: number) => new arrayOf[scalar](Array.from({ length }, (_, k) => Math.sin(seed + k)))
        const buffers = { targetIn: make(sizes.target, 1), aIn: make(sizes.a, 2), bIn: make(sizes.b, 3), out: make(sizes.target, 0) }
        const { expected, found } = bothResults(b.build(), { grid: [1], buffers })
        expect(found, `${rows} × ${columns} × ${depth}`).toEqual(expected)
      }
  })

  it('atomics', () => {
    for (const scalar of all)
      for (const operator of scalar === 'f32' || scalar === 'f64' ? (['add', 'exchange'] as const) : (['add', 'min', 'max', 'exchange'] as const))
        for (const lanes of laneCounts)
          for (const sharedMemory of [false, true]) {
            const b = new kernels.KernelBuilder('atomics', { lanes })
            const [x, sums, before] = [b.buffer('x', scalar, 'read'), b.buffer('sums', scalar, 'readWrite'), b.buffer('before', scalar, 'write')]
            const own = b.shared('own', scalar, 4)
            const [program, base] = [b.programId(), b.programId().mul(lanes)]
            const values = x.loadLanes(base)
            own.store(0, 1)
            b.barrier()
            own.atomic(operator, 0, values)
            b.barrier()
            before.storeLanes(base, sums.atomic(operator, b.lane().rem(3).add(1), values, { mask: b.lane().less(7) }))
            sums.atomic(operator, 0, own.load(0), { mask: program.less(5) })
            const finite = elements(scalar, 8 * lanes, 5).map((v: number) => (Number.isFinite(v) ? v : 1))
            const buffers = { x: finite, sums: new arrayOf[scalar](4), before: new arrayOf[scalar](8 * lanes) }
            const { expected, found } = bothResults(b.build(), { grid: [8], buffers }, { sharedMemory })
            expect(found, `${operator} ${scalar} ${lanes}`).toEqual(expected)
          }
  })
})
