import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { HostArray } from '../../src/math/index.ts'

describe('HostArray', () => {
  it('is built from nested and flat numbers', () => {
    const a = HostArray.from([[1, 2, 3], [4, 5, 6]])
    expect(a.shape).toEqual([2, 3])
    expect(a.get(1, 2)).toBe(6)
    expect(a.equals(HostArray.from([1, 2, 3, 4, 5, 6], [2, 3]))).toBe(true)
    expect(a.permute([1, 0]).toNested()).toEqual([[1, 4], [2, 5], [3, 6]])
    expect(a.add(a).equals(a.scale(2))).toBe(true)
    expect(HostArray.identity(2).toNested()).toEqual([[1, 0], [0, 1]])
    expect(HostArray.scalar(3).toNested()).toBe(3)
  })

  it('prints shape and values', () => {
    expect(HostArray.from([[1, 2]]).toString()).toBe('HostArray [1, 2] [[1,2]]')
    expect(inspect(HostArray.zeros([100]))).toMatch(/^HostArray \[100\] \[0,0,.*\.\.\.\]$/)
  })

  it('refuses what does not fit', () => {
    expect(() => HostArray.from([[1], [2, 3]] as never)).toThrow(/ragged/)
    expect(() => HostArray.from([1, 2], [3])).toThrow(/shape \[3\] holds 3 numbers, but data holds 2/)
    expect(() => HostArray.zeros([2]).get(2)).toThrow(/outside shape \[2\]/)
    expect(() => HostArray.zeros([2]).get(0, 0)).toThrow(/has 2 axes/)
    expect(() => HostArray.zeros([2, 2]).permute([0, 0])).toThrow(/not a permutation/)
    expect(() => HostArray.zeros([2]).add(HostArray.zeros([3]))).toThrow(/shapes \[2\] and \[3\] differ/)
    expect(() => HostArray.zeros([-1])).toThrow(/non-negative integers/)
  })
})
