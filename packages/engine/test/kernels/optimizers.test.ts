import { describe, expect, it } from 'vitest'
import { adamGraph, adamScalars, compactPlan, emaGraph, histogramPlan, planElementwise, scanPlan, sgdGraph } from '../../src/kernels/index.ts'
import { compiledDevice, interpreterDevice, Random, run, simd } from './support.ts'

const devices = [interpreterDevice(), compiledDevice()]
const count = 1500

function uniform(seed: number, low = -1): Float64Array {
  const random = new Random(seed)
  return Float64Array.from({ length: count }, () => random.between(low, 1))
}

function expectClose(actual: ArrayLike<number> | undefined, expected: Float64Array): void {
  expected.forEach((b, i) => expect(Math.abs((actual?.[i] ?? Number.NaN) - b)).toBeLessThanOrEqual(1e-13 * (1 + Math.abs(b))))
}

describe('optimisers', () => {
  it.each([
    { amsgrad: false, decoupled: false },
    { amsgrad: true, decoupled: false },
    { amsgrad: true, decoupled: true },
  ])('adam %j', async (options) => {
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.05, step: 3 }
    const [p, g, m, v, most] = [uniform(1), uniform(2), uniform(3), uniform(4, 0), uniform(5, 0)]
    const expected = [0, 1, 2, 3].map(() => new Float64Array(count))
    for (let i = 0; i < count; i++) {
      const { learningRate, beta1, beta2, epsilon, weightDecay, step } = settings
      const own = p[i] ?? 0
      const gradient = (g[i] ?? 0) + (options.decoupled ? 0 : weightDecay * own)
      const first = beta1 * (m[i] ?? 0) + (1 - beta1) * gradient
      const second = beta2 * (v[i] ?? 0) + (1 - beta2) * gradient ** 2
      const largest = options.amsgrad ? Math.max(most[i] ?? 0, second) : second
      const start = options.decoupled ? own * (1 - learningRate * weightDecay) : own
      const denominator = Math.sqrt(largest) / Math.sqrt(1 - beta2 ** step) + epsilon
      const results = [start - ((learningRate / (1 - beta1 ** step)) * first) / denominator, first, second, largest]
      for (const [k, result] of results.entries()) (expected[k] ?? p)[i] = result
    }
    const graph = adamGraph('float64', options)
    const inputs = options.amsgrad ? [p, g, m, v, most] : [p, g, m, v]
    const plan = planElementwise(graph, inputs.map(() => [count]), simd, adamScalars(settings, options))
    for (const device of devices) {
      const outputs = graph.outputs.map(() => ({ scalar: 'f64', length: count }) as const)
      const actual = await run(plan, { inputs, outputs }, device)
      actual.forEach((own, k) => expectClose(own, expected[k] ?? p))
    }
  })

  it.each([{ momentum: false }, { momentum: true }, { momentum: true, nesterov: true }])('gradient descent %j', async (options) => {
    const [rate, decay, mu] = [0.1, 0.01, 0.9]
    const [p, g, buffer] = [uniform(1), uniform(2), uniform(3)]
    const gradient = g.map((x, i) => x + decay * (p[i] ?? 0))
    const next = gradient.map((x, i) => x + mu * (buffer[i] ?? 0))
    const direction = options.momentum ? (options.nesterov ? gradient.map((x, i) => x + mu * (next[i] ?? 0)) : next) : gradient
    const graph = sgdGraph('float64', options)
    const inputs = options.momentum ? [p, g, buffer] : [p, g]
    for (const device of devices) {
      const outputs = graph.outputs.map(() => ({ scalar: 'f64', length: count }) as const)
      const actual = await run(planElementwise(graph, inputs.map(() => [count]), simd, [rate, decay, mu]), { inputs, outputs }, device)
      expectClose(actual[0], p.map((x, i) => x - rate * (direction[i] ?? 0)))
      if (options.momentum) expectClose(actual[1], next)
    }
  })

  it('moving average', async () => {
    const [a, p] = [uniform(1), uniform(2)]
    for (const device of devices) {
      const plan = planElementwise(emaGraph('float64'), [[count], [count]], simd, [0.01])
      const [actual] = await run(plan, { inputs: [a, p], outputs: [{ scalar: 'f64', length: count }] }, device)
      expectClose(actual, a.map((x, i) => 0.99 * x + 0.01 * (p[i] ?? 0)))
    }
  })
})

describe('counting', () => {
  it.each([0, 1, 30, 9000])('compacts a mask of %d', async (length) => {
    const random = new Random(51)
    const mask = Uint32Array.from({ length }, () => random.integer(0, 1))
    const expected = [1, 0].flatMap((value) => Array.from(mask.keys()).filter((i) => mask[i] === value))
    for (const device of devices) {
      const outputs = [length, 1].map((own) => ({ scalar: 'i32', length: own }) as const)
      const [positions, total] = await run(compactPlan(length, simd), { inputs: [mask], outputs }, device)
      expect(Array.from(positions ?? [])).toEqual(expected)
      expect(total?.[0]).toBe(mask.reduce((sum, value) => sum + value, 0))
    }
  })

  it('histogram', async () => {
    const random = new Random(52)
    const indices = Int32Array.from({ length: 9000 }, () => random.integer(0, 12))
    const expected = Array.from({ length: 13 }, (_, k) => indices.filter((i) => i === k).length)
    for (const device of devices) {
      const [counts] = await run(histogramPlan(9000, 13, simd), { inputs: [indices], outputs: [{ scalar: 'i32', length: 13 }] }, device)
      expect(Array.from(counts ?? [])).toEqual(expected)
    }
  })

  it.each([
    { exclusive: false, reverse: false },
    { exclusive: true, reverse: false },
    { exclusive: true, reverse: true },
  ])('scan %j', async (options) => {
    const x = Int32Array.from({ length: 7000 }, (_, i) => i % 11)
    const own = options.reverse ? x.slice().reverse() : x
    let total = 0
    const sums = own.map((value) => {
      total += value
      return options.exclusive ? total - value : total
    })
    if (options.reverse) sums.reverse()
    for (const device of devices) {
      const [y] = await run(scanPlan('i32', 7000, options, simd), { inputs: [x], outputs: [{ scalar: 'i32', length: 7000 }] }, device)
      expect(y).toEqual(sums)
    }
  })
})
