import { describe, expect, test } from 'vitest'
import { KernelError } from '../../src/errors.ts'
import { type Expression, interpret, KernelBuilder, math } from '../../src/kernels/index.ts'
import * as reference from './reference.ts'

const lanes = 256

/** Values of a function of kernels. */
function evaluate<A extends Float32Array | Float64Array>(build: (x: Expression) => Expression, x: A, fma: 'separate' | 'fused'): A {
  const scalar = x instanceof Float32Array ? 'f32' : 'f64'
  const b = new KernelBuilder('probe', { lanes })
  const n = b.parameter('n', 'index')
  const [input, output] = [b.buffer('x', scalar, 'read'), b.buffer('y', scalar, 'write')]
  const base = b.programId().mul(lanes)
  const active = n.sub(base)
  output.storeLanes(base, build(input.loadLanes(base, { active })), { active })
  const y = x.slice() as A
  interpret(b.build(), { grid: [Math.ceil(x.length / lanes)], parameters: { n: x.length }, buffers: { x, y } }, { findsRaces: false, fma })
  return y
}

/** Seeded numbers: evenly spread, spread over magnitudes, and the ends. */
function samples(lowest: number, highest: number, count: number): number[] {
  let state = 12345
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const high = state >>> 5
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (high * 67108864 + (state >>> 6)) / 2 ** 53
  }
  const even = Array.from({ length: count }, () => lowest + (highest - lowest) * uniform())
  const spread = Array.from({ length: count }, () => {
    const size = 2 ** (-30 * uniform())
    return (uniform() < 0.5 && lowest < 0) || highest <= 0 ? lowest * size : highest * size
  })
  return [lowest, highest, ...even, ...spread.filter((x) => x >= lowest)]
}

/** Numbers next to multiples of π/2, where the functions vanish. */
function nearZeros(highest: number, count: number): number[] {
  return Array.from({ length: count }, (_, k) => Math.round(((k + 1) * highest * 2) / Math.PI / count) * (Math.PI / 2))
}

const ulp32 = (x: number) => 2 ** (Math.floor(Math.log2(Math.max(Math.abs(x), 2 ** -126))) - 23)

interface Case {
  readonly name: string
  readonly build: (x: Expression) => Expression
  readonly single: (x: number) => number
  readonly double: (x: number) => reference.Reference
  readonly f32: readonly [number, number]
  readonly f64: readonly [number, number]
  /** Largest error that is promised. */
  readonly ulps: number
  readonly extra?: (highest: number) => number[]
}

const cases: readonly Case[] = [
  { name: 'exp', build: math.exp, single: Math.exp, double: reference.exp, f32: [-86.9, 88.7], f64: [-698, 709.7], ulps: 2 },
  { name: 'expm1', build: math.expm1, single: Math.expm1, double: reference.expm1, f32: [-86.9, 88.7], f64: [-100, 80], ulps: 3 },
  { name: 'tanh', build: math.tanh, single: Math.tanh, double: reference.tanh, f32: [-100, 100], f64: [-40, 40], ulps: 4 },
  { name: 'sigmoid', build: math.sigmoid, single: (x) => 1 / (1 + Math.exp(-x)), double: reference.sigmoid, f32: [-86, 86], f64: [-100, 100], ulps: 4 },
  { name: 'silu', build: math.silu, single: (x) => x / (1 + Math.exp(-x)), double: reference.silu, f32: [-86, 86], f64: [-100, 100], ulps: 4 },
  { name: 'log', build: math.log, single: Math.log, double: reference.log, f32: [2 ** -126, 3e38], f64: [2 ** -125, 2 ** 125], ulps: 3 },
  { name: 'log near 1', build: math.log, single: Math.log, double: reference.log, f32: [0.3, 3], f64: [0.3, 3], ulps: 3 },
  { name: 'sin', build: math.sin, single: Math.sin, double: reference.sin, f32: [-1600, 1600], f64: [-1e5, 1e5], ulps: 4, extra: (highest) => nearZeros(highest, 1000) },
  { name: 'cos', build: math.cos, single: Math.cos, double: reference.cos, f32: [-1600, 1600], f64: [-1e5, 1e5], ulps: 4, extra: (highest) => nearZeros(highest, 1000) },
  { name: 'rsqrt', build: math.rsqrt, single: (x) => 1 / Math.sqrt(x), double: reference.rsqrt, f32: [1e-6, 1e6], f64: [1e-6, 1e6], ulps: 2 },
  { name: 'x^6', build: (x) => math.powConstant(x, 6), single: (x) => x ** 6, double: (x) => reference.power(x, 6), f32: [0.01, 20], f64: [0.01, 20], ulps: 4 },
  { name: 'x^-5', build: (x) => math.powConstant(x, -5), single: (x) => x ** -5, double: (x) => reference.power(x, -5), f32: [0.01, 20], f64: [0.01, 20], ulps: 4 },
]

describe.each(cases)('$name', ({ build, single, double, f32, f64, ulps, extra }) => {
  test.each(['separate', 'fused'] as const)('in f32, fma %s', (fma) => {
    const x = Float32Array.from([...samples(...f32, 15000), ...(extra?.(f32[1]) ?? [])])
    const y = evaluate(build, x, fma)
    let [worst, where] = [0, 0]
    for (const [k, got] of y.entries()) {
      const expected = single(x[k] ?? 0)
      const error = got === expected ? 0 : Math.abs(got - expected) / ulp32(expected)
      if (!(error <= worst)) [worst, where] = [error, x[k] ?? 0]
    }
    expect(worst, `at ${where}`).toBeLessThanOrEqual(ulps)
  })

  test.each(['separate', 'fused'] as const)('in f64, fma %s', (fma) => {
    const x = Float64Array.from([...samples(...f64, 400), ...(extra?.(f64[1]) ?? [])])
    const y = evaluate(build, x, fma)
    let [worst, where] = [0, 0]
    for (const [k, got] of y.entries()) {
      const error = reference.ulpsFrom(double(x[k] ?? 0), got)
      if (!(error <= worst)) [worst, where] = [error, x[k] ?? 0]
    }
    expect(worst, `at ${where}`).toBeLessThanOrEqual(ulps)
  })
})

describe('reference', () => {
  test('agrees with float64', () => {
    const { exp, sin, cos, tanh, log } = reference
    const pairs = [[exp, Math.exp], [sin, Math.sin], [cos, Math.cos], [tanh, Math.tanh], [log, Math.log]] as const
    for (const [mine, theirs] of pairs)
      for (const x of [0.1, 0.7, 1.3, 5.5]) expect(reference.ulpsFrom(mine(x), theirs(x))).toBeLessThan(2)
    expect(reference.ulpsFrom(reference.exp(1), Math.E)).toBeLessThan(0.5)
    expect(reference.ulpsFrom(reference.log(2), Math.LN2 * (1 + 4 * Number.EPSILON))).toBeGreaterThan(2)
  })
})

describe('outside and at the ends', () => {
  const values = (build: (x: Expression) => Expression, ...x: number[]) => [...evaluate(build, Float32Array.from(x), 'separate'), ...evaluate(build, Float64Array.from(x), 'separate')]
  const twice = (...x: number[]) => [...x, ...x]

  test('exponentials', () => {
    expect(values(math.exp, -1000, 1000, -Infinity, Infinity, Number.NaN, 0)).toEqual(twice(0, Infinity, 0, Infinity, Number.NaN, 1))
    expect(values(math.expm1, -1000, Infinity, Number.NaN, 0)).toEqual(twice(-1, Infinity, Number.NaN, 0))
    expect(values(math.tanh, -1000, Infinity, Number.NaN, 0)).toEqual(twice(-1, 1, Number.NaN, 0))
    expect(values(math.sigmoid, -1000, Infinity, Number.NaN, 0)).toEqual(twice(0, 1, Number.NaN, 0.5))
    expect(values(math.silu, -1000, 1000, Number.NaN, 0)).toEqual(twice(-0, 1000, Number.NaN, 0))
  })

  test('logarithm, sine, powers', () => {
    expect(values(math.log, 0, -1, 1, Infinity, Number.NaN)).toEqual(twice(-Infinity, Number.NaN, 0, Infinity, Number.NaN))
    expect(values(math.sin, 0, Infinity, Number.NaN)).toEqual(twice(0, Number.NaN, Number.NaN))
    expect(values(math.cos, 0, Infinity, Number.NaN)).toEqual(twice(1, Number.NaN, Number.NaN))
    expect(values((x) => math.powConstant(x, 0), 0, 7)).toEqual(twice(1, 1))
    expect(values((x) => math.powConstant(x, 2.5), 0, 4)).toEqual(twice(0, 32))
    expect(values((x) => math.powConstant(x, -0.5), 4)).toEqual(twice(0.5))
  })

  test('powers of any kind', () => {
    const x = Float32Array.from(samples(0.5, 30, 3000))
    for (const exponent of [0.23, 0.3, -0.25]) {
      const y = evaluate((value) => math.pow(value, exponent), x, 'separate')
      for (const [k, got] of y.entries()) {
        const expected = (x[k] ?? 0) ** Math.fround(exponent)
        const limit = Math.max(4, 4 + 2 * Math.abs(exponent * Math.log(x[k] ?? 1)))
        expect(Math.abs(got - expected) / ulp32(expected)).toBeLessThanOrEqual(limit)
      }
    }
  })

  test('refuse what is no fraction', () => {
    const b = new KernelBuilder('probe', { lanes: 1 })
    for (const build of [math.exp, math.expm1, math.tanh, math.sigmoid, math.silu, math.log, math.sin, math.cos, math.rsqrt, (x: Expression) => math.pow(x, 2)])
      expect(() => build(b.constant('i32', 1))).toThrow(KernelError)
    expect(() => math.powConstant(b.constant('f32', 1), 0.3)).toThrow(/exponent is 0.3/)
    expect(() => math.powConstant(b.constant('f32', 1), 65)).toThrow(/exponent is 65/)
  })
})
