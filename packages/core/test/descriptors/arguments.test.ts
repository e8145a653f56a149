import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { BoundedCache, cacheKey } from '../../src/descriptors/cache.ts'

const { channelwiseTensorProduct, elementwiseTensorProduct, fullTensorProduct, fullyConnectedTensorProduct, linear, symmetricContraction } = cue.descriptors
const o3 = new cue.Irreps('O3', '2x0e+2x1o')
const so3 = new cue.Irreps('SO3', '2x0+2x1')

describe('arguments of descriptors', () => {
  it('must be irreps', () => {
    const calls: readonly (() => unknown)[] = [
      () => linear('2x0e' as never, o3),
      () => linear(o3, undefined as never),
      () => fullyConnectedTensorProduct(o3, o3, null as never),
      () => channelwiseTensorProduct(o3, [1, 2] as never),
      () => fullTensorProduct(3 as never, o3),
      () => elementwiseTensorProduct(o3, {} as never),
      () => symmetricContraction(o3, '0e' as never, [1]),
    ]
    for (const call of calls) expect(call).toThrow(cue.InputError)
    expect(calls[0]).toThrow(/linear: irrepsIn is the string '2x0e'; pass irreps such as/)
  })

  it('must belong to one group, and the message names both', () => {
    const calls: readonly (() => unknown)[] = [
      () => linear(o3, so3),
      () => fullyConnectedTensorProduct(o3, o3, so3),
      () => channelwiseTensorProduct(so3, o3),
      () => channelwiseTensorProduct(o3, o3, so3),
      () => channelwiseTensorProduct(o3, o3, [new cue.SO3(1)]),
      () => fullTensorProduct(o3, so3),
      () => elementwiseTensorProduct(o3, so3),
      () => symmetricContraction(o3, so3, [1]),
      () => linear(o3, new cue.Irreps('O3E3nn', '2x0e')),
    ]
    for (const call of calls) expect(call).toThrow(cue.GroupMismatchError)
    expect(calls[0]).toThrow(/irrepsIn '2x0e\+2x1o' belongs to O3, irrepsOut '2x0\+2x1' to SO3/)
  })

  it('filters must be irreps', () => {
    expect(() => channelwiseTensorProduct(o3, o3, '0e' as never)).toThrow(/filterIrrepsOut is the string '0e'/)
    expect(() => fullTensorProduct(o3, o3, ['0e'] as never)).toThrow(cue.InputError)
  })

  it('an element-wise product needs equally many copies, and only scalars can be cut', () => {
    expect(() => elementwiseTensorProduct(o3, new cue.Irreps('O3', '3x0e'))).toThrow(/holds 4 copies of irreps, irreps2 '3x0e' holds 3/)
    expect(() => elementwiseTensorProduct(new cue.Irreps('O3', '2x1o'), new cue.Irreps('O3', '1o+0e'))).toThrow(/segment 2x1o .* cut at copy 1/)
    expect(elementwiseTensorProduct(new cue.Irreps('O3', '2x0e+0x1o'), new cue.Irreps('O3', '0e+0e')).outputs.map(String)).toEqual(['0e+0e'])
  })
})

describe('the cache of descriptors', () => {
  it('gives the same object for the same arguments, whatever wrote them', () => {
    expect(linear(o3, o3)).toBe(linear(new cue.Irreps('O3', ' 2x0e + 2x1o'), o3))
    expect(linear(o3, o3)).not.toBe(linear(new cue.Irreps('O3E3nn', '2x0e+2x1o'), new cue.Irreps('O3E3nn', '2x0e+2x1o')))
    expect(channelwiseTensorProduct(o3, o3, o3)).not.toBe(channelwiseTensorProduct(o3, o3))
    expect(channelwiseTensorProduct(o3, o3, new cue.Irreps('O3', ''))).not.toBe(channelwiseTensorProduct(o3, o3))
  })

  it('drops what was not used for the longest time', () => {
    const cache = new BoundedCache<number>(2)
    let made = 0
    const get = (key: string) => cache.getOrMake(key, () => ++made)
    expect([get('a'), get('b'), get('a'), get('c'), get('a'), get('b')]).toEqual([1, 2, 1, 3, 1, 4])
    expect(cache.size).toBe(2)
  })

  it('tells groups of one name apart', () => {
    class First extends cue.O3 {}
    class Second extends cue.O3 {}
    expect(cacheKey(First, '1o')).not.toBe(cacheKey(Second, '1o'))
    expect(cacheKey(First, 'a', 'b')).toBe(cacheKey(First, 'a', 'b'))
  })
})
