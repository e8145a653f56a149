import { DtypeError, InputError, registeredDevice } from '@equivar/core'
import { describe, expect, test, vi } from 'vitest'
import * as eq from '../../src/index.ts'
import { expectClose, expectNoLeaks, randomArray, read, scoped } from '../support/numbers.ts'
import { functions, indices } from './functions.ts'

/** Whether kernels run; this file is run once without and again with them. */
const device = registeredDevice('cpu')

describe('compiled programs', () => {
  expectNoLeaks()

  for (const { name, f, inputs, sizes = 1 } of functions)
    test(
      `give what eager execution gives: ${name}`,
      scoped(() => {
        using program = eq.compile(f)
        for (const n of [6, 9, 4, 30, 9, 17, 2, 6]) {
          const own = inputs(n)
          const [eager, compiled] = [f(...own), program(...own)]
          expect(compiled.map(({ shape, dtype, isTracked }) => [shape, dtype, isTracked])).toEqual(eager.map(({ shape, dtype }) => [shape, dtype, false]))
          expect(compiled.map(read)).toEqual(eager.map(read))
        }
        // One trace at first, two with sizes that can be told apart, and one for each size beyond those seen before.
        expect(program.statistics()).toMatchObject({ newShapes: { by: 'sizes', sizes }, calls: 8 })
        expect(program.statistics().traces).toBeLessThanOrEqual(5)
      }),
    )

  test(
    'take and give trees of arrays, inputs and constants among them',
    scoped(() => {
      const constant = randomArray([2], 1)
      using program = eq.compile((x: eq.NDArray, { y, rest }: { readonly y?: eq.NDArray; readonly rest: readonly eq.NDArray[] }) => ({
        sum: eq.add(x, rest[0] ?? x),
        same: [x, constant, eq.reshape(x, [2, 1]), eq.identity(x)],
        twice: [eq.neg(x), eq.neg(x)],
        missing: y,
        filled: eq.full([2, 2], 7),
      }))
      const [x, z] = [randomArray([2], 2), randomArray([2], 3)]
      const result = program.run(x, { rest: [z] })
      expect(Object.keys(result)).toEqual(['sum', 'same', 'twice', 'missing', 'filled'])
      expect(read(result.sum)).toEqual(read(eq.add(x, z)))
      expect(result.same.map(read)).toEqual([read(x), read(constant), read(x), read(x)])
      expect(result.twice.map(read)).toEqual([read(eq.neg(x)), read(eq.neg(x))])
      expect(read(result.filled)).toEqual([7, 7, 7, 7])
      expect(result.missing).toBeUndefined()
      // Results are nobody else's: another call changes nothing.
      const before = read(result.sum)
      program.run(z, { rest: [z] })
      expect(read(result.sum)).toEqual(before)
    }),
  )

  test(
    'hold what the function closes over, until they are disposed',
    scoped(() => {
      const before = eq.liveBuffers()
      const weights = randomArray([3], 4)
      const expected = read(weights)
      const program = eq.compile((x: eq.NDArray) => eq.mul(x, weights))
      const ones = eq.ones([3], { dtype: 'float64' })
      program(ones).dispose()
      weights.dispose()
      const y = program(ones)
      expect(read(y)).toEqual(expected)
      program.dispose()
      program.dispose()
      expect(read(y)).toEqual(expected)
      expect(() => program(ones)).toThrow('disposed')
      y.dispose()
      ones.dispose()
      expect(eq.liveBuffers()).toBe(before)
    }),
  )

  test(
    'are part of a function that is traced',
    scoped(() => {
      using inner = eq.compile((x: eq.NDArray) => eq.square(x))
      using outer = eq.compile((x: eq.NDArray) => {
        const leaf = eq.track(x)
        return eq.grad(eq.sum(inner(leaf)), [leaf])
      })
      const x = randomArray([4], 5)
      expect(outer(x).map(read)).toEqual([read(eq.mul(x, 2))])
      expect([inner.statistics().calls, outer.statistics().calls]).toEqual([0, 1])
    }),
  )

  test(
    'follow functions that branch on sizes',
    scoped(() => {
      const f = (x: eq.NDArray) => (x.size > 10 ? eq.mul(x, 2) : x.size > 4 ? eq.mul(x, 3) : eq.neg(x))
      for (const sizes of [[20, 12, 8, 9, 3, 2, 1, 0, 30], [3, 4, 6, 7, 20, 50, 5], [0, 1, 1, 0], [12, 3, 13, 4]]) {
        using program = eq.compile(f)
        for (const n of sizes) {
          const x = randomArray([n], n)
          expect(read(program(x))).toEqual(read(f(x)))
        }
      }
    }),
  )

  test(
    'are traced for every shape where contents depend on it, and say so',
    scoped(() => {
      const f = (x: eq.NDArray) => eq.mul(x, eq.array(Float64Array.from({ length: x.size }, (_, i) => Math.sqrt(i))))
      using program = eq.compile(f)
      for (const n of [3, 4, 5, 3]) {
        const x = randomArray([n], n)
        expect(read(program(x))).toEqual(read(f(x)))
      }
      const { newShapes, shapes } = program.statistics()
      expect(newShapes).toMatchObject({ by: 'traces', reason: expect.stringContaining('constant') as string })
      expect(shapes).toBe(3)
    }),
  )

  test(
    'find out which sizes vary independently',
    scoped(() => {
      const f = (x: eq.NDArray, y: eq.NDArray) => eq.concatenate([eq.reshape(x, [x.size, 1]), y])
      using program = eq.compile(f)
      for (const [n, m] of [[4, 5], [6, 5], [6, 7], [5, 5], [9, 8], [7, 7]] as const) {
        const [x, y] = [randomArray([n], n), randomArray([m, 1], m)]
        expect(read(program(x, y))).toEqual(read(f(x, y)))
      }
      expect(program.statistics()).toMatchObject({ newShapes: { by: 'sizes', sizes: 2 } })
    }),
  )

  test(
    'keep no more shapes ready than they are told to',
    scoped(() => {
      using program = eq.compile((x: eq.NDArray) => eq.sum(eq.exp(x)), { keepShapes: 2 })
      for (let n = 2; n < 40; n++) program(randomArray([n], n))
      expect(program.statistics()).toMatchObject({ shapes: 2, calls: 38 })
      expect(() => eq.compile((x: eq.NDArray) => x, { keepShapes: 0 })).toThrow(InputError)
    }),
  )

  test(
    'pass NaN and infinity on',
    scoped(() => {
      const f = (x: eq.NDArray) => [eq.mul(x, 0), eq.sub(x, x), eq.add(x, 0), eq.mul(x, Infinity)]
      using program = eq.compile(f)
      const x = eq.array([Number.NaN, Infinity, 1, 0], { dtype: 'float64' })
      expect(program(x).map(read)).toEqual(f(x).map(read))
    }),
  )

  describe('refuse, before anything runs,', () => {
    const program = () => eq.compile((x: eq.NDArray, { y }: { readonly y: eq.NDArray }) => eq.add(x, y))

    test(
      'inputs of another structure, dtype or state',
      scoped(() => {
        using sum = program()
        const x = randomArray([2], 1)
        sum(x, { y: x })
        const wild = sum as (...inputs: readonly unknown[]) => unknown
        expect(() => wild(x)).toThrow(InputError)
        expect(() => wild(x, x)).toThrow(/inputs\[1\] is an array float64\[2\], but the program was traced with an object of y/)
        expect(() => wild(x, { y: x, z: x })).toThrow(InputError)
        expect(() => wild(x, { y: 3 })).toThrow(/inputs\[1\]\.y is the number 3/)
        expect(() => sum(x, { y: eq.cast(x, 'float32') })).toThrow(DtypeError)
        const gone = randomArray([2], 2)
        gone.dispose()
        expect(() => sum(gone, { y: x })).toThrow('disposed')
        expect(() => sum(eq.track(x), { y: x })).toThrow('derivatives do not flow through a program')
        expect(() => sum(eq.abstractArray([2], 'float64'), { y: x })).toThrow('abstract')
        expect(() => sum(x, { y: randomArray([3], 1) })).toThrow('do not broadcast')
        expect(sum.statistics().calls).toBe(1)
        expect(() => program()(x, { y: new Date() as never })).toThrow('class Date')
      }),
    )

    test(
      'functions that are no functions of arrays',
      scoped(() => {
        const x = randomArray([2], 1)
        expect(() => eq.compile(() => 3)()).toThrow('the result of the function is the number 3')
        expect(() => eq.compile((y: eq.NDArray) => new Map([['y', y]]))(x)).toThrow('class Map')
        expect(() => eq.compile(async (y: eq.NDArray) => Promise.resolve(y))(x)).toThrow('promise')
        expect(() => eq.compile((y: eq.NDArray) => eq.mul(y, read(y)[0] ?? 0))(x)).toThrow('abstract')
        let leaked: eq.NDArray | undefined
        eq.compile((y: eq.NDArray) => (leaked = eq.neg(y)))(x)
        expect(() => eq.compile((y: eq.NDArray) => eq.add(y, leaked ?? y))(x)).toThrow('disposed')
        const outer = eq.track(x)
        expect(() => eq.compile((y: eq.NDArray) => eq.mul(y, outer))(x)).toThrow('tracked array float64[2] from outside')
        using untracked = eq.compile((y: eq.NDArray) => eq.mul(y, outer))
        expect(read(eq.noGrad(() => untracked(x)))).toEqual(read(eq.square(x)))
      }),
    )

    test(
      'indices out of range, of inputs, constants and what is computed',
      scoped(() => {
        const x = randomArray([4, 2], 1)
        using take = eq.compile((rows: eq.NDArray, i: eq.NDArray) => eq.take(rows, eq.sub(i, 0)))
        take(x, indices(3, 4, 1))
        for (const wrong of [[0, 4], [0, -1, 2]]) expect(() => take(x, eq.array(wrong, { dtype: 'int32' }))).toThrow(InputError)
        using shifted = eq.compile((rows: eq.NDArray, i: eq.NDArray) => eq.take(rows, eq.add(i, 1)))
        shifted(x, eq.array([0, 1, 2], { dtype: 'int32' }))
        expect(() => shifted(x, eq.array([0, 1, 3], { dtype: 'int32' }))).toThrow('take: index 4 at position 2')
        const constant = eq.array([0, 7], { dtype: 'int32' })
        using fixed = eq.compile((rows: eq.NDArray) => eq.segmentSum(rows, eq.concatenate([constant, constant]), 7))
        expect(() => fixed(x)).toThrow(InputError)
        using toInteger = eq.compile((y: eq.NDArray) => eq.cast(eq.mul(y, 1e10), 'int32'))
        expect(() => toInteger(x)).toThrow('which int32 cannot hold')
      }),
    )
  })

  test(
    'make no more memory than one call needs, however often they are called',
    scoped(() => {
      const f = (x: eq.NDArray, i: eq.NDArray) => {
        let y = x
        for (let k = 0; k < 6; k++) y = eq.tanh(eq.matmul(y, x))
        return [eq.sum(y), eq.segmentSum(y, i, 16)]
      }
      using program = eq.compile(f)
      const [x, i] = [randomArray([16, 16], 1), indices(16, 16, 2)]
      for (const y of program(x, i)) y.dispose()
      const before = [eq.liveBuffers(), device?.statistics().liveBuffers, device?.statistics().allocatedBytes]
      for (let k = 0; k < (device ? 10_000 : 200); k++) for (const y of program(x, i)) y.dispose()
      expect([eq.liveBuffers(), device?.statistics().liveBuffers, device?.statistics().allocatedBytes]).toEqual(before)
      const { peakBytes, arenaBytes, intermediateBytes, launches, traces } = program.statistics()
      expect(traces).toBe(1)
      if (device) {
        expect(launches).toBeGreaterThan(6)
        expect(arenaBytes).toBeGreaterThanOrEqual(peakBytes)
        expect(arenaBytes).toBeLessThan(0.6 * intermediateBytes)
      }
    }),
  )

  test(
    'use large inputs where they are, and make large outputs where they stay',
    scoped(() => {
      const f = (x: eq.NDArray, i: eq.NDArray) => [eq.segmentSum(eq.mul(x, 2), i, 1000), eq.exp(x), eq.sum(x), eq.take(eq.exp(x), i)]
      using program = eq.compile(f)
      for (const seed of [1, 2, 2]) {
        const [x, i] = [randomArray([300_000, 1], seed), indices(300_000, 1000, seed)]
        const [eager, compiled] = [f(x, i), program(x, i)]
        for (const [k, y] of compiled.entries()) expectClose(read(y), read(eager[k] ?? y), 0)
        for (const array of [...eager, ...compiled, x, i]) array.dispose()
      }
      if (device) expect(program.statistics().arenaBytes).toBeLessThan(8e6)
    }),
  )

  test(
    'give device memory back',
    scoped(() => {
      const f = (x: eq.NDArray, i: eq.NDArray) => eq.segmentSum(eq.take(eq.matmul(x, eq.full([3, 3], 2, { dtype: 'float64' })), i), i, 40)
      const use = () => {
        using program = eq.compile(f)
        for (const n of [40, 50, 45]) {
          const [x, i] = [randomArray([n, 3], 1), indices(2 * n, 40, 2)]
          for (const array of [program(x, i), x, i]) array.dispose()
        }
        return device?.statistics().liveBuffers
      }
      // Tables of kernels stay with their kernels.
      const during = use()
      const after = device?.statistics().liveBuffers
      expect([use(), device?.statistics().liveBuffers]).toEqual([during, after])
    }),
  )

  test(
    'explain their steps',
    scoped(() => {
      using program = eq.compile((x: eq.NDArray) => eq.sum(eq.exp(eq.neg(eq.square(x)))))
      program(randomArray([50], 1))
      const explanation = program.explain()
      const { steps, flops } = explanation
      expect(steps.at(-1)?.primitives).toEqual(['sum'])
      if (device) {
        expect(steps.map(({ primitives }) => primitives)).toEqual([['square', 'neg', 'exp'], ['sum']])
        expect(steps.map(({ method }) => method)).toEqual(['elementwise', 'kernels'])
        expect(flops).toBeGreaterThanOrEqual(150)
      }
      expect(explanation.toString()).toContain('sum')
      expect(program.statistics()).toMatchObject({ steps: device ? 2 : 4, calls: 1 })
      expect(explanation.toString()).not.toContain('registers')
    }),
  )

  test.runIf(device)(
    'explain what a compiler made of their kernels, where it says so',
    scoped(() => {
      using program = eq.compile((x: eq.NDArray) => eq.sum(eq.exp(x)))
      program(randomArray([50], 1))
      const resources = { registers: 96, sharedBytes: 2048, spilledBytes: 64, threadsPerBlock: 128, blocksPerMultiprocessor: 5 }
      if (device) vi.spyOn(device, 'compile').mockImplementation((kernel) => ({ kernel, resources: () => resources }))
      const explanation = program.explain()
      vi.restoreAllMocks()
      expect(explanation.steps[0]?.resources).toEqual([resources])
      expect(explanation.toString()).toContain('96+2.05kB, 64B spilled')
    }),
  )
})
