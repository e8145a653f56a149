import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { channelwiseTensorProduct } from '../../src/descriptors/index.ts'
import { KernelError } from '../../src/errors.ts'
import { Irreps } from '../../src/irreps/index.ts'
import { type Expression, interpret, KernelBuilder, requireProved, unprovedAccesses } from '../../src/kernels/index.ts'
import { convolution, histogram, matrixProduct, saxpy, scan, segmentSum, softmax } from '../../src/conformance/kernels/examples.ts'

const { polynomial } = channelwiseTensorProduct(new Irreps('O3', '5x0e + 5x1o'), new Irreps('O3', '0e + 1o'), new Irreps('O3', '0e + 1o'))

describe('accesses inside of their memory are proved', () => {
  test.each([saxpy(8), softmax(16), segmentSum(4, 5, 'f64'), convolution(polynomial, 5, 4, 'f32'), scan(), histogram(4)].map((kernel) => [kernel.name, kernel] as const))('%s', (_, kernel) => {
    expect(unprovedAccesses(kernel)).toEqual([])
    expect(() => requireProved(kernel)).not.toThrow()
  })
})

/** Accesses that are not proved of a kernel with buffers of n and 3 n + 1 elements. */
function unproved(write: (b: KernelBuilder, n: ReturnType<KernelBuilder['parameter']>, x: ReturnType<KernelBuilder['buffer']>) => void): readonly string[] {
  const b = new KernelBuilder('probe', { lanes: 4, gridRank: 1 })
  const n = b.parameter('n', 'index')
  write(b, n, b.buffer('x', 'f32', 'readWrite', { extent: b.extentOf(n).times(3).plus(1) }))
  return unprovedAccesses(b.build()).flatMap(({ memory, missing, reason }) => missing.map((what) => `${memory} ${what} ${reason}`))
}

describe('what follows', () => {
  test('constants and their ends', () => {
    expect(unproved((_b, _n, x) => x.store(0, 1))).toEqual([])
    expect(unproved((_b, _n, x) => x.store(1, 1))).toEqual(['x index < extent not proved'])
    expect(unproved((_b, n, x) => x.store(n.mul(3), 1))).toEqual([])
    expect(unproved((_b, n, x) => x.store(n.mul(3).add(1), 1))).toEqual(['x index < extent not proved'])
    expect(unproved((_b, n, x) => x.store(n.sub(1), 1))).toEqual(['x index ≥ 0 not proved'])
  })

  test('programs', () => {
    const rows = (behind: number) => unproved((b) => b.buffer('rows', 'f32', 'write', { extent: b.gridExtent(0).times(4) }).store(b.programId().mul(4).add(behind), 1))
    expect(rows(3)).toEqual([])
    expect(rows(4)).toEqual(['rows index < extent not proved'])
  })

  test('loops, also those of whole steps', () => {
    expect(unproved((b, n, x) => b.loop(0, n, {}, (i) => x.store(i.mul(3).add(3), 1)))).toEqual([])
    expect(unproved((b, n, x) => b.loop(0, n, {}, (i) => x.store(i.mul(3).add(4), 1)))).toEqual(['x index < extent not proved'])
    expect(unproved((b, n, x) => b.loop(0, n.mul(3), { step: 3 }, (i) => x.store(i.add(3), 1)))).toEqual([])
    expect(unproved((b, n, x) => b.loop(1, n.mul(3), { step: 3 }, (i) => x.store(i.add(3), 1)))).toEqual(['x index < extent not proved'])
    expect(unproved((b, n, x) => b.loop(n.mul(-1), n, {}, (i) => x.store(i, 1)))).toEqual(['x index ≥ 0 not proved'])
  })

  test('masks and branches, only where they hold', () => {
    expect(unproved((b, n, x) => x.store(b.lane(), 1, { mask: b.lane().less(n) }))).toEqual([])
    expect(unproved((b, n, x) => x.store(b.lane(), 1, { mask: b.lane().less(n).and(b.lane().less(2)) }))).toEqual([])
    expect(unproved((b, n, x) => x.store(b.lane(), 1, { mask: b.lane().less(n).or(b.lane().less(2)) }))).toEqual(['x index < extent not proved'])
    expect(unproved((b, n, x) => x.store(b.lane(), 1, { mask: n.less(b.lane()) }))).toEqual(['x index < extent not proved'])
    expect(unproved((b, n, x) => b.branch(b.programId().less(n), () => x.store(b.programId(), 1)))).toEqual([])
    expect(unproved((b, n, x) => b.branch(b.programId().less(n), () => undefined, () => x.store(b.programId(), 1)))).toEqual(['x index < extent not proved'])
    expect(
      unproved((b, n, x) => {
        b.branch(b.programId().less(n), () => x.store(b.programId(), 1))
        x.store(b.programId(), 1)
      }),
    ).toEqual(['x index < extent not proved'])
  })

  test('quotients, remainders, minimum and maximum', () => {
    expect(unproved((b, n, x) => b.loop(0, n.mul(8), {}, (i) => x.store(i.div(8).mul(3).add(i.rem(4)), 1)))).toEqual([])
    expect(unproved((b, n, x) => b.loop(0, n.mul(8), {}, (i) => x.store(i.div(8).mul(3).add(i.rem(5)), 1)))).toEqual(['x index < extent not proved'])
    expect(unproved((b, n, x) => b.loop(0, n, {}, (i) => x.store(i.sub(1).rem(4), 1)))).toEqual(['x index ≥ 0 not proved', 'x index < extent not proved'])
    expect(unproved((b, n, x) => x.store(b.programId().min(n), 1))).toEqual([])
    expect(unproved((b, n, x) => x.store(b.programId().max(n), 1))).toEqual(['x index < extent not proved'])
    expect(unproved((_b, n, x) => x.store(n.sub(1).max(0), 1))).toEqual(['x index < extent not proved'])
    expect(unproved((b, n, x) => x.store(n.sub(1).max(0), 1, { mask: b.lane().less(n) }))).toEqual(['x index < extent not proved'])
  })

  test('tails', () => {
    expect(unproved((b, n, x) => x.storeLanes(b.programId().mul(4), 1, { active: n.sub(b.programId().mul(4)) }))).toEqual([])
    expect(unproved((b, n, x) => x.storeLanes(b.programId().mul(4), 1, { active: n.sub(b.programId()) }))).toEqual(['x index < extent not proved'])
    expect(unproved((b, _n, x) => x.storeLanes(b.programId().mul(4), 1))).toEqual(['x index < extent not proved'])
  })

  test('elements that are promised to lie below something, unless the kernel writes them', () => {
    const gather = (access: 'read' | 'readWrite') =>
      unproved((b, n, x) => {
        const picks = b.buffer('picks', 'i32', access, { extent: 1, below: b.extentOf(n) })
        x.store(picks.load(0).convert('index').mul(3).add(3), 1)
      })
    expect(gather('read')).toEqual([])
    expect(gather('readWrite')).toEqual(['x index ≥ 0 not proved', 'x index < extent not proved'])
    // Where the mask is false the number is 0, which does not lie below n if n is 0.
    const masked = unproved((b, n, x) => {
      const picks = b.buffer('picks', 'i32', 'read', { extent: b.extentOf(n), below: b.extentOf(n) })
      x.store(picks.load(0, { mask: b.constant('index', 0).less(n) }).convert('index').mul(3).add(3), 1)
    })
    expect(masked).toEqual(['x index < extent not proved'])
  })

  test('sums of 32 bits wrap around and prove nothing', () => {
    const gather = (add: boolean) =>
      unproved((b, n, x) => {
        const pick = b.buffer('picks', 'i32', 'read', { extent: 1, below: b.extentOf(n) }).load(0)
        x.store((add ? pick.add(1) : pick).convert('index'), 1)
      })
    expect(gather(false)).toEqual([])
    expect(gather(true)).toEqual(['x index ≥ 0 not proved', 'x index < extent not proved'])
  })

  test('shared arrays and tiles', () => {
    expect(unproved((b) => b.shared('s', 'f32', 4).storeLanes(0, 1))).toEqual([])
    expect(unproved((b) => b.shared('s', 'f32', 4).storeLanes(b.programId(), 1))).toEqual(['s index < extent not proved'])
    const tiles = (last: number) =>
      unproved((b) => {
        const [memory, stride] = [b.shared('s', 'f32', 64), 4]
        b.loop(0, 16 * last, { step: 16 }, (offset) => {
          const source = { memory, stride, offset }
          b.tileMultiplyAdd({ rows: 4, columns: 4, depth: 4, target: { memory, stride, offset: 48 }, a: source, b: source })
        })
      })
    expect(tiles(4)).toEqual([])
    expect(tiles(5)).toEqual(['s index < extent not proved', 's index < extent not proved'])
  })
})

describe('what is not declared', () => {
  test('is reported, and refused where proof is demanded', () => {
    const kernel = matrixProduct('exact')
    expect(new Set(unprovedAccesses(kernel).map(({ memory, reason }) => `${memory}: ${reason}`))).toEqual(
      new Set(['left: no extent declared', 'right: no extent declared', 'result: no extent declared']),
    )
    expect(() => requireProved(kernel)).toThrow(KernelError)
    expect(() => requireProved(kernel)).toThrow(/loadLanes left\[%\d+\]: no extent declared: index.*, and \d+ more; declare extents/)
  })
})

describe('no proof is wrong', () => {
  type Step = readonly [kind: number, constant: number, other: number]

  /** A kernel that computes an index by some steps and stores there, in a loop and under a mask. */
  const build = (steps: readonly Step[], [factor, constant]: readonly [number, number], masked: boolean) => {
    const b = new KernelBuilder('probe', { lanes: 3 })
    const [n, m] = [b.parameter('n', 'index'), b.parameter('m', 'index')]
    const picks = b.buffer('picks', 'i32', 'read', { extent: b.extentOf(n), below: b.extentOf(m) })
    const x = b.buffer('x', 'f32', 'write', { extent: b.extentOf(n).times(factor).plus(b.extentOf(m)).plus(constant) })
    b.loop(m, n.mul(2).add(m), { step: 2 }, (i) => {
      const pick = picks.load(b.lane(), { mask: b.lane().less(n) }).convert('index')
      const values: Expression[] = [b.programId(), b.lane(), i, n, m, pick]
      for (const [kind, number, other] of steps) {
        const last = values[values.length - 1] ?? n
        const second = values[other % values.length] ?? n
        const choices = [
          () => last.add(second), () => last.sub(second), () => last.mul(number), () => last.add(number), () => last.min(second),
          () => last.max(second), () => second.div(number + 1), () => second.rem(number + 1), () => second,
        ]
        values.push(choices[kind % choices.length]?.() ?? last)
      }
      const index = values[values.length - 1] ?? n
      const mask = b.lane().less(m)
      x.store(index, 1, masked || index.type.uniformity === 'uniform' ? { mask } : {})
    })
    return b.build()
  }

  test('proved accesses never leave their memory', () => {
    const step = fc.tuple(fc.nat(8), fc.nat(4), fc.nat(9))
    let [numProved, numRefuted] = [0, 0]
    const property = fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.tuple(fc.nat(3), fc.nat(3)), fc.boolean(), (steps, extent, masked) => {
      const kernel = build(steps, extent, masked)
      if (unprovedAccesses(kernel).length > 0) return
      numProved++
      for (const [n, m, programs] of [[0, 0, 1], [0, 3, 2], [1, 0, 2], [1, 1, 1], [3, 2, 3], [5, 1, 2], [2, 7, 2]] as const) {
        const picks = Int32Array.from({ length: n }, (_, k) => (m > 0 ? (k * 5 + 1) % m : 0))
        // Where the range is empty no buffer keeps the promise but an empty one.
        if (m === 0 && n > 0) continue
        const buffers = { picks, x: new Float32Array(n * extent[0] + m + extent[1]) }
        interpret(kernel, { grid: [programs], parameters: { n, m }, buffers }, { findsRaces: false })
      }
    })
    fc.assert(property, { seed: 5, numRuns: 2000 })
    const isRefuted = fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), (steps) => {
      if (unprovedAccesses(build(steps, [1, 1], false)).length > 0) numRefuted++
    })
    fc.assert(isRefuted, { seed: 6, numRuns: 100 })
    expect(numProved).toBeGreaterThan(100)
    expect(numRefuted).toBeGreaterThan(20)
  })
})
