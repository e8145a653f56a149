import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { handWrittenO3E3nn, Z2 } from './user-groups.ts'

describe('order and names', () => {
  const names = (group: cue.IrrepClass, n: number) => {
    const found: string[] = []
    for (const ir of group.iterator()) if (found.push(ir.toString()) === n) break
    return found.join()
  }
  const sorted = (group: cue.IrrepClass, text: string) => new cue.Irreps(group, text).sort().irreps.toString()

  it('of the groups', () => {
    expect(names(cue.SU2, 4)).toBe('0,1/2,1,3/2')
    expect(names(cue.SO3, 3)).toBe('0,1,2')
    expect(names(cue.O3, 8)).toBe('0e,0o,1o,1e,2e,2o,3o,3e')
    expect(sorted(cue.O3, '2o+2e+1e+1o+0o+0e')).toBe('0e+0o+1o+1e+2e+2o')
    expect(sorted(cue.O3E3nn, '2e+2o+1e+1o+0e+0o')).toBe('0o+0e+1o+1e+2o+2e')
    expect(new cue.SU2(1.5).dim).toBe(4)
  })

  it('by which groups are found', () => {
    expect(['SU2', 'SO3', 'O3', 'O3E3nn', 'O3_e3nn'].map((name) => cue.groupByName(name as cue.GroupName))).toEqual([cue.SU2, cue.SO3, cue.O3, cue.O3E3nn, cue.O3E3nn])
    expect(() => cue.groupByName('E8' as never)).toThrow(/no group named 'E8'; the names are SU2, SO3, O3, O3E3nn/)
    expect(() => cue.groupByName('toString' as never)).toThrow(cue.InputError)
    expect(cue.asGroup(Z2)).toBe(Z2)
    expect([cue.O3.label, cue.O3E3nn.label, handWrittenO3E3nn.label, Z2.label]).toEqual(['O3', 'O3E3nn', 'O3E3nn', 'Z2'])
  })

  it('and products in ascending order', () => {
    expect([...cue.O3.product(new cue.O3(1, -1), new cue.O3(2, 1))].join()).toBe('1o,2o,3o')
    expect([...cue.SU2.product(new cue.SU2(0.5), new cue.SU2(1))].join()).toBe('1/2,3/2')
    expect([...cue.O3E3nn.product(new cue.O3E3nn(1, -1), new cue.O3E3nn(1, -1))].every((ir) => ir instanceof cue.O3E3nn)).toBe(true)
  })

  it('print', () => {
    expect(inspect(new cue.O3(2, 1))).toBe('2e')
    expect(JSON.stringify({ ir: new cue.SU2(0.5) })).toBe('{"ir":"1/2"}')
  })
})

describe('irreps of a group', () => {
  it('come from strings, arguments and themselves', () => {
    expect(cue.O3.from([2, -1]).toString()).toBe('2o')
    expect(cue.SO3.from(' 3 ').toString()).toBe('3')
    expect(cue.SU2.fromString('4/2').toString()).toBe('2')
    expect(() => cue.O3.from(new cue.SO3(1))).toThrow(/'?1'? belongs to SO3, but O3 was expected/)
    expect(() => cue.O3.from(3 as never)).toThrow(/O3: 3 is no irrep/)
  })

  it('refuse other numbers and texts', () => {
    for (const bad of [-1, 0.5, Number.NaN, Infinity]) {
      expect(() => new cue.SO3(bad)).toThrow(/SO3: l = .* must be a non-negative integer/)
      expect(() => new cue.O3(bad, 1)).toThrow(/O3: l = /)
    }
    expect(() => new cue.O3(1, 0)).toThrow(/parity p = 0 must be 1 \(even\) or -1 \(odd\)/)
    expect(() => new cue.O3E3nn(1, 2)).toThrow(/O3E3nn: the parity/)
    expect(() => new cue.SU2(0.3)).toThrow(/half-integer/)
    for (const text of ['1', '1oo', 'o', '1 o', '-1o', '1x']) expect(() => cue.O3.fromString(text)).toThrow(/is no irrep of O3; write/)
    for (const text of ['1/2', '1o', '']) expect(() => cue.SO3.fromString(text)).toThrow(cue.IrrepsError)
    for (const text of ['1/3', '0.5', 'x']) expect(() => cue.SU2.fromString(text)).toThrow(/is no irrep of SU2/)
  })

  it('of SU2 are complex, and say so', () => {
    const ir = new cue.SU2(1)
    expect(() => ir.continuousGenerators()).toThrow(/generators of 1 are complex; use complexGenerators/)
    expect(() => ir.expMap([0, 1, 0])).toThrow(/complex; use complexExpMap/)
    expect(new cue.SU2(0).expMap([1, 2, 3]).toNested()).toEqual([[1]])
    expect(new cue.SU2(0).continuousGenerators().shape).toEqual([3, 1, 1])
  })

  it('of different groups do not couple', () => {
    expect(() => cue.clebschGordan(new cue.O3(1, -1), new cue.SO3(1), new cue.SO3(1))).toThrow(cue.GroupMismatchError)
    expect(() => cue.clebschGordan(new cue.O3(1, -1), new cue.O3E3nn(1, 1), new cue.O3(1, 1))).toThrow(/1o belongs to O3, 1e to O3E3nn/)
    expect(new cue.O3(0, 1).equals(new cue.O3(0, -1))).toBe(false)
    expect(new cue.O3(1, 1).equals(new cue.SO3(1))).toBe(false)
    expect(new cue.O3(1, 1).equals(new cue.O3E3nn(1, 1))).toBe(true)
  })
})

describe('a group that a user writes', () => {
  it('gives the couplings of the exported O3E3nn', () => {
    const [one, other] = [handWrittenO3E3nn, cue.O3E3nn]
    for (let a = 0; a <= 4; a++)
      for (let b = 0; b <= 4; b++)
        for (let c = 0; c <= 5; c++)
          for (const p of [1, -1]) {
            const mine = cue.clebschGordan(new one(a, -1), new one(b, 1), new one(c, p))
            expect(mine.equals(cue.clebschGordan(new other(a, -1), new other(b, 1), new other(c, p)))).toBe(true)
          }
    expect(new cue.Irreps(one, '16x1e+16x0e+1o').regroup().toString()).toBe(new cue.Irreps(other, '16x1e+16x0e+1o').regroup().toString())
  })

  it('must define its statics', () => {
    class Bare extends cue.Irrep {
      readonly dim = 1
      algebra() { return cue.HostArray.zeros([0, 0, 0]) }
      continuousGenerators() { return cue.HostArray.zeros([0, 1, 1]) }
      discreteGenerators() { return cue.HostArray.zeros([0, 1, 1]) }
      toString() { return 'bare' }
    }
    const bare = new Bare()
    for (const call of [() => Bare.fromString('x'), () => Bare.product(bare, bare), () => Bare.compare(bare, bare), () => Bare.iterator(), () => cue.clebschGordan(bare, bare, bare)])
      expect(call).toThrow(/group Bare does not define the static/)
    class Odd extends Z2 {
      static override clebschGordan() { return cue.HostArray.zeros([2, 2]) }
    }
    const odd = new Odd(true)
    expect(() => cue.clebschGordan(odd, odd, odd)).toThrow(/of group Odd returned shape \[2, 2\].*it must return \[solutions, 1, 1, 1\]/)
  })
})

describe('selection rules', () => {
  const ir = (text: string) => cue.O3.fromString(text)

  it('of products and powers', () => {
    expect(cue.selectionRuleProduct(ir('1o'), [ir('1o'), ir('0e')]).join()).toBe('0e,1o,1e,2e')
    expect(cue.selectionRuleProduct(undefined, ir('1o'))).toBeUndefined()
    expect(cue.selectionRuleProduct([], ir('1o'))).toEqual([])
    expect(cue.selectionRulePower(cue.O3, ir('1o'), 0).join()).toBe('0e')
    expect(cue.selectionRulePower(cue.O3, ir('1o'), 3).join()).toBe('0o,1o,2o,3o')
    expect(cue.selectionRulePower(Z2, new Z2(true), 3).join()).toBe('odd')
  })

  it('refuse mixed groups and bad powers', () => {
    expect(() => cue.selectionRuleProduct(ir('1o'), new cue.SO3(1))).toThrow(cue.GroupMismatchError)
    expect(() => cue.selectionRulePower(cue.O3, ir('1o'), -1)).toThrow(/power -1/)
  })
})

describe('range', () => {
  it('counts', () => {
    expect(cue.range(3)).toEqual([0, 1, 2])
    expect(cue.range(2, 4)).toEqual([2, 3])
    expect(cue.range(0)).toEqual([])
    expect(() => cue.range(1.5)).toThrow(/must be integers/)
  })
})
