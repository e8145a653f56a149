import { DtypeError, Irreps, irMul, ShapeError } from '@equivar/core'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { cond, grad, IrrepsArray, jit, numpy as np, scan, valueAndGrad, vmap, whileLoop, type DeviceArray } from '../../src/index.ts'
import { randomArray } from '../support/numbers.ts'

const x = randomArray([4, 3], 1)

describe('errors in a function under a transformation', () => {
  test.each([
    ['jit', (f: (a: DeviceArray) => DeviceArray) => jit(f)],
    ['vmap', (f: (a: DeviceArray) => DeviceArray) => vmap(f)],
    ['grad', (f: (a: DeviceArray) => DeviceArray) => grad((a: DeviceArray) => np.sum(f(a)))],
  ])('point at the line and name the abstract value, %s', (name, transformation) => {
    const wrong = (a: DeviceArray) => np.matmul(a, randomArray([5, 2], 1))
    const run = () => transformation(wrong)(name === 'vmap' ? np.stack([x, x]) : x)
    expect(run).toThrow(ShapeError)
    expect(run).toThrow(/inner extents differ: \[4, 3\] has 3 columns[\s\S]*in a function under \w+, at .*errors\.test\.ts:15:/)
  })

  test('in loops and branches, eager and traced', () => {
    const wrong = (a: DeviceArray) => a.add(randomArray([7], 1))
    const loops: Readonly<Record<string, (a: DeviceArray) => unknown>> = {
      scan: (a) => scan((c: DeviceArray) => [wrong(c), 0], a, undefined, { length: 2 }),
      whileLoop: (a) => whileLoop((c) => np.less(np.sum(c), 100), wrong, a),
      cond: (a) => cond(np.less(np.sum(a), 100), wrong, wrong, a),
    }
    for (const [name, loop] of Object.entries(loops))
      for (const run of [loop, jit((a: DeviceArray) => loop(a) as DeviceArray)])
        expect(() => run(x), name).toThrow(new RegExp(`\\[4, 3\\][\\s\\S]*\\[7\\][\\s\\S]*in a function under ${name}, at .*errors\\.test\\.ts:22:`))
  })

  test.each<[string, (f: (a: DeviceArray) => DeviceArray) => unknown]>([
    ['grad', (f) => grad((a: DeviceArray) => np.sum(f(a)))(x)],
    ['jit', (f) => jit(f)(x)],
    ['vmap', (f) => vmap(f)(np.stack([x, x]))],
    ['scan', (f) => scan((c: DeviceArray) => [f(c), 0] as const, x, undefined, { length: 2 })],
    ['a scan in jit', (f) => jit((a: DeviceArray) => scan((c: DeviceArray) => [f(c), 0] as const, a, undefined, { length: 2 })[0])(x)],
    ['grad in vmap in jit', (f) => jit(vmap(grad((a: DeviceArray) => np.sum(f(a)))))(np.stack([x, x]))],
  ])('name dtypes and representations under %s, at the line', (_, run) => {
    const here = /in a function under \w+, at .*errors\.test\.ts:\d+:/
    const mixed = (a: DeviceArray) => np.add(a, a.astype('float32'))
    expect(() => run(mixed)).toThrow(/float64[\s\S]*float32/)
    expect(() => run(mixed)).toThrow(here)
    const [even, odd] = [new Irreps('O3', '3x0e'), new Irreps('O3', '1o')]
    const turned = (a: DeviceArray) => new IrrepsArray(even, a, irMul).add(new IrrepsArray(odd, a, irMul)).array
    expect(() => run(turned)).toThrow(/representations differ: \{3x0e \(irrep,mul\)\} float64\[4, 3\].* and \{1o \(irrep,mul\)\} float64\[4, 3\]/)
    expect(() => run(turned)).toThrow(here)
  })

  test('name representations', () => {
    const [a, b] = [new Irreps('O3', '3x0e'), new Irreps('O3', '1o')]
    expect(() => jit((own: DeviceArray) => new IrrepsArray(a, own, irMul).add(new IrrepsArray(b, own, irMul)))(x)).toThrow(
      /representations differ: \{3x0e \(irrep,mul\)\} float64\[4, 3\] abstract and \{1o \(irrep,mul\)\} float64\[4, 3\] abstract/,
    )
  })

  test('refuse to read what has no elements', async () => {
    let seen: DeviceArray | undefined
    jit((own: DeviceArray) => {
      seen = own
      expect(String(own)).toBe('float64[4, 3] abstract')
      expect(inspect(own)).toBe('float64[4, 3] abstract')
      return own.mul(2)
    })(x)
    await expect(seen?.data()).rejects.toThrow(/abstract|was disposed/)
    const reading = jit(async (own: DeviceArray) => own.data())
    expect(() => reading(x)).toThrow(/returned a promise, but what is computed inside has no elements/)
    expect(() => jit((own: DeviceArray) => (own as unknown as number) > 0 ? own : own)(x)).toThrow(/was used as a number/)
    expect(() => jit((own: DeviceArray) => own.shape[0])(x)).toThrow(/gives the number 4, which would stay as it is now/)
  })

  test('say what a gradient needs', () => {
    expect(() => grad((own: DeviceArray) => own)(x)).toThrow(ShapeError)
    expect(() => grad((own: DeviceArray) => np.sum(own))(np.array([1], { dtype: 'int32' }))).toThrow(DtypeError)
    expect(() => grad((own: DeviceArray) => own.size as unknown as DeviceArray)(x)).toThrow(/must give an array of one element, got the number 12/)
    expect(() => valueAndGrad((own: DeviceArray) => np.sum(own), { argnums: 2 })(x)).toThrow(/there is no argument 2 among 1/)
  })
})
