import { InputError } from '@equivar/core'
import { describe, expect, it } from 'vitest'
import { philox, randomNumbers, randomPlan } from '../../src/kernels/index.ts'
import { compiledDevice, gpu, interpreterDevice, run, simd } from './support.ts'

describe('philox4x32-10', () => {
  // Known answers published with the paper's code.
  it.each([
    [[0, 0, 0, 0], [0, 0], [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]],
    [[0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd]],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1]],
  ] as const)('of counter %j and key %j', (counter, key, expected) => {
    expect(philox(counter, key)).toEqual(expected)
  })
})

const count = 3000
const seeds = [{ seed: 0 }, { seed: 20_240_513, stream: 7 }, { seed: 2 ** 53 - 1, stream: 2 ** 40 + 5 }]

describe.each([
  ['interpreted', interpreterDevice(), simd],
  ['interpreted for gpu', interpreterDevice(), gpu],
  ['compiled', compiledDevice(), simd],
] as const)('%s', (_, device, target) => {
  const numbers = async (request: Parameters<typeof randomPlan>[0]) => {
    const [out] = await run(randomPlan(request, target), { inputs: [], outputs: [{ scalar: request.scalar, length: request.count }] }, device)
    return out ?? new Float64Array()
  }

  it.each(seeds)('bits and uniform numbers of %j are those of plain TypeScript', async (seed) => {
    for (const request of [
      { distribution: 'bits', scalar: 'u32', count, ...seed },
      { distribution: 'uniform', scalar: 'f32', count, ...seed },
      { distribution: 'uniform', scalar: 'f64', count, ...seed },
    ] as const)
      expect(await numbers(request)).toEqual(randomNumbers(request))
  })

  it.each(['f32', 'f64'] as const)('normal numbers of %s', async (scalar) => {
    const request = { distribution: 'normal', scalar, count, seed: 5 } as const
    const [own, expected] = [await numbers(request), randomNumbers(request)]
    const tolerance = scalar === 'f32' ? 3e-6 : 1e-14
    for (const [i, b] of expected.entries()) expect(Math.abs((own[i] ?? Number.NaN) - b)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(b)))
  })
})

it('normal numbers have the moments of a normal distribution', () => {
  const x = Float64Array.from(randomNumbers({ distribution: 'normal', scalar: 'f64', count: 40_000, seed: 1 }))
  const moment = (power: number) => x.reduce((sum, value) => sum + value ** power, 0) / x.length
  expect(moment(1)).toBeCloseTo(0, 1)
  expect(moment(2)).toBeCloseTo(1, 1)
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.2)
})

it('uniform numbers lie in [0, 1), and streams differ', () => {
  const [a, b] = [0, 1].map((stream) => randomNumbers({ distribution: 'uniform', scalar: 'f32', count: 10_000, seed: 1, stream }))
  expect(Math.min(...(a ?? []))).toBeGreaterThanOrEqual(0)
  expect(Math.max(...(a ?? []))).toBeLessThan(1)
  expect(a).not.toEqual(b)
})

it('refuses seeds that are no integers, and types that do not fit', () => {
  const request = { distribution: 'uniform', scalar: 'f32', count: 3, seed: 1 } as const
  const bad = [{ seed: -1 }, { seed: 0.5 }, { seed: Number.NaN }, { stream: 2 ** 53 }, { count: -1 }, { scalar: 'u32' }, { distribution: 'bits' }] as const
  for (const change of bad)
    expect(() => randomPlan({ ...request, ...change }, simd)).toThrow(InputError)
})
