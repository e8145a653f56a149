import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EquivarError, FormatError, KernelError } from '../../src/errors.ts'
import { type Kernel, KernelBuilder, kernelFromJson, kernelKey, kernelToJson, printKernel, varying, verify } from '../../src/kernels/index.ts'

/** A kernel with an instruction of every kind. */
function everything(): Kernel {
  const b = new KernelBuilder('everything', { lanes: 4, gridRank: 2 })
  const [n, scale] = [b.parameter('n', 'index'), b.parameter('scale', 'f32')]
  const x = b.buffer('x', 'f32', 'read', { extent: b.extentOf(n) })
  const out = b.buffer('out', 'f32', 'readWrite', { extent: b.gridExtent(1).times(4) })
  const picks = b.buffer('picks', 'i32', 'read', { extent: 1, below: b.extentOf(n) })
  const tile = b.shared('tile', 'f32', 64)
  tile.storeLanes(0, b.lane().convert('f32').neg())
  b.barrier()
  const [memory, stride] = [tile, 4]
  b.tileMultiplyAdd({ rows: 4, columns: 4, depth: 4, target: { memory, stride, offset: 32 }, a: { memory, stride }, b: { memory, stride, offset: b.programId(0).mul(16) }, precision: 'tf32' })
  const [total] = b.loop(0, n, { step: 4, carry: [varying(b.constant('f32', -0))] }, (i, [sum]) => [
    x.loadLanes(i, { active: n.sub(i) }).fma(scale, sum),
  ])
  const [chosen] = b.branch(scale.less(Infinity), () => [total], () => [x.load(picks.load(0).convert('index'), { mask: b.lane().less(2) })])
  out.store(b.programId(1).mul(4).add(b.lane()), b.lane().equal(1).select(chosen.bitcast('u32').bitcast('f32'), chosen.sum({ active: 3 })))
  b.barrier()
  out.atomic('add', 0, 1)
  return b.build()
}

/** JSON of a kernel as something that can be changed. */
function mutable(kernel: Kernel): unknown {
  return JSON.parse(JSON.stringify(kernelToJson(kernel)))
}

/** A copy of data in which what lies at a path is another. */
function withAt(value: unknown, [key, ...path]: readonly (string | number)[], change: (before: unknown) => unknown): unknown {
  if (key === undefined) return change(value)
  if (Array.isArray(value)) return value.map((inner: unknown, k) => (k === key ? withAt(inner, path, change) : inner))
  const object = value as Readonly<Record<string, unknown>>
  return { ...object, [key]: withAt(object[key], path, change) }
}

describe('JSON', () => {
  test('brings back the same kernel', () => {
    const kernel = everything()
    const again = kernelFromJson(mutable(kernel))
    expect(again).toEqual(kernel)
    expect(kernelKey(again)).toBe(kernelKey(kernel))
    expect(printKernel(again)).toBe(printKernel(kernel))
  })

  test('numbers that JSON does not have', () => {
    const b = new KernelBuilder('unusual', { lanes: 1 })
    const out = b.buffer('out', 'f64', 'write')
    for (const [k, value] of [Number.NaN, Infinity, -Infinity, -0].entries()) out.store(k, value)
    expect(kernelFromJson(mutable(b.build()))).toEqual(b.build())
  })

  test('the key does not depend on the numbers of values or the order of fields', () => {
    const kernel = everything()
    const { name, ...others } = kernel
    expect(kernelKey({ ...others, name })).toBe(kernelKey(kernel))

    const b = new KernelBuilder('probe', { lanes: 1 })
    b.buffer('out', 'f64', 'write').store(4, 0.5)
    const built = b.build()
    const [position, value] = built.types
    const body = [
      { op: 'constant', result: 1, value: 4 },
      { op: 'constant', result: 0, value: 0.5 },
      { op: 'store', memory: { space: 'buffer', slot: 0 }, index: 1, value: 0, mask: null },
    ] as const
    expect(kernelKey({ ...built, types: [value ?? { scalar: 'f64', uniformity: 'uniform' }, position ?? { scalar: 'index', uniformity: 'uniform' }], body })).toBe(kernelKey(built))
  })

  test('the key tells kernels apart', () => {
    const make = (factor: number) => {
      const b = new KernelBuilder('probe', { lanes: 1 })
      b.buffer('out', 'f64', 'write').store(0, b.parameter('x', 'f64').mul(factor))
      return kernelKey(b.build())
    }
    expect(new Set([make(2), make(3), make(-0), make(0)]).size).toBe(4)
  })

  const storeAt = everything().body.findIndex(({ op }) => op === 'storeLanes')
  const hostile: [string, readonly (string | number)[], unknown, RegExp][] = [
    ['another format', ['format'], 'x', /format must be one of equivar.kernel/],
    ['another version', ['version'], 2, /version must be one of 1/],
    ['no kernel', ['kernel'], null, /kernel must be an object/],
    ['a field too many', ['kernel', 'code'], 1, /unknown field 'code'/],
    ['lanes as text', ['kernel', 'lanes'], '4', /lanes must be a non-negative integer/],
    ['too many lanes', ['kernel', 'lanes'], 1e9, /lanes is 1000000000/],
    ['an unknown instruction', ['kernel', 'body', 0, 'op'], 'eval', /op must be one of constant/],
    ['a name of the prototype', ['kernel', 'body', 0, 'op'], 'constructor', /op must be one of constant/],
    ['a fraction as value', ['kernel', 'body', 0, 'result'], 0.5, /result must be a non-negative integer/],
    ['a value without a type', ['kernel', 'body', 0, 'result'], 10000, /value %10000 has no type/],
    ['a text as constant', ['kernel', 'body', 0], { op: 'constant', result: 0, value: 'one' }, /value must be a number or one of NaN/],
    ['a list that is none', ['kernel', 'body'], {}, /body must be a list/],
    ['an unknown type', ['kernel', 'types', 0, 'scalar'], 'f16', /scalar must be one of f32/],
    ['a name with code', ['kernel', 'name'], 'x(); drop', /is no name/],
    ['a memory that is not there', ['kernel', 'body', storeAt, 'memory', 'slot'], 9, /there is no shared array 9/],
  ]
  test.each(hostile)('refuses %s', (_, path, value, message) => {
    const json = withAt(mutable(everything()), path, () => value)
    expect(() => kernelFromJson(json)).toThrow(EquivarError)
    expect(() => kernelFromJson(json)).toThrow(message)
  })

  test('refuses blocks without end', () => {
    let body: unknown = []
    for (let depth = 0; depth < 5000; depth++) body = [{ op: 'branch', condition: 0, then: body, otherwise: [], results: [] }]
    const json = withAt(mutable(everything()), ['kernel', 'body'], () => body)
    expect(() => kernelFromJson(json)).toThrow(FormatError)
    expect(() => kernelFromJson(json)).toThrow(/nested deeper than 64/)
  })

  test('any change of a number gives a kernel, or a typed error', () => {
    const text = JSON.stringify(mutable(everything()))
    const places = [...text.matchAll(/(?<=[:[,])-?\d+/g)].map(({ index, 0: number }) => ({ index, length: number.length }))
    expect(places.length).toBeGreaterThan(120)
    const change = fc.record({ place: fc.nat(places.length - 1), value: fc.constantFrom('0', '1', '2', '3', '7', '12', '99', '-1', '1e300', 'null', '"x"', '0.5') })
    fc.assert(
      fc.property(change, ({ place, value }) => {
        const { index, length } = places[place] ?? { index: 0, length: 0 }
        try {
          verify(kernelFromJson(JSON.parse(text.slice(0, index) + value + text.slice(index + length))))
        } catch (error) {
          expect(error).toBeInstanceOf(EquivarError)
          expect(String(error)).not.toMatch(/internal/)
        }
      }),
      { seed: 11, numRuns: 600 },
    )
  })
})

describe('verify', () => {
  const base: Kernel = { name: 'probe', lanes: 4, gridRank: 1, parameters: [], buffers: [], shared: [], types: [], body: [] }
  const index = { scalar: 'index', uniformity: 'uniform' } as const
  const lanes = { scalar: 'index', uniformity: 'varying' } as const
  const bool = { scalar: 'bool', uniformity: 'uniform' } as const
  const one = { op: 'constant', result: 0, value: 1 } as const
  const shared = [{ name: 's', scalar: 'f32', length: 8 }] as const
  const inShared = { space: 'shared', slot: 0 } as const
  const tile = { slot: 0, offset: 0, order: 'rows', stride: 3 } as const

  const broken: [string, Partial<Kernel>, RegExp][] = [
    ['a value defined twice', { types: [index], body: [one, one] }, /value %0 is defined twice/],
    ['a value never defined', { types: [index, index], body: [one] }, /types for 2 values, but 1/],
    ['a use before the definition', { types: [index, index], body: [{ op: 'unary', operator: 'neg', result: 1, x: 0 }, one] }, /value %0 is used where it is not defined/],
    ['a value out of its block', {
      types: [bool, index, index],
      body: [{ ...one }, { op: 'branch', condition: 0, then: [{ op: 'constant', result: 1, value: 4 }], otherwise: [], results: [] }, { op: 'unary', operator: 'neg', result: 2, x: 1 }],
    }, /value %1 is used where it is not defined/],
    ['a counter out of its loop', {
      types: [index, index, index],
      body: [one, { op: 'loop', counter: 1, start: 0, end: 0, step: 0, carried: [], body: [] }, { op: 'unary', operator: 'neg', result: 2, x: 1 }],
    }, /value %1 is used where it is not defined/],
    ['uniform out of varying', { types: [lanes, index], body: [{ op: 'lane', result: 0 }, { op: 'unary', operator: 'neg', result: 1, x: 0 }] }, /unary gives index varying, but %1 is declared index/],
    ['a varying constant', { types: [lanes], body: [one] }, /constant gives index, but %0 is declared index varying/],
    ['a constant that is not exact', { types: [{ scalar: 'f32', uniformity: 'uniform' }], body: [{ op: 'constant', result: 0, value: 0.1 }] }, /constant 0.1 is no f32/],
    ['a parameter that is not there', { types: [index], body: [{ op: 'parameter', result: 0, parameter: 0 }] }, /there is no parameter 0/],
    ['a step of zero', {
      types: [index, index],
      body: [{ op: 'constant', result: 0, value: 0 }, { op: 'loop', counter: 1, start: 0, end: 0, step: 0, carried: [], body: [] }],
    }, /the step is 0/],
    ['carried values of another type', {
      types: [index, index, bool, bool],
      body: [one, { op: 'loop', counter: 1, start: 0, end: 0, step: 0, carried: [{ initial: 0, inside: 2, next: 0, result: 3 }], body: [] }],
    }, /the initial value is index, but it carries bool/],
    ['a place behind the end', { shared, types: [index, { scalar: 'f32', uniformity: 'uniform' }], body: [{ ...one, value: 8 }, { op: 'load', result: 1, memory: inShared, index: 0, mask: null }] }, /elements 8 … 8 of 's' do not exist, it has 8/],
    ['lanes behind the end', { shared, types: [index, { scalar: 'f32', uniformity: 'varying' }], body: [{ ...one, value: 5 }, { op: 'loadLanes', result: 1, memory: inShared, base: 0, active: null }] }, /elements 5 … 8 of 's'/],
    ['a tile behind the end', { shared, types: [index], body: [one, { op: 'tileMultiplyAdd', rows: 3, columns: 2, depth: 2, target: tile, a: tile, b: tile, precision: 'exact' }] }, /target covers elements 1 … 8, but 's' has 8/],
    ['rows that overlap', { shared, types: [index], body: [one, { op: 'tileMultiplyAdd', rows: 1, columns: 4, depth: 1, target: tile, a: tile, b: tile, precision: 'exact' }] }, /rows of target hold 4 elements, but begin 3 apart/],
    ['columns that overlap', { shared, types: [index], body: [one, { op: 'tileMultiplyAdd', rows: 1, columns: 1, depth: 4, target: tile, a: tile, b: { ...tile, order: 'columns' }, precision: 'exact' }] }, /rows of a hold 4 elements/],
    ['columns behind the end', { shared, types: [index], body: [one, { op: 'tileMultiplyAdd', rows: 2, columns: 1, depth: 3, target: tile, a: { ...tile, order: 'columns' }, b: tile, precision: 'exact' }] }, /a covers elements 1 … 8, but 's' has 8/],
    ['a target in columns', { shared, types: [index], body: [one, { op: 'tileMultiplyAdd', rows: 1, columns: 1, depth: 1, target: { ...tile, order: 'columns' }, a: tile, b: tile, precision: 'exact' }] }, /target lies in columns, but must lie in rows/],
    ['fractions promised below something', { buffers: [{ name: 'x', scalar: 'f32', access: 'read', extent: null, below: { constant: 1, terms: [] } }] }, /only elements of an integer type/],
    ['an extent of nothing', { buffers: [{ name: 'x', scalar: 'f32', access: 'read', extent: { constant: 1, terms: [{ symbol: 'parameter', slot: 0, factor: 1 }] }, below: null }] }, /extent of 'x' names parameter 0/],
    ['an empty array', { shared: [{ name: 's', scalar: 'f32', length: 0 }] }, /length of 's' is 0/],
  ]
  test.each(broken)('refuses %s', (_, change, message) => {
    expect(() => verify({ ...base, ...change })).toThrow(KernelError)
    expect(() => verify({ ...base, ...change })).toThrow(message)
  })

  test('lets a kernel pass that does nothing', () => {
    expect(() => verify(base)).not.toThrow()
  })
})
