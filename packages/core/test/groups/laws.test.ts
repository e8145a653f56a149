import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { ComplexArray, matrixExponential } from '../../src/math/index.ts'
import { handWrittenO3E3nn, Z2 } from './user-groups.ts'

const groups: readonly cue.IrrepClass[] = [cue.SU2, cue.SO3, cue.O3, cue.O3E3nn, handWrittenO3E3nn, Z2]

function first(group: cue.IrrepClass, n: number): readonly cue.Irrep[] {
  const irreps: cue.Irrep[] = []
  for (const ir of group.iterator()) {
    if (irreps.length === n) break
    irreps.push(ir)
  }
  return irreps
}

const complex = (array: cue.HostArray) => new ComplexArray(array)
const apply = (subscripts: string, a: ComplexArray, b: cue.HostArray) => ComplexArray.einsum(subscripts, a, complex(b))

describe.each(groups.map((group) => [group.label, group] as const))('the group %s', (_, group) => {
  const irreps = first(group, 6)

  it('has irreps in order, the trivial one first, whose names read back', () => {
    expect(irreps[0]?.isTrivial()).toBe(true)
    expect(group.trivial().equals(irreps[0] ?? group.trivial())).toBe(true)
    const names = irreps.map(String)
    expect(new Set(names).size).toBe(irreps.length)
    for (const ir of irreps) {
      expect(group.fromString(ir.toString()).equals(ir)).toBe(true)
      expect(group.from(ir)).toBe(ir)
      expect(group.compare(ir, ir)).toBe(0)
      expect(ir.group).toBe(group)
      expect(ir.trivial().isTrivial()).toBe(true)
    }
  })

  it('has generators of the right shape that close: [X_i, X_j] = A_ijk X_k', () => {
    for (const ir of irreps) {
      const [a, x, h] = [ir.algebra(), ir.complexGenerators(), ir.discreteGenerators()]
      const lie = a.shape[0] ?? 0
      expect(a.shape).toEqual([lie, lie, lie])
      expect(x.shape).toEqual([lie, ir.dim, ir.dim])
      expect(h.shape.slice(1)).toEqual([ir.dim, ir.dim])
      const products = ComplexArray.einsum('iab,jbc->ijac', x, x)
      const commutator = products.add(products.permute([1, 0, 2, 3]).scale(-1))
      expect(commutator.maxAbsDifference(ComplexArray.einsum('ijk,kac->ijac', complex(a), x))).toBeLessThan(1e-10)
      // Antihermitian generators, so that the matrices are unitary.
      expect(x.permute([0, 2, 1]).conj().maxAbsDifference(x.scale(-1))).toBeLessThan(1e-14)
    }
  })

  it('agrees with the general formulas for dim, scalars and equality', () => {
    for (const ir of irreps) {
      expect(ir.isScalar()).toBe(cue.Rep.prototype.isScalar.call(ir))
      expect(ir.isTrivial()).toBe(ir === irreps[0])
      for (const other of irreps) expect(ir.equals(other)).toBe(cue.Rep.prototype.equals.call(ir, other))
    }
  })

  it('couples by intertwiners that are orthonormal', () => {
    for (const a of irreps.slice(0, 4))
      for (const b of irreps.slice(0, 4)) {
        const products = [...group.product(a, b)]
        expect(products.reduce((sum, c) => sum + c.dim * (cue.clebschGordan(a, b, c).shape[0] ?? 0), 0)).toBe(a.dim * b.dim)
        for (const c of products) {
          const cg = cue.clebschGordan(a, b, c)
          expect(cg.shape.slice(1)).toEqual([a.dim, b.dim, c.dim])
          const left = apply('nli,slrk->snirk', a.complexGenerators(), cg).add(apply('nlj,silk->snijk', b.complexGenerators(), cg))
          expect(left.maxAbsDifference(apply('nkl,sijl->snijk', c.complexGenerators(), cg))).toBeLessThan(1e-10)
          const [ha, hb, hc] = [a.discreteGenerators(), b.discreteGenerators(), c.discreteGenerators()]
          expect(cue.einsum('nai,nbj,sabk->snijk', ha, hb, cg).maxAbsDifference(cue.einsum('nkl,sijl->snijk', hc, cg))).toBeLessThan(1e-10)
          expect(cue.einsum('sijk,tijl->stkl', cg, cg).maxAbsDifference(cue.einsum('st,kl->stkl', cue.HostArray.identity(cg.shape[0] ?? 0), cue.HostArray.identity(c.dim)))).toBeLessThan(1e-14)
        }
      }
  })

  it('has no coupling where the selection rule forbids it', () => {
    for (const a of irreps.slice(0, 4))
      for (const b of irreps.slice(0, 4))
        for (const c of irreps)
          if (![...group.product(a, b)].some((ir) => ir.equals(c))) expect(cue.clebschGordan(a, b, c).shape).toEqual([0, a.dim, b.dim, c.dim])
  })

  it('remembers couplings', () => {
    const [a = group.trivial()] = irreps
    expect(cue.clebschGordan(a, a, a)).toBe(cue.clebschGordan(a, a, a))
  })

  it('maps parameters to matrices that respect products', () => {
    for (const ir of irreps) {
      const lie = ir.lieDim
      const discrete = ir.discreteGenerators().shape[0] ?? 0
      const [c, d] = [[0.3, -1.1, 0.7].slice(0, lie), Array.from({ length: discrete }, () => 1)]
      const zero = c.map(() => 0)
      expect(ir.complexExpMap(zero).maxAbsDifference(complex(cue.HostArray.identity(ir.dim)))).toBe(0)
      const once = ir.complexExpMap(c, d)
      const twice = ir.complexExpMap(c.map((value) => 2 * value), d.map((power) => 2 * power))
      expect(ComplexArray.einsum('ij,jk->ik', once, once).maxAbsDifference(twice)).toBeLessThan(2e-15)
      expect(once.maxAbsDifference(cue.Rep.prototype.complexExpMap.call(ir, c, d))).toBeLessThan(1e-14)
      expect(() => ir.complexExpMap([...c, 0])).toThrow(/continuous generators, but .* parameters were given/)
      expect(() => ir.complexExpMap(c, [...d, 0])).toThrow(/discrete generators, but .* powers were given/)
      if (discrete > 0) expect(() => ir.expMap(c, [0.5])).toThrow(/non-negative integer/)
      if (lie > 0) expect(() => ir.complexExpMap([Number.NaN, 0, 0])).toThrow(/NaN is not finite/)
    }
  })
})

describe('rotations', () => {
  const degrees = [0, 1, 2, 3, 7, 11, 20]

  it.each(degrees)('are orthogonal, compose, and equal the matrix exponential at l = %i', (l) => {
    const ir = new cue.SO3(l)
    const c = [0.4, -1.3, 0.8]
    const matrix = ir.expMap(c)
    expect(cue.einsum('ji,jk->ik', matrix, matrix).maxAbsDifference(cue.HostArray.identity(ir.dim))).toBeLessThan(5e-15)
    const general = matrixExponential(cue.einsum('a,aij->ij', cue.HostArray.from(c), ir.continuousGenerators()))
    expect(matrix.maxAbsDifference(general)).toBeLessThan(l < 10 ? 3e-14 : 2e-13)
    // The last of these axes lies opposite to y, where the turn of the axis is half a circle.
    for (const axis of [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 2, -2], [0, -1, 0], [1e-9, -1, 0]]) {
      const half = ir.rotation(axis, 0.6)
      expect(cue.einsum('ij,jk->ik', half, half).maxAbsDifference(ir.rotation(axis, 1.2))).toBeLessThan(1e-14)
      expect(half.maxAbsDifference(ir.rotation(axis.map((x) => -x), -0.6))).toBeLessThan(l < 10 ? 1e-14 : 1e-13)
      expect(half.permute([1, 0]).maxAbsDifference(ir.rotation(axis, -0.6))).toBeLessThan(1e-14)
    }
  })

  it('turn vectors right-handed', () => {
    const ir = new cue.O3(1, -1)
    expect(ir.rotation([0, 0, 2], Math.PI / 2).toNested()).toEqual([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    expect(ir.rotation([1, 0, 0], Math.PI / 2).toNested()).toEqual([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    expect(ir.rotation([0, 1, 0], Math.PI).toNested()).toEqual([[-1, 0, 0], [0, 1, 0], [0, 0, -1]])
    expect(new cue.SO3(1).continuousGenerators().toNested()).toEqual([
      [[0, 0, 0], [0, 0, -1], [0, 1, 0]], [[0, 0, 1], [0, 0, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0], [0, 0, 0]],
    ].map((rows) => rows.map((row) => row.map((value) => expect.closeTo(value, 15) as number))))
    const angle = 0.7
    const second = new cue.SO3(2).rotation([0, 1, 0], angle)
    for (const m of [1, 2]) {
      expect(second.get(2 - m, 2 - m)).toBeCloseTo(Math.cos(m * angle), 15)
      expect(second.get(2 - m, 2 + m)).toBeCloseTo(Math.sin(m * angle), 15)
      expect(second.get(2 + m, 2 - m)).toBeCloseTo(-Math.sin(m * angle), 15)
    }
    expect(second.get(2, 2)).toBe(1)
  })

  it('have the landmarks of the exponential map', () => {
    const ir = new cue.SO3(1)
    const near = (matrix: cue.HostArray, expected: cue.HostArray) => matrix.maxAbsDifference(expected) < 1e-15
    expect(near(ir.expMap([0, 0, 0]), cue.HostArray.identity(3))).toBe(true)
    expect(near(ir.expMap([0, Math.PI, 0]), cue.HostArray.from([[-1, 0, 0], [0, 1, 0], [0, 0, -1]]))).toBe(true)
    expect(near(ir.expMap([0, 2 * Math.PI, 0]), cue.HostArray.identity(3))).toBe(true)
    expect(near(new cue.O3(1, -1).expMap([0, 0, 0], [1]), cue.HostArray.identity(3).scale(-1))).toBe(true)
    expect(new cue.O3(1, 1).expMap([0, 0, 0], [1]).equals(cue.HostArray.identity(3))).toBe(true)
    // A full turn is minus the identity for half-integer spin.
    expect(new cue.SU2(0.5).complexExpMap([0, 2 * Math.PI, 0]).re.maxAbsDifference(cue.HostArray.identity(2).scale(-1))).toBeLessThan(1e-15)
  })

  it('snap at multiples of a quarter turn', () => {
    const exact = new cue.SO3(2).rotation([1, 0, 0], Math.PI / 2)
    expect(new Set(exact.data.map(Math.abs))).toEqual(new Set([0, 1, 0.5, Math.sqrt(3) / 2]))
  })

  it('refuse axes and angles without meaning', () => {
    const ir = new cue.SO3(1)
    expect(() => ir.rotation([1, 0], 1)).toThrow(/axis has 2 components/)
    expect(() => ir.rotation([0, 0, 0], 1)).toThrow(/has length 0/)
    expect(() => ir.rotation([Number.NaN, 0, 1], 1)).toThrow(/has length NaN/)
    expect(() => ir.rotation([0, 0, 1], Infinity)).toThrow(/angle Infinity is not finite/)
  })
})
