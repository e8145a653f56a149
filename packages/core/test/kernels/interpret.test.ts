import { describe, expect, test } from 'vitest'
import { InputError, KernelError } from '../../src/errors.ts'
import { type Expression, interpret, KernelBuilder, type Operand, type ScalarType, type StorageType } from '../../src/kernels/index.ts'

const arrays = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u32: Uint32Array }

/** What a kernel of one program computes from parameters. */
function compute(out: StorageType, given: readonly (readonly [Exclude<ScalarType, 'bool'>, number])[], write: (x: Expression, y: Expression) => Operand): number {
  const b = new KernelBuilder('probe', { lanes: 1 })
  const parameters = given.map(([scalar], k) => b.parameter(`p${k}`, scalar))
  b.buffer('out', out, 'write').store(0, write(parameters[0] ?? b.programId(), parameters[1] ?? b.programId()))
  const memory = new arrays[out](1)
  interpret(b.build(), { grid: [1], parameters: Object.fromEntries(given.map(([, value], k) => [`p${k}`, value])), buffers: { out: memory } })
  return memory[0] ?? Number.NaN
}

type One = (x: Expression) => Expression
type Two = (x: Expression, y: Expression) => Expression

describe('arithmetic', () => {
  test.each<[string, Exclude<ScalarType, 'bool'>, number, number, Two, number]>([
    ['f32 rounds', 'f32', 16777216, 1, (a, b) => a.add(b), 16777216],
    ['f32 products round', 'f32', 1 + 2 ** -12, 1 + 2 ** -12, (a, b) => a.mul(b), 1 + 2 ** -11],
    ['f64 does not', 'f64', 16777216, 1, (a, b) => a.add(b), 16777217],
    ['i32 wraps', 'i32', 2147483647, 1, (a, b) => a.add(b), -2147483648],
    ['i32 products wrap', 'i32', 65536, 65537, (a, b) => a.mul(b), 65536],
    ['u32 wraps', 'u32', 0, 1, (a, b) => a.sub(b), 4294967295],
    ['u32 products wrap', 'u32', 4294967295, 4294967295, (a, b) => a.mul(b), 1],
    ['i32 divides towards zero', 'i32', -7, 2, (a, b) => a.div(b), -3],
    ['the least i32 by −1', 'i32', -2147483648, -1, (a, b) => a.div(b), -2147483648],
    ['the sign of the dividend', 'i32', -7, 2, (a, b) => a.rem(b), -1],
    ['u32 divides', 'u32', 4294967295, 2, (a, b) => a.div(b), 2147483647],
    ['i32 shifts keep the sign', 'i32', -8, 1, (a, b) => a.shiftRight(b), -4],
    ['u32 shifts do not', 'u32', 4294967288, 1, (a, b) => a.shiftRight(b), 2147483644],
    ['bits', 'u32', 0b1100, 0b1010, (a, b) => a.xor(b).or(a.and(b).not()).shiftLeft(1), 0xffffffee],
    ['minimum and maximum', 'i32', 3, -4, (a, b) => a.min(b).sub(a.max(b)), -7],
    ['negation', 'i32', -2147483648, 0, (a) => a.neg().sub(a.abs()), 0],
  ])('%s', (_, scalar, a, b, write, expected) => {
    const out = scalar === 'index' ? 'f64' : scalar
    expect(compute(out, [[scalar, a], [scalar, b]], (x, y) => write(x, y))).toBe(expected)
    // The same, computed when the kernel is built.
    expect(compute(out, [[scalar, a]], (x) => write(x.literal(a), x.literal(b)))).toBe(expected)
  })

  test.each<[string, Exclude<ScalarType, 'bool'>, number, StorageType, One, number]>([
    ['f64 to f32', 'f64', 0.1, 'f32', (x) => x.convert('f32'), Math.fround(0.1)],
    ['towards zero', 'f64', -1.9, 'i32', (x) => x.convert('i32'), -1],
    ['the nearest end', 'f32', 1e20, 'i32', (x) => x.convert('i32'), 2147483647],
    ['the nearest end below', 'f32', -5, 'u32', (x) => x.convert('u32'), 0],
    ['not a number', 'f64', Number.NaN, 'i32', (x) => x.convert('i32'), 0],
    ['low bits', 'u32', 4294967295, 'i32', (x) => x.convert('i32'), -1],
    ['index to f64', 'index', 2 ** 40, 'f64', (x) => x.convert('f64'), 2 ** 40],
    ['bits of f32', 'f32', 1, 'i32', (x) => x.bitcast('i32'), 0x3f800000],
    ['f32 from bits', 'u32', 0xc0490fdb, 'f32', (x) => x.bitcast('f32'), -Math.fround(Math.PI)],
    ['floor', 'f32', -1.5, 'f32', (x) => x.floor(), -2],
    ['greater', 'f64', 2, 'i32', (x) => x.greater(1).and(x.greaterEqual(2)).select(int(x, 1), int(x, 2)), 1],
    ['NaN equals nothing', 'f64', Number.NaN, 'i32', (x) => x.equal(x).or(x.lessEqual(x)).select(int(x, 1), int(x, 2)), 2],
    ['NaN differs', 'f64', Number.NaN, 'i32', (x) => x.notEqual(x).select(int(x, 1), int(x, 2)), 1],
  ])('%s', (_, scalar, value, out, write, expected) => {
    expect(compute(out, [[scalar, value]], write)).toBe(expected)
  })

  test('fma rounds twice, or once where asked', () => {
    const x = 1 + 2 ** -30
    for (const [scalar, value, square] of [['f64', x, 2 ** -60], ['f32', 1 + 2 ** -12, 2 ** -24]] as const) {
      const builder = new KernelBuilder('probe', { lanes: 1 })
      const p = builder.parameter('p', scalar)
      builder.buffer('out', scalar, 'write').store(0, p.fma(p, p.mul(p).neg()))
      for (const [fma, expected] of [['separate', 0], ['fused', square]] as const) {
        const out = new arrays[scalar](1)
        interpret(builder.build(), { grid: [1], parameters: { p: value }, buffers: { out } }, { fma })
        expect(out[0]).toBe(expected)
      }
    }
  })
})

/** A constant where only a value is at hand. */
const int = (x: Expression, value: number) => x.literal(value).convert('i32')

describe('lanes', () => {
  test('loads and stores with tails and masks', () => {
    const builder = new KernelBuilder('probe', { lanes: 4 })
    const x = builder.buffer('x', 'f32', 'read')
    const y = builder.buffer('y', 'f32', 'write')
    const even = builder.lane().rem(2).equal(0)
    y.storeLanes(0, x.loadLanes(0, { active: 3 }).add(10))
    y.store(builder.lane().add(4), x.load(builder.lane(), { mask: even }))
    y.store(builder.lane().add(8), 1, { mask: even.not() })
    y.storeLanes(12, 5, { active: builder.constant('index', -1) })
    const out = new Float32Array(16)
    interpret(builder.build(), { grid: [1], buffers: { x: Float32Array.of(1, 2, 3, 4), y: out } })
    expect([...out]).toEqual([11, 12, 13, 10, 1, 0, 3, 0, 0, 1, 0, 1, 0, 0, 0, 0])
  })

  test('reductions by the documented tree', () => {
    const builder = new KernelBuilder('probe', { lanes: 6 })
    const active = builder.parameter('active', 'index')
    const x = builder.buffer('x', 'f32', 'read').loadLanes(0)
    const out = builder.buffer('out', 'f32', 'write')
    out.store(0, x.sum())
    out.store(1, x.sum({ active }))
    out.store(2, x.reduce('min', { active }))
    out.store(3, x.reduce('max', { active }))
    const values = Float32Array.of(1, 1e8, 3, -1e8, 5, 6)
    const [f, memory] = [Math.fround, new Float32Array(4)]
    interpret(builder.build(), { grid: [1], parameters: { active: 4 }, buffers: { x: values, out: memory } })
    // Distances 4, 2, 1: (1+5)+3, (1e8+6)+(−1e8).
    expect(memory[0]).toBe(f(f(f(1 + 5) + 3) + f(f(1e8 + 6) - 1e8)))
    expect([...memory.subarray(1)]).toEqual([4, -1e8, 1e8])
  })

  test('carried values change places together', () => {
    const builder = new KernelBuilder('probe', { lanes: 1 })
    const [one, two] = [builder.parameter('one', 'i32'), builder.parameter('two', 'i32')]
    const [x, y] = builder.loop(0, 3, { carry: [one, two] }, (_, [a, b]) => [b, a])
    builder.buffer('out', 'i32', 'write').store(0, x.mul(10).add(y))
    const out = new Int32Array(1)
    interpret(builder.build(), { grid: [1], parameters: { one: 1, two: 2 }, buffers: { out } })
    expect(out[0]).toBe(21)
  })

  test('a grid of several axes, and an empty one', () => {
    const builder = new KernelBuilder('probe', { lanes: 1, gridRank: 2 })
    const position = builder.programId(0).mul(3).add(builder.programId(1))
    builder.buffer('out', 'i32', 'write', { extent: builder.gridExtent(0).times(3) }).store(position, position.convert('i32'))
    const out = new Int32Array(6)
    interpret(builder.build(), { grid: [2, 3], buffers: { out } })
    expect([...out]).toEqual([0, 1, 2, 3, 4, 5])
    interpret(builder.build(), { grid: [0, 3], buffers: { out: new Int32Array(0) } })
  })
})

describe('refuses', () => {
  const run = (lanes: number, grid: number, write: (builder: KernelBuilder) => void, findsRaces = true) => {
    const builder = new KernelBuilder('probe', { lanes })
    const buffers: Record<string, Float32Array> = {}
    const original = builder.buffer.bind(builder)
    builder.buffer = (name, scalar, access, options) => {
      buffers[name] = new Float32Array(8)
      return original(name, scalar, access, options)
    }
    write(builder)
    return () => interpret(builder.build(), { grid: [grid], buffers }, { findsRaces })
  }
  const cases: [string, number, number, (builder: KernelBuilder) => void, RegExp][] = [
    ['an element that does not exist', 4, 3, (k) => k.buffer('x', 'f32', 'write').storeLanes(k.programId().mul(4), 1), /program \(2\): element 8 of 'x' is written, but there are 8/],
    ['a negative element', 1, 1, (k) => k.buffer('x', 'f32', 'write').store(k.programId().sub(1), 1), /element -1 of 'x'/],
    ['two lanes that store to one element', 4, 1, (k) => k.buffer('x', 'f32', 'write').store(k.lane().div(2), 1), /race: element 0 of 'x' is written by lane 1 and was written by lane 0/],
    ['two programs that store to one element', 1, 2, (k) => k.buffer('x', 'f32', 'write').store(0, 1), /written here and was written by another program/],
    ['a program that reads what another stored', 1, 2, (k) => {
      const x = k.buffer('x', 'f32', 'readWrite')
      x.store(k.programId().add(1), x.load(k.programId()))
    }, /race: element 1 of 'x' is read here and was written by another program/],
    ['a program that stores what another read', 1, 2, (k) => {
      const x = k.buffer('x', 'f32', 'readWrite')
      x.store(k.programId(), x.load(k.programId().mul(-1).add(1)))
    }, /by another program/],
    ['a lane that reads what another stored', 4, 1, (k) => {
      const s = k.shared('s', 'f32', 4)
      s.storeLanes(0, 1)
      k.buffer('x', 'f32', 'write').storeLanes(0, s.load(k.lane().add(1).rem(4)))
    }, /race: element 1 of 's' is read by lane 0 and was written by lane 1; a barrier/],
    ['a lane that stores what another read', 4, 1, (k) => {
      const [s, x] = [k.shared('s', 'f32', 4), k.buffer('x', 'f32', 'write')]
      s.storeLanes(0, 1)
      k.barrier()
      x.storeLanes(0, s.load(k.lane().add(1).rem(4)))
      s.storeLanes(0, 2)
    }, /race: element 0 of 's' is written by lane 0 and was read by lane 3/],
    ['a uniform load of what was stored', 4, 1, (k) => {
      const x = k.buffer('x', 'f32', 'readWrite')
      x.store(0, 1)
      x.store(1, x.load(0))
    }, /race: element 0 of 'x' is read by several lanes and was written by the program/],
    ['tile products without a barrier', 4, 1, (k) => {
      const memory = k.shared('s', 'f32', 4)
      const target = k.shared('t', 'f32', 4)
      for (let i = 0; i < 4; i++) memory.store(i, 1)
      k.barrier()
      const tile = { memory, stride: 2 }
      for (let i = 0; i < 2; i++) k.tileMultiplyAdd({ rows: 2, columns: 2, depth: 2, target: { memory: target, stride: 2 }, a: tile, b: tile })
    }, /race: element 0 of 't' is written by several lanes and was written by several lanes/],
    ['a store beside atomics', 1, 2, (k) => {
      const x = k.buffer('x', 'f32', 'readWrite')
      k.branch(k.programId().equal(0), () => x.atomic('add', 0, 1), () => x.store(0, 1))
    }, /was updated by another program/],
    ['division by zero', 1, 1, (k) => k.buffer('x', 'f32', 'write').store(k.programId().div(k.programId()), 1), /div: .* divided by zero/],
    ['a loop that does not move', 1, 1, (k) => k.loop(0, 4, { step: k.programId() }, (i) => k.buffer('x', 'f32', 'write').store(i, 1)), /the step is 0/],
    ['an index that is lost', 1, 1, (k) => k.buffer('x', 'f32', 'write').store(k.programId().add(2 ** 52).mul(4), 1), /an index value became/],
  ]
  test.each(cases)('%s', (_, lanes, grid, write, message) => {
    expect(run(lanes, grid, write)).toThrow(KernelError)
    expect(run(lanes, grid, write)).toThrow(message)
  })

  test('races only where asked; a barrier makes them none', () => {
    const write = (isOrdered: boolean) => (k: KernelBuilder) => {
      const s = k.shared('s', 'f32', 4)
      s.storeLanes(0, 1)
      if (isOrdered) k.barrier()
      k.buffer('x', 'f32', 'write').storeLanes(0, s.load(k.lane().add(1).rem(4)))
    }
    expect(run(4, 1, write(true))).not.toThrow()
    expect(run(4, 1, write(false), false)).not.toThrow()
  })

  test('shared memory holds nothing at first', () => {
    const builder = new KernelBuilder('probe', { lanes: 2 })
    const s = builder.shared('s', 'f32', 2)
    builder.buffer('out', 'f32', 'write').storeLanes(builder.programId().mul(2), s.loadLanes(0))
    s.storeLanes(0, 7)
    const out = new Float32Array(4)
    interpret(builder.build(), { grid: [2], buffers: { out } })
    expect([...out]).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN])
  })

  test('launches that do not fit', () => {
    const builder = new KernelBuilder('probe', { lanes: 1 })
    const n = builder.parameter('n', 'index')
    const index = builder.buffer('index', 'i32', 'read', { extent: builder.extentOf(n), below: 5 })
    builder.buffer('out', 'i32', 'write', { extent: builder.extentOf(n).plus(1) }).store(0, index.load(0))
    const kernel = builder.build()
    const [ok, out] = [Int32Array.of(1, 4), new Int32Array(3)]
    const launch = { grid: [1], parameters: { n: 2 }, buffers: { index: ok, out } }
    expect(() => interpret(kernel, launch)).not.toThrow()
    const wrong: [object, RegExp][] = [
      [{ grid: [1, 1] }, /the grid has 1 axes, but 2/],
      [{ grid: [-1] }, /extent of the grid is -1/],
      [{ parameters: {} }, /parameters: missing n/],
      [{ parameters: { n: 1, m: 2 } }, /parameters: unknown m; there are n/],
      [{ parameters: { n: -1 } }, /never negative/],
      [{ parameters: { n: 1.5 } }, /parameter 'n' is 1.5, which is no index/],
      [{ parameters: { n: 3 } }, /buffer 'index' has 2 elements, but this launch needs 3/],
      [{ buffers: { index: new Float32Array(2), out } }, /buffer 'index' holds i32 and needs a Int32Array/],
      [{ buffers: { index: Int32Array.of(1, 5), out } }, /element 1 of buffer 'index' is 5, but all must lie in 0 … 4/],
      [{ buffers: { index: out.subarray(1), out } }, /buffers 'index' and 'out' overlap/],
    ]
    for (const [change, message] of wrong) {
      expect(() => interpret(kernel, { ...launch, ...change })).toThrow(InputError)
      expect(() => interpret(kernel, { ...launch, ...change })).toThrow(message)
    }
  })
})
