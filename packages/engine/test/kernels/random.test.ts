import { describe, expect, it } from 'vitest'
import { philox } from '../../src/naive/philox.ts'
import type { HostTensor } from '../../src/naive/tensor.ts'
import { expectSame, gpu, simd } from './support.ts'

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

const keys: readonly HostTensor[] = [
  [0, 0, 0, 0],
  [20_240_513, 0, 7, 0],
  [0xffffffff, 0x1fffff, 5, 256],
].map((words) => ({ dtype: 'uint32', shape: [4], data: Uint32Array.from(words) }))

describe.each([
  ['processors', simd],
  ['gpus', gpu],
] as const)('kernels for %s', (_, target) => {
  it.each(keys)('make the bits, integers and uniform numbers of plain TypeScript with key %#', async (key) => {
    const shape = [30, 41]
    for (const params of [
      { shape, distribution: 'bits', dtype: 'uint32' },
      { shape, distribution: 'keys', dtype: 'uint32' },
      { shape, distribution: 'integers', dtype: 'int32', range: [-5, 12] },
      { shape, distribution: 'integers', dtype: 'int32', range: [-(2 ** 31), 2 ** 31 - 1] },
      { shape, distribution: 'uniform', dtype: 'float32' },
      { shape, distribution: 'uniform', dtype: 'float64' },
    ] as const)
      await expectSame({ primitive: 'random', inputs: [key], params }, { target, relative: 0 })
  })

  it('make normal numbers up to rounding', async () => {
    const inputs = keys.slice(1, 2)
    const shape = [1500]
    // Near a zero of the cosine the relative error is that of its argument.
    await expectSame({ primitive: 'random', inputs, params: { shape, distribution: 'normal', dtype: 'float64' } }, { target, relative: 1e-11 })
    await expectSame({ primitive: 'random', inputs, params: { shape, distribution: 'normal', dtype: 'float32' } }, { target, relative: 2e-3 })
  })
})
