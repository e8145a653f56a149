import { describe, expect, test } from 'vitest'
import { KernelError } from '../../src/errors.ts'
import { type Instruction, KernelBuilder, printKernel, varying } from '../../src/kernels/index.ts'

const builder = () => new KernelBuilder('probe', { lanes: 4 })

/** The instructions of a kernel that stores one value. */
function operators(body: readonly Instruction[]): readonly string[] {
  return body.map((instruction) => ('operator' in instruction ? instruction.operator : instruction.op))
}

describe('KernelBuilder', () => {
  test('prints what it builds', () => {
    const b = new KernelBuilder('saxpy', { lanes: 32 })
    const [n, alpha] = [b.parameter('n', 'index'), b.parameter('alpha', 'f32')]
    const x = b.buffer('x', 'f32', 'read', { extent: b.extentOf(n) })
    const y = b.buffer('y', 'f32', 'readWrite', { extent: b.extentOf(n).times(2).plus(1) })
    const base = b.programId().mul(32)
    const active = n.sub(base)
    const [sum] = b.loop(0, n, { step: 2, carry: [varying(b.constant('f32', 0.1)), n] }, (i, [total, count]) => [
      total.add(alpha.fma(x.loadLanes(base, { active }), y.loadLanes(i, { active }))),
      count.add(1),
    ])
    const [scaled] = b.branch(alpha.less(2), () => [sum], () => [sum.mul(alpha)])
    y.storeLanes(base, scaled, { active })
    expect(printKernel(b.build())).toMatchInlineSnapshot(`
      "kernel saxpy(n: index, alpha: f32) lanes 32 grid 1
        buffer x: f32[n] read
        buffer y: f32[2·n + 1] readWrite
        %0: index = n
        %1: f32 = alpha
        %2: index = programId 0
        %3: index = constant 32
        %4: f32 = constant 0.10000000149011612
        %5: index = constant 0
        %6: index = constant 2
        %7: index = constant 1
        %8: f32 = constant 2
        %9: index = mul %2, %3
        %10: index = sub %0, %9
        %19, %20 = loop %11 = %5 to %0 step %6 carry %12: f32 varying = %4, %13: index = %0
          %14: f32 varying = loadLanes x[%9] active %10
          %15: f32 varying = loadLanes y[%11] active %10
          %16: f32 varying = fma %1, %14, %15
          %17: f32 varying = add %12, %16
          %18: index = add %13, %7
          next %17, %18
        %21: bool = less %1, %8
        %23: f32 varying = branch %21
          give %19
        otherwise
          %22: f32 varying = mul %1, %19
          give %22
        storeLanes y[%9], %23 active %10
      "
    `)
  })

  test('computes constants at once, and nothing twice', () => {
    const b = builder()
    const out = b.buffer('out', 'f32', 'write')
    const x = b.parameter('x', 'f32')
    const two = b.constant('f32', 4).sqrt()
    const y = x.mul(two).add(x.mul(2)).mul(1)
    out.store(b.constant('index', 3).add(4).rem(4).mul(b.programId()).sub(b.programId().mul(3)), y)
    expect(operators(b.build().body)).toEqual(['parameter', 'constant', 'constant', 'programId', 'mul', 'add', 'mul', 'sub', 'store'])
  })

  test('what is computed inside of a block is not known outside', () => {
    const b = builder()
    const out = b.buffer('out', 'f32', 'write')
    const x = b.parameter('x', 'f32')
    b.branch(x.less(0), () => out.store(0, x.abs()))
    b.branch(x.less(1), () => out.store(1, x.abs()))
    const [first, second] = b.build().body.filter((instruction) => instruction.op === 'branch')
    for (const branch of [first, second]) expect(operators(branch?.then ?? [])).toEqual(['abs', 'store'])
  })

  test('what is computed around a block is known inside of it', () => {
    const b = builder()
    const out = b.buffer('out', 'f32', 'write')
    const x = b.parameter('x', 'f32')
    b.loop(0, 3, {}, (i) => {
      const size = x.abs()
      b.branch(size.less(1), () => out.store(i, x.abs().mul(size)))
    })
    const loop = b.build().body.find((instruction) => instruction.op === 'loop')
    expect(operators(loop?.body ?? [])).toEqual(['abs', 'less', 'branch'])
    expect(loop?.body.flatMap((instruction) => (instruction.op === 'branch' ? operators(instruction.then) : []))).toEqual(['mul', 'store'])
  })

  test('computes everything that floating point forbids to leave out', () => {
    const b = builder()
    const x = b.parameter('x', 'f32')
    b.buffer('out', 'f32', 'write').store(0, x.mul(0).add(0))
    expect(operators(b.build().body)).toContain('mul')
    expect(operators(b.build().body)).toContain('add')
  })

  test('leaves out what is not used', () => {
    const b = builder()
    const x = b.buffer('x', 'f32', 'readWrite')
    b.loop(0, 10, { carry: [x.load(0)] }, (_, [total]) => [total.add(1)])
    x.store(0, 1)
    expect(operators(b.build().body)).toEqual(['constant', 'constant', 'store'])
  })

  const wrong: Record<string, [(b: KernelBuilder) => unknown, RegExp]> = {
    'mixed types': [(b) => b.constant('f32', 1).add(b.constant('f64', 1)), /add .* f32 and f64; convert/],
    'an integer for sqrt': [(b) => b.constant('i32', 4).sqrt(), /sqrt takes f32, f64, but got i32/],
    'a remainder of fractions': [(b) => b.constant('f32', 4).rem(2), /rem takes i32, u32, index, but got f32/],
    'a varying condition': [(b) => b.branch(b.lane().less(2), () => undefined), /branch: the condition must be a uniform bool, but is bool varying/],
    'a varying bound': [(b) => b.loop(0, b.lane(), {}, () => undefined), /loop: end must be a uniform index, but is index varying/],
    'a bound of another type': [(b) => b.loop(0, b.constant('i32', 4), {}, () => undefined), /loop: end must be a uniform index, but is i32/],
    'a fraction as index': [(b) => b.programId().add(0.5), /constant 0.5 is no index/],
    'a number too large': [(b) => b.constant('f32', 1e39), /constant 1e\+39 is no f32/],
    'a negative u32': [(b) => b.constant('u32', -1), /constant -1 is no u32/],
    'no value at all': [(b) => b.lane().less(1).select(1, 2), /select: one of the two sides must be a value/],
    'a store into what is read': [(b) => b.buffer('x', 'f32', 'read').store(0, 1), /store: buffer 'x' is declared 'read', but this needs 'write'/],
    'an atomic on what is written': [(b) => b.buffer('x', 'f32', 'write').atomic('add', 0, 1), /atomic add: buffer 'x' is declared 'write'/],
    'a fraction under an atomic minimum': [(b) => b.buffer('x', 'f32', 'readWrite').atomic('min', 0, 1), /atomic min takes i32, u32, but got f32/],
    'all lanes into one element': [(b) => b.shared('s', 'i32', 4).store(0, b.lane().convert('i32')), /store: all lanes would store .* i32 varying/],
    'another element type': [(b) => b.shared('s', 'f64', 4).store(0, b.constant('f32', 1)), /the memory holds f64, but the value is f32/],
    'a position that is no index': [(b) => b.shared('s', 'f64', 4).load(b.constant('i32', 1)), /load: the position must be an index, but is i32/],
    'a varying base': [(b) => b.shared('s', 'f64', 4).loadLanes(b.lane()), /loadLanes: the base must be a uniform index, but is index varying/],
    'a sum of one number': [(b) => b.programId().sum(), /reduce sum takes a varying value, but got index/],
    'a conversion of bool': [(b) => b.programId().less(1).convert('i32'), /convert goes between numbers/],
    'a bitcast of 64 bits': [(b) => b.constant('f64', 1).bitcast('i32'), /bitcast goes between f32, i32, u32/],
    'a carried value that becomes varying': [
      (b) => b.loop(0, 4, { carry: [b.constant('f32', 0)] }, (_, [x]) => [x.add(b.lane().convert('f32'))]),
      /carried value 0 is f32, but the body hands on f32 varying; start with varying/,
    ],
    'a carried value of another type': [(b) => b.loop(0, 4, { carry: [b.constant('f32', 0)] }, (i) => [i]), /carried value 0 is f32, but the body hands on index/],
    'sides that differ': [(b) => b.branch(b.programId().less(1), () => [b.lane()], () => [b.constant('f32', 1)]), /branch takes two values of one type/],
    'two names': [(b) => [b.shared('s', 'f64', 4), b.parameter('s', 'f32')], /two things named 's'/],
    'an axis that is not there': [(b) => b.programId(1), /the grid has 1 axes, but axis 1/],
    'an extent of a fraction': [(b) => b.extentOf(b.parameter('s', 'f32')), /extentOf takes a parameter of type index/],
    'a tile in a buffer': [
      (b) => {
        const memory = b.buffer('x', 'f32', 'readWrite')
        b.tileMultiplyAdd({ rows: 1, columns: 1, depth: 1, target: { memory, stride: 1 }, a: { memory, stride: 1 }, b: { memory, stride: 1 } })
      },
      /'x' is no shared array of this kernel/,
    ],
    'tf32 of f64': [
      (b) => {
        const memory = b.shared('x', 'f64', 8)
        b.tileMultiplyAdd({ rows: 1, columns: 1, depth: 1, precision: 'tf32', target: { memory, stride: 1 }, a: { memory, stride: 1 }, b: { memory, stride: 1 } })
      },
      /precision 'tf32' is for f32, but the arrays hold f64/,
    ],
    'a value of another kernel': [(b) => b.programId().add(builder().programId()), /belongs to another kernel/],
    'a value of a closed block': [
      (b) => {
        const escaped: ReturnType<typeof b.lane>[] = []
        b.loop(0, 4, {}, (i) => escaped.push(i))
        for (const i of escaped) i.add(1)
      },
      /belongs to a block that is closed/,
    ],
    'building inside': [(b) => b.loop(0, 4, {}, () => b.build()), /cannot be built inside/],
    'lanes beyond reason': [() => new KernelBuilder('probe', { lanes: 5000 }).build(), /lanes is 5000, but must be an integer in 1 … 1024/],
    'a name of spaces': [() => new KernelBuilder('a b', { lanes: 1 }).build(), /'a b' is no name/],
  }

  test.each(Object.entries(wrong))('refuses %s', (_, [use, message]) => {
    expect(() => use(builder())).toThrow(KernelError)
    expect(() => use(builder())).toThrow(message)
  })
})
