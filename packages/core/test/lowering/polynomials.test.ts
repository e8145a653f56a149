import { describe, expect, it } from 'vitest'
import { HostArray, Operation, Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '../../src/index.ts'
import * as lowering from '../../src/lowering/index.ts'
import { type Accesses, batched, contraction, convolution, fullyConnected, harmonics, indexed, problem, type Scalars, shared, withDerivatives } from './problems.ts'
import { expected, gpu, maxDifference, type Problem, runPlan, simd } from './run-plan.ts'

interface Options {
  readonly batchSize?: number
  readonly method?: lowering.Method
  readonly scalars?: Scalars
  readonly tolerance?: number
}

function check(own: Problem, target: lowering.Target, method: lowering.Method | 'auto', tolerance: number): void {
  const lowered = lowering.lowerPolynomial(own.request, target, method)
  expect(maxDifference(runPlan(own, lowered.plan(own.sizes)), expected(own))).toBeLessThan(tolerance)
}

function checkAll(polynomials: readonly Accesses[], target: lowering.Target, { batchSize = 19, method, scalars, tolerance = 1e-13 }: Options = {}): void {
  for (const own of polynomials) check(problem(own, batchSize, scalars), target, method ?? 'auto', tolerance)
}

describe.each([
  ['simd', simd],
  ['gpu', gpu],
] as const)('lowered to %s', (_, target) => {
  // One and two are unrolled, 5 is a vector and something, 13 several vectors and something.
  it.each([1, 2, 5, 8, 13])('convolution of %i channels, to double backward', (multiplicity) => {
    checkAll(withDerivatives(convolution(multiplicity)), target)
  })

  it('symmetric contraction, to double backward', () => {
    checkAll(withDerivatives(contraction(8)), target, { batchSize: 13 })
  })

  it('spherical harmonics, to double backward', () => {
    checkAll(withDerivatives(harmonics([0, 1, 2, 3])), target, { batchSize: 11 })
  })

  it('fully connected products, to double backward', () => {
    checkAll(withDerivatives(fullyConnected('2x0e+5x1o')), target, { batchSize: 7 })
  })

  it('large fully connected products, in two stages, to double backward', () => {
    const own = fullyConnected('17x0e+16x1o')
    expect(lowering.lowerPolynomial(problem(own, 2).request, target).explain(problem(own, 2).sizes).reason).toContain('two by two')
    checkAll(withDerivatives(own).slice(0, 2), target, { batchSize: 3 })
  })

  it('anything, by tables', () => {
    checkAll([...withDerivatives(fullyConnected('2x0e+3x1o')), ...withDerivatives(convolution(5))], target, { batchSize: 7, method: 'naive' })
  })

  it.each([0, 1, 700])('sums over a batch of %i', (batchSize) => {
    const { polynomial } = convolution(4)
    checkAll(withDerivatives({ polynomial, inputs: [shared, batched, batched], outputs: [shared] }), target, { batchSize })
    checkAll([{ polynomial, inputs: [shared, batched, batched], outputs: [shared] }], target, { batchSize, method: 'naive' })
  })

  it('runs longer than a chunk, and rows without entries', () => {
    const own = { ...convolution(5), outputs: [indexed(0)] }
    const long = problem(own, 150)
    check({ ...long, indices: long.indices.map((indices) => indices.map((row, e) => (e % 50 === 0 ? row : 1))) }, target, 'auto', 1e-13)
    check({ ...long, indices: long.indices.map((indices) => indices.map(() => 1)) }, target, 'auto', 1e-13)
  })

  it('a few rows of many entries, and rows without any', () => {
    const own = { ...convolution(5), outputs: [indexed(0)] }
    for (const each of withDerivatives(own).slice(0, 2)) {
      const many = problem(each, 1500)
      // Enough entries for parts, whose ends are the end of a row or not.
      for (const row of [(e: number) => (e < 640 ? 0 : 1), (e: number) => (e % 7 === 0 ? 1 : 0)])
        check({ ...many, indices: many.indices.map((indices) => indices.map((_, e) => row(e))) }, target, 'auto', 1e-12)
    }
  })

  it('large rows of entries, read before the passes on a processor only', () => {
    const forward = { ...convolution(24), outputs: [indexed(0)] }
    // First derivatives are the forward pass and all gradients.
    for (const own of withDerivatives(forward).slice(0, 2)) {
      const each = problem(own, 40)
      const { launches } = lowering.lowerPolynomial(each.request, target).plan(each.sizes)
      const touches = launches.some(({ kernel }) => kernel.shared.some(({ name }) => name === 'touched'))
      expect(touches).toBe(target.lanes === 'simd')
      check(each, target, 'auto', 1e-13)
    }
  })

  it('entries side by side where they share more than stays in registers', () => {
    const tableOf = (channels: number, ofEntries: number) => {
      const own = (count: number) => new SegmentedOperand(Array.from({ length: count }, () => [channels]), 1)
      const paths = Array.from({ length: 64 }, (_, k) => new Path([k, k % ofEntries, (k >> 2) % ofEntries, k % 2], HostArray.scalar(1 + k)))
      const product = new SegmentedTensorProduct('u,u,u,u', [own(64), own(ofEntries), own(ofEntries), own(2)], paths)
      const polynomial = new SegmentedPolynomial([own(64), own(ofEntries)], [own(2)], [[new Operation([0, 1, 1, 2]), product]])
      return { polynomial, inputs: [indexed(2), batched], outputs: [batched] }
    }
    // So many that pieces of a species have groups and something left over.
    checkAll([tableOf(8, 4)], { ...target, maxSharedBytes: 2048 }, { batchSize: 5500 })
    if (target.lanes === 'simd') return
    // Fewer lanes than there might be: two warps for entries side by side, one for others.
    const threads = { ...target, maxLanes: 64, maxSharedBytes: 2048 }
    for (const [ofEntries, lanes] of [[4, 16], [30, 8]] as const) {
      const own = tableOf(40, ofEntries)
      const { request, sizes } = problem(own, 60)
      expect(lowering.lowerPolynomial(request, threads).plan(sizes).launches.map(({ kernel }) => kernel.lanes)).toEqual([lanes])
      checkAll([own], threads, { batchSize: 60 })
    }
  })

  it('entries that share the lanes, where what channels have belongs to the row', () => {
    // y[row(e), u] += s[e] · z[row(e), u], and scaled by what each entry has: the first alone must not count entries that are not there.
    const [numbers, vectors] = [new SegmentedOperand([[]], 0), new SegmentedOperand([[3], [3]], 1)]
    const term = (...indices: number[]) => new Path(indices, HostArray.scalar(1 + indices.length))
    const alone = new SegmentedTensorProduct(',u,u', [numbers, vectors, vectors], [term(0, 0, 0), term(0, 1, 1)])
    const together = new SegmentedTensorProduct('u,u,u', [vectors, vectors, vectors], [term(0, 1, 0)])
    const operations = [[new Operation([0, 1, 3]), alone], [new Operation([1, 2, 3]), together]] as const
    const polynomial = new SegmentedPolynomial([numbers, vectors, vectors], [vectors], operations)
    for (const batchSize of [1, 4, 7, 90]) checkAll([{ polynomial, inputs: [batched, indexed(0), batched], outputs: [indexed(0)] }], target, { batchSize })
  })

  it('rows of entries that are lanes, with and without vectors', () => {
    // 1 to 16 elements a vector, more vectors than a program has, and fewer.
    for (const ls of [[0, 1, 2, 3], [1], [1, 2], [2]]) for (const batchSize of [1, 60, 150]) checkAll([harmonics(ls)], target, { batchSize })
    checkAll([harmonics([0, 1, 2, 3])], target, { batchSize: 70, scalars: { inputs: 'f32', outputs: 'f32', math: 'f32' }, tolerance: 1e-5 })
  })

  it('float32 in memory and float64 in arithmetic, and the other way', () => {
    const forward = [convolution(5), contraction(4), harmonics([1, 2]), { ...convolution(4), outputs: [shared] }]
    const cases = forward.flatMap((own) => withDerivatives(own).slice(0, 2))
    checkAll(cases, target, { scalars: { inputs: 'f32', outputs: 'f32' }, tolerance: 1e-7 })
    checkAll(cases, target, { scalars: { inputs: 'f32' } })
    checkAll(cases, target, { scalars: { math: 'f32' }, tolerance: 5e-6 })
    checkAll(cases, target, { scalars: { inputs: 'f32' }, method: 'naive' })
  })

  it('outputs that no term reaches are zero', () => {
    const operand = new SegmentedOperand([[6], [6], [6]], 1)
    const product = new SegmentedTensorProduct('u,u', [operand, operand], [new Path([2, 1], HostArray.scalar(2))])
    const polynomial = new SegmentedPolynomial([operand], [operand, operand], [[new Operation([0, 1]), product]])
    for (const outputs of [batched, indexed(1), shared]) checkAll([{ polynomial, inputs: [batched], outputs: [outputs, outputs] }], target)
    checkAll([{ polynomial, inputs: [batched], outputs: [indexed(0), shared] }], target, { method: 'naive' })
  })
})

describe('what lowering says', () => {
  const requestOf = (own: Accesses) => problem(own, 5).request

  it('chooses and explains', () => {
    const own = problem(convolution(8), 100)
    const lowered = lowering.lowerPolynomial(own.request, simd)
    expect(lowered.method).toBe('uniform_1d')
    expect(lowered.orders).toEqual([1])
    const explanation = lowered.explain(own.sizes)
    const { kernels, flops, bytes, intensity } = explanation
    expect(explanation.method).toBe('uniform_1d')
    expect(kernels.map(({ name, launches }) => [name, launches])).toEqual([['polynomialToRows', 1]])
    // A multiply-add for every weight at least; not many more than the plain products of all paths.
    expect(flops).toBeGreaterThan(2 * 100 * (own.request.polynomial.inputs[0]?.size ?? 0))
    expect(flops).toBeLessThan(2 * own.request.polynomial.flop(100))
    expect(intensity).toBeCloseTo(flops / bytes, 12)
    expect(explanation.toString()).toContain('polynomialToRows')
    expect(lowering.lowerPolynomial(requestOf(fullyConnected('2x0e+2x1o')), simd).method).toBe('fused_tp')
  })

  it('refuses methods that cannot serve, with a remedy', () => {
    const refused = (own: Accesses, method: lowering.Method) => () => lowering.lowerPolynomial(requestOf(own), simd, method)
    expect(refused(fullyConnected('2x0e+2x1o'), 'uniform_1d')).toThrow(/has modes .*flattenModes/)
    expect(refused(harmonics([4]), 'fused_tp')).toThrow(/takes 3 or 4/)
    expect(refused(convolution(4), 'indexed_linear')).toThrow(/no products of a matrix/)
  })

  it('makes kernels once, for all sizes', () => {
    const own = problem(convolution(8), 100)
    const lowered = lowering.lowerPolynomial(own.request, simd)
    const kernelsFor = (batchSize: number) => lowered.plan({ ...own.sizes, batchSize }).launches.map(({ kernel }) => kernel)
    expect(kernelsFor(3)).toEqual(kernelsFor(3000))
    expect(kernelsFor(3)[0]).toBe(kernelsFor(3000)[0])
  })

  it('parts of a sum do not depend on the target, and are not too many', () => {
    const own = problem({ ...convolution(4), outputs: [shared] }, 3)
    const [first] = lowering.lowerPolynomial(own.request, simd).plan({ ...own.sizes, batchSize: 100_000 }).launches
    expect(first?.grid[0]).toBe(64)
  })
})
