import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { Z2 } from '../groups/user-groups.ts'

describe('scopes', () => {
  it('name group and layout for a function', () => {
    const made = cue.assume('SO3', cue.irMul, () => new cue.IrrepsAndLayout('2x0 + 1'))
    expect(made.irreps.equals(new cue.Irreps('SO3', '2x0+1'))).toBe(true)
    expect(made.layout).toBe(cue.irMul)
    expect(cue.assume(Z2, () => cue.getIrrepScope())).toBe(Z2)
    expect(cue.assume(cue.mulIr, () => cue.getLayoutScope())).toBe(cue.mulIr)
    expect(cue.assume('ir_mul', () => cue.asLayout(undefined))).toBe(cue.irMul)
    expect(cue.getIrrepScope(false)).toBeUndefined()
    expect(cue.getLayoutScope(false)).toBeUndefined()
  })

  it('end with a block', () => {
    {
      using outer = cue.assume('O3', cue.mulIr)
      expect(typeof outer[Symbol.dispose]).toBe('function')
      expect(new cue.Irreps('1o').group).toBe(cue.O3)
      {
        using inner = cue.assume('SO3')
        expect(typeof inner[Symbol.dispose]).toBe('function')
        expect(cue.getIrrepScope()).toBe(cue.SO3)
        expect(cue.getLayoutScope(false)).toBeUndefined()
      }
      expect(cue.getIrrepScope()).toBe(cue.O3)
      expect(cue.getLayoutScope()).toBe(cue.mulIr)
    }
    expect(cue.getIrrepScope(false)).toBeUndefined()
  })

  it('replace both values when nested', () => {
    cue.assume('O3', () => {
      cue.assume(cue.irMul, () => expect(cue.getIrrepScope(false)).toBeUndefined())
      expect(cue.getIrrepScope()).toBe(cue.O3)
    })
  })

  it('end after an error, in any order, once', () => {
    expect(() => cue.assume('O3', () => { throw new Error('inside') })).toThrow('inside')
    expect(cue.getIrrepScope(false)).toBeUndefined()
    const [a, b] = [cue.assume('O3'), cue.assume('SO3')]
    a[Symbol.dispose]()
    a[Symbol.dispose]()
    expect(cue.getIrrepScope()).toBe(cue.SO3)
    b[Symbol.dispose]()
    expect(cue.getIrrepScope(false)).toBeUndefined()
  })

  it('do not hide irreps that know their group', () => {
    cue.assume('SO3', () => {
      expect(new cue.Irreps(new cue.O3(1, -1)).group).toBe(cue.O3)
      expect(new cue.Irreps(new cue.Irreps('O3', '1o')).group).toBe(cue.O3)
    })
  })

  it('are refused where they make no sense', () => {
    expect(() => cue.getIrrepScope()).toThrow(/no group is assumed here/)
    expect(() => cue.getLayoutScope()).toThrow(/no layout is assumed here; pass mulIr or irMul/)
    expect(() => cue.assume('O3', async () => Promise.resolve(1))).toThrow(/returned a promise/)
    expect(() => cue.assume('O3', 'diagonal' as never)).toThrow(/'diagonal' is no layout/)
    expect(() => cue.assume('E8' as never)).toThrow(/no group named 'E8'/)
    expect(() => cue.assume((() => 1) as never)).toThrow(/neither a group nor a layout/)
    expect(() => cue.assume(cue.mulIr, cue.irMul as never)).toThrow(/one group and one layout at most/)
    expect(cue.getIrrepScope(false)).toBeUndefined()
  })
})
