import { describe, expect, test } from 'vitest'
import { SubscriptsError } from '../../src/errors.ts'
import { Subscripts } from '../../src/polynomials/subscripts.ts'

describe('Subscripts', () => {
  test.each([
    ['Uv,u', "'U'"],
    ['u,u+i+i', "'+'"],
    ['uu,u', "'u' twice"],
    ['u,v+ii', "'i' twice"],
    ['u1,u', "'1'"],
    ['u u', "' '"],
  ])('%s is refused: %s', (text, piece) => {
    expect(() => new Subscripts(text)).toThrow(SubscriptsError)
    expect(() => new Subscripts(text)).toThrow(piece)
  })

  test('accessors', () => {
    const subscripts = new Subscripts('uv_iu,jv+ij')
    expect(subscripts.operands).toEqual(['uv', 'iu', 'jv'])
    expect(subscripts.coefficients).toBe('ij')
    expect(subscripts.numOperands).toBe(3)
    expect(subscripts.modes).toEqual(['u', 'v', 'i', 'j'])
    expect(String(subscripts)).toBe('uv,iu,jv+ij')
    expect(subscripts.axesOf('u')).toEqual([[0, 0], [1, 1]])
    expect(new Subscripts('u,u+').text).toBe('u,u')
    expect(new Subscripts('').operands).toEqual([''])
    expect(Subscripts.fromOperands(['u', 'iu'], 'i').text).toBe('u,iu+i')
    expect(() => Subscripts.fromOperands([])).toThrow(SubscriptsError)
  })

  test.each([
    ['ab,aj,bi+ij', 'uv,ui,vj+ji'],
    ['j,i+ij', 'i,j+ji'],
    ['ab,bc,ac', 'uv,vw,uw'],
    ['u,iu,ju,ku+ijk', 'u,iu,ju,ku+ijk'],
  ])('canonical form of %s', (text, canonical) => {
    expect(new Subscripts(text).canonicalize().text).toBe(canonical)
    expect(new Subscripts(canonical).canonicalize().text).toBe(canonical)
  })

  test('too many modes have no canonical names', () => {
    expect(() => new Subscripts('abcdefghijklmno,abcdefghijklmno').canonicalize()).toThrow(SubscriptsError)
  })

  test('equivalence', () => {
    expect(new Subscripts('uv,vu').isEquivalent(new Subscripts('ab,ba'))).toBe(true)
    expect(new Subscripts('uv,vu').isEquivalent(new Subscripts('ab,ab'))).toBe(false)
    expect(new Subscripts('u,u').isEquivalent(new Subscripts('u,u+u'))).toBe(false)
  })

  test('subsets', () => {
    expect(new Subscripts('u,u').isSubsetOf(new Subscripts('uv,vu'))).toEqual([{ u: 'v' }, { u: 'u' }])
    expect(new Subscripts('u,u').isSubsetOf(new Subscripts('u,u,u'))).toEqual([])
    expect(new Subscripts('uv,uv').isSubsetOf(new Subscripts('u,u'))).toEqual([])
    expect(new Subscripts('i,i+i').isSubsetOf(new Subscripts('ui,ui+i'))).toEqual([{ i: 'i' }])
    expect(new Subscripts('u,u').isSubsetOf(new Subscripts('ui,ui+i'))).toEqual([])
    expect(new Subscripts(',').isSubsetOf(new Subscripts('u,u'))).toEqual([{}])
  })

  test('rename, remove, concatenate', () => {
    expect(new Subscripts('uv,vu').rename({ u: 'v', v: 'u' }).text).toBe('vu,uv')
    expect(() => new Subscripts('uv,vu').rename({ u: 'v' })).toThrow("both be called 'v'")
    expect(() => new Subscripts('uv,vu').rename({ u: 'ab' })).toThrow('one letter')
    expect(new Subscripts('uv,vu+u').removeMode('u').text).toBe('v,v')
    expect(() => new Subscripts('u,u').removeMode('v')).toThrow(SubscriptsError)
    expect(new Subscripts('u,v').concatenate(new Subscripts('i,j')).text).toBe('ui,vj')
    expect(() => new Subscripts('u,v').concatenate(new Subscripts('i'))).toThrow(SubscriptsError)
  })

  test('wildcards', () => {
    expect(new Subscripts('uvw,u*,*w').completeWildcards().text).toBe('uvw,uvw,uvw')
    expect(new Subscripts('uv,*,uv').completeWildcards().text).toBe('uv,uv,uv')
    expect(() => new Subscripts('uv,u*,uw').completeWildcards()).toThrow('uv or uw')
    expect(() => new Subscripts('uv,a*').completeWildcards()).toThrow('fits no other piece')
    expect(() => new Subscripts('uv,u*v*').completeWildcards()).toThrow(SubscriptsError)
  })

  test('sets that can be flattened', () => {
    expect(new Subscripts('uv,iu,iv').flattenablePowerset()).toEqual(['', 'i', 'ui', 'uvi'])
    expect(new Subscripts('uv,vu').flattenablePowerset()).toEqual(['', 'uv'])
    expect(new Subscripts('ui,uj,uk+ijk').flattenablePowerset()).toEqual(['', 'u', 'ui', 'uj', 'uk', 'uij', 'uik', 'ujk', 'uijk'])
  })
})
