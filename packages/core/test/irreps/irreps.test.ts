import fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { Z2 } from '../groups/user-groups.ts'

const seed = { seed: 42, numRuns: 200 }
const o3 = (text: string) => new cue.Irreps('O3', text)

describe('reading irreps', () => {
  it.each([
    ['O3', ' 4 x 0e +1x1o + 2e', '4x0e+1o+2e', 12],
    ['O3', '', '', 0],
    ['O3', '   ', '', 0],
    ['O3', '0x1o+1e', '0x1o+1e', 3],
    ['SO3', '2x0 + 1', '2x0+1', 5],
    ['SU2', '1/2+3x2', '1/2+3x2', 17],
    ['O3E3nn', '16x0e+16x1o', '16x0e+16x1o', 64],
  ] as const)('%s %j', (group, text, printed, dim) => {
    const irreps = new cue.Irreps(group, text)
    expect(irreps.toString()).toBe(printed)
    expect(irreps.dim).toBe(dim)
    expect(new cue.Irreps(group, printed).equals(irreps)).toBe(true)
  })

  it.each([
    ['O3', '1o+', /empty term/],
    ['O3', '+1o', /empty term/],
    ['O3', '1o++1e', /empty term/],
    ['O3', '3x', /cannot read '3x' in '3x' as irreps of O3: '' is no irrep/],
    ['O3', '1x1x0e', /'1x0e' is no irrep of O3/],
    ['O3', '1oo', /'1oo' is no irrep of O3; write degree and parity/],
    ['O3', '-2x1o', /multiplicity -2 of '1o' is negative.*write 0 or more/],
    ['O3', '1.5x1o', /'1.5x1o' is no irrep/],
    ['O3', 'NaNx1o', /'NaNx1o' is no irrep/],
    ['O3', '2x 1 o', /no irrep/],
    ['O3', '99999999999999999999x1o', /multiplicity 100000000000000000000 of 1o must be a non-negative integer/],
    ['O3', '9007199254740991x1o', /too large to count exactly/],
    ['SO3', '1/2', /'1\/2' is no irrep of SO3/],
    ['SO3', '1o', /no irrep of SO3/],
    ['SU2', '1/3', /no irrep of SU2/],
  ] as const)('refuses %s %j', (group, text, message) => {
    expect(() => new cue.Irreps(group, text)).toThrow(message)
    expect(() => new cue.Irreps(group, text)).toThrow(cue.IrrepsError)
  })

  it('takes irreps, segments and pairs', () => {
    const ir = new cue.O3(1, -1)
    expect(new cue.Irreps(ir).toString()).toBe('1o')
    expect(new cue.Irreps(new cue.MulIrrep(3, ir)).toString()).toBe('3x1o')
    expect(new cue.Irreps(o3('2x1o')).toString()).toBe('2x1o')
    expect(new cue.Irreps('O3', [ir, [2, '0e'], [3, [2, 1]], [4, ir], '1e', new cue.MulIrrep(0, ir)]).toString()).toBe('1o+2x0e+3x2e+4x1o+1e+0x1o')
    expect(new cue.Irreps([[2, ir]]).group).toBe(cue.O3)
    expect(new cue.Irreps(Z2, '2xodd+even').toString()).toBe('2xodd+even')
    expect(new cue.Irreps(cue.O3, (function* () { yield ir })()).toString()).toBe('1o')
  })

  it('refuses other things', () => {
    const wrong = (x: unknown) => () => new cue.Irreps('O3', x as never)
    expect(wrong(new cue.Irreps('SO3', '1'))).toThrow(/Irreps of O3 cannot be made from '1' of SO3; use one group/)
    expect(wrong(new cue.Irreps('SO3', '1'))).toThrow(cue.GroupMismatchError)
    expect(wrong(new cue.SO3(1))).toThrow(/Irreps of O3: the irrep 1 belongs to SO3/)
    expect(wrong([[1, '1o', 2]])).toThrow(/a segment is a pair \[mul, irrep\], got 3 elements/)
    expect(wrong([[1.5, '1o']])).toThrow(/multiplicity 1.5 of 1o must be a non-negative integer/)
    expect(wrong([[-1, '1o']])).toThrow(/multiplicity -1/)
    expect(wrong([[Number.NaN, '1o']])).toThrow(/multiplicity NaN/)
    expect(wrong([['1', '1o']])).toThrow(/multiplicity 1 must be/)
    expect(wrong([7])).toThrow(/7 is no segment/)
    expect(wrong(7)).toThrow(/7 is neither a string nor irreps/)
    expect(wrong(undefined)).toThrow(cue.IrrepsError)
    expect(() => new cue.Irreps(cue.O3 as never)).toThrow(/group O3 was given without irreps/)
    expect(() => new cue.Irreps('E8' as never, '1')).toThrow(/no group named 'E8'/)
    expect(() => new cue.Irreps('1o')).toThrow(/no group is assumed here; name it, as in new Irreps\('O3', '1o'\)/)
  })
})

describe('asking irreps', () => {
  const irreps = o3('4x0e+2x1o+0x2e+1o')

  it('for their segments', () => {
    expect([...irreps].map(({ mul, ir }) => `${mul}*${ir.toString()}`)).toEqual(['4*0e', '2*1o', '0*2e', '1*1o'])
    const [mul, ir] = irreps.at(1)
    expect([mul, String(ir)]).toEqual([2, '1o'])
    expect(irreps.at(-1).toString()).toBe('1o')
    expect(() => irreps.at(4)).toThrow(/no segment 4 in '4x0e\+2x1o\+0x2e\+1o', which has 4/)
    expect(irreps.slice(1, 3).toString()).toBe('2x1o+0x2e')
    expect([irreps.length, irreps.numIrreps, irreps.dim]).toEqual([4, 7, 13])
    expect(irreps.muls).toEqual([4, 2, 0, 1])
    expect(irreps.slices()).toEqual([[0, 4], [4, 10], [10, 10], [10, 13]])
  })

  it('for irreps', () => {
    expect([irreps.includes('1o'), irreps.includes('2e'), irreps.includes('1e'), irreps.includes(new cue.MulIrrep(9, new cue.O3(0, 1)))]).toEqual([true, true, false, true])
    expect([irreps.count('1o'), irreps.count('2e'), irreps.count(new cue.O3(3, 1))]).toEqual([3, 0, 0])
    expect(() => irreps.includes(new cue.SO3(1))).toThrow(cue.GroupMismatchError)
    expect(() => irreps.count('x')).toThrow(cue.IrrepsError)
    expect(irreps.newScalars(5).toString()).toBe('5x0e')
    expect([o3('0e').isScalar(), o3('0e+0x1o').isScalar(), o3('0o').isScalar(), o3('').isScalar()]).toEqual([true, false, false, true])
    expect([o3('4x0e+1o').isLayoutInsensitive(), o3('2x1o').isLayoutInsensitive(), o3('0x1o').isLayoutInsensitive()]).toEqual([true, false, true])
  })

  it('for a printout', () => {
    expect(inspect(irreps)).toBe("Irreps(O3, '4x0e+2x1o+0x2e+1o')")
    expect(inspect(irreps.at(0))).toBe('4x0e')
    expect(JSON.stringify({ irreps, segment: irreps.at(0) })).toBe('{"irreps":"4x0e+2x1o+0x2e+1o","segment":"4x0e"}')
    expect(Object.isFrozen(irreps.segments)).toBe(true)
  })
})

describe('calculating with irreps', () => {
  it('adds, multiplies, divides', () => {
    expect(o3('1o').add('2x0e').add(o3('')).toString()).toBe('1o+2x0e')
    expect(o3('2x1o+0e').mul(3).toString()).toBe('6x1o+3x0e')
    expect(o3('2x1o+0e').mul(0).dim).toBe(0)
    expect(o3('5x1o+0e').floorDiv(2).toString()).toBe('2x1o+0x0e')
    expect(o3('5x1o+0e').setMul(7).toString()).toBe('7x1o+7x0e')
    expect(() => o3('1o').add(new cue.Irreps('SO3', '1'))).toThrow(cue.GroupMismatchError)
    for (const bad of [-1, 0.5, Number.NaN]) {
      expect(() => o3('1o').mul(bad)).toThrow(/Irreps.mul: the factor/)
      expect(() => o3('1o').floorDiv(bad)).toThrow(/Irreps.floorDiv: the factor/)
      expect(() => o3('1o').setMul(bad)).toThrow(/multiplicity/)
    }
    expect(() => o3('1o').floorDiv(0)).toThrow(/at least 1/)
  })

  it('compares', () => {
    expect(o3('1o+0e').equals('1o+0e')).toBe(true)
    expect(o3('1o+0e').equals('0e+1o')).toBe(false)
    expect(o3('1o').equals('not irreps')).toBe(false)
    expect(o3('1o').equals(new cue.Irreps('O3E3nn', '1o'))).toBe(false)
    expect(o3('1o').equals(new cue.SO3(1))).toBe(false)
  })

  it('merges, sorts and regroups', () => {
    expect(o3('0e+2x0e+1o+0e').mergeConsecutive().toString()).toBe('3x0e+1o+0e')
    expect(o3('0e+0x1o+2x0e').removeZeroMultiplicities().toString()).toBe('0e+2x0e')
    expect(o3('0e+0x1o+2x0e').simplify().toString()).toBe('3x0e')
    const first = new cue.Irreps('SO3', '1+2+0+1').sort()
    expect([first.irreps.toString(), first.perm, first.inv]).toEqual(['0+1+1+2', [1, 3, 0, 2], [2, 0, 3, 1]])
    const second = new cue.Irreps('SO3', '1+1+0x2+3+1').sort()
    expect([second.perm, second.inv]).toEqual([[0, 1, 3, 4, 2], [0, 1, 4, 2, 3]])
    expect(o3('1o+0e+1o+0x2e').regroup().toString()).toBe('0e+2x1o')
  })

  it('filters', () => {
    const irreps = o3('4x0e+2x1o+2e')
    expect(irreps.filter({ keep: '9x1o+2e' }).toString()).toBe('2x1o+2e')
    expect(irreps.filter({ drop: new cue.O3(1, -1) }).toString()).toBe('4x0e+2e')
    expect(irreps.filter({ keep: ({ mul }) => mul > 1 }).toString()).toBe('4x0e+2x1o')
    expect(irreps.filter({ drop: ['0e', [1, '2e']] }).toString()).toBe('2x1o')
    expect(irreps.filter({ mask: [true, false, true] }).toString()).toBe('4x0e+2e')
    expect(irreps.filterMask({ keep: o3('0e') })).toEqual([true, false, false])
    expect(() => irreps.filter({})).toThrow(/0 of keep, drop and mask were given; pass exactly one/)
    expect(() => irreps.filter({ keep: '0e', drop: '1o' })).toThrow(/2 of keep/)
    expect(() => irreps.filter({ mask: [true] })).toThrow(/mask has 1 entries, but the irreps have 3 segments/)
    expect(() => irreps.filter({ keep: new cue.SO3(1) })).toThrow(cue.GroupMismatchError)
  })

  it('keeps its laws for random irreps', () => {
    const segment = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 3 }), fc.constantFrom('e', 'o')).map(([mul, l, p]) => `${mul}x${l}${p}`)
    const irreps = fc.array(segment, { maxLength: 6 }).map((terms) => o3(terms.join('+')))
    fc.assert(
      fc.property(irreps, irreps, fc.integer({ min: 0, max: 5 }), (a, b, n) => {
        expect(o3(a.toString()).equals(a)).toBe(true)
        expect(a.add(b).dim).toBe(a.dim + b.dim)
        expect(a.mul(n).dim).toBe(a.dim * n)
        expect(a.regroup().dim).toBe(a.dim)
        expect(a.regroup().regroup().equals(a.regroup())).toBe(true)
        expect(a.filter({ keep: b }).dim + a.filter({ drop: b }).dim).toBe(a.dim)
        const { irreps: sorted, perm, inv } = a.sort()
        for (const [old, next] of perm.entries()) {
          expect(inv[next]).toBe(old)
          expect(sorted.at(next).equals(a.at(old))).toBe(true)
        }
        for (const { ir } of a) expect(a.regroup().count(ir)).toBe(a.count(ir))
      }),
      seed,
    )
  })
})
