import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { ComplexArray } from '../../src/math/index.ts'
import { handWrittenO3E3nn, Z2 } from '../groups/user-groups.ts'

const o3 = (text: string) => new cue.Irreps('O3', text)
const letters = 'ijklmn'

function gram(basis: cue.HostIrrepsArray): cue.HostArray {
  const axes = letters.slice(0, basis.ndim - 1)
  return cue.einsum(`${axes}a,${axes}b->ab`, basis.array, basis.array)
}

function expectOrthonormal(basis: cue.HostIrrepsArray): void {
  expect(gram(basis).maxAbsDifference(cue.HostArray.identity(basis.irreps.dim))).toBeLessThan(1e-13)
}

/** Σ_n X_n B over the axes equals B X_out, for the generators of both kinds. */
function expectEquivariant(axes: readonly cue.Irreps[], basis: cue.HostIrrepsArray): void {
  const c = [0.6, -0.3, 0.9].slice(0, basis.group.trivial().lieDim)
  const d = Array.from({ length: basis.group.trivial().discreteGenerators().shape[0] ?? 0 }, () => 1)
  const matrix = (irreps: cue.Irreps) => new cue.IrrepsAndLayout(irreps, basis.layout).complexExpMap(c, d)
  let turned = new ComplexArray(basis.array)
  const names = letters.slice(0, axes.length)
  for (const [n, irreps] of axes.entries())
    turned = ComplexArray.einsum(`x${names.charAt(n)},${names}a->${names.replace(names.charAt(n), 'x')}a`, matrix(irreps), turned)
  const expected = ComplexArray.einsum(`${names}b,ba->${names}a`, new ComplexArray(basis.array), matrix(basis.irreps))
  expect(turned.maxAbsDifference(expected)).toBeLessThan(1e-12)
}

/** B[i_0, i_1, …] = sign · B[i_p(0), i_p(1), …], bit by bit. */
function expectSymmetry(basis: cue.HostIrrepsArray, permutation: readonly number[], sign: number): void {
  // Axis p(k) of the left side is axis k of the right side.
  const axes = permutation.map((_, axis) => permutation.indexOf(axis))
  expect(basis.array.permute([...axes, permutation.length]).maxAbsDifference(basis.array.scale(sign))).toBe(0)
}

function permutations(items: readonly number[]): number[][] {
  return items.length === 0 ? [[]] : items.flatMap((i) => permutations(items.filter((j) => j !== i)).map((rest) => [i, ...rest]))
}

describe('symmetric and antisymmetric powers', () => {
  it.each([
    ['1o', 2, '0e+2e'],
    ['1o', 3, '1o+3o'],
    ['0e+1o', 2, '2x0e+1o+2e'],
    ['0e+1o+2e', 3, '5x0e+5x1o+1e+6x2e+2x2o+4x3o+2x3e+3x4e+4o+5o+6e'],
    ['2x1o', 2, '3x0e+1e+3x2e'],
    ['1o', 1, '1o'],
  ] as const)('%s to the power %i', (text, degree, expected) => {
    for (const layout of [cue.mulIr, cue.irMul]) {
      const basis = cue.reducedSymmetricTensorProductBasis(o3(text), degree, { layout })
      expect(basis.irreps.toString()).toBe(expected)
      expectOrthonormal(basis)
      expectEquivariant(Array.from({ length: degree }, () => o3(text)), basis)
      for (let k = 0; k + 1 < degree; k++) expectSymmetry(basis, [...Array(degree).keys()].map((i) => (i === k ? k + 1 : i === k + 1 ? k : i)), 1)
    }
  })

  it('are antisymmetric with the other sign', () => {
    const second = cue.reducedAntisymmetricTensorProductBasis(o3('1o'), 2)
    expect(second.irreps.toString()).toBe('1e')
    expect(Math.abs(second.array.get(0, 1, 2))).toBe(Math.SQRT1_2)
    expect(second.array.get(0, 1, 2)).toBe(-second.array.get(1, 0, 2))
    expect(cue.reducedAntisymmetricTensorProductBasis(o3('1o'), 3).irreps.toString()).toBe('0o')
    expect(cue.reducedAntisymmetricTensorProductBasis(o3('1o'), 4).irreps.dim).toBe(0)
    const mixed = cue.reducedAntisymmetricTensorProductBasis(o3('0e+1o'), 3)
    expect(mixed.irreps.dim).toBe(4)
    expectOrthonormal(mixed)
    expectEquivariant([o3('0e+1o'), o3('0e+1o'), o3('0e+1o')], mixed)
    expectSymmetry(mixed, [1, 0, 2], -1)
    expectSymmetry(mixed, [1, 2, 0], 1)
  })

  it('of SU2 1/2+1 to the fourth are invariant under all permutations', () => {
    const irreps = new cue.Irreps('SU2', '1/2+1')
    const basis = cue.reducedSymmetricTensorProductBasis(irreps, 4)
    expect(basis.shape).toEqual([5, 5, 5, 5, 70])
    expectOrthonormal(basis)
    expectEquivariant([irreps, irreps, irreps, irreps], basis)
    expect(permutations([0, 1, 2, 3])).toHaveLength(24)
    for (const permutation of permutations([0, 1, 2, 3])) expectSymmetry(basis, permutation, 1)
  })

  it('that MACE needs have 8, 12 and 14 vectors, quickly', () => {
    for (const group of ['O3', 'O3E3nn', handWrittenO3E3nn] as const) {
      const irreps = new cue.Irreps(group, '0e+1o+2e+3o')
      const counts = [1, 2, 3].map((degree) => cue.reducedSymmetricTensorProductBasis(irreps, degree, { keepIr: '0e+1o+2e', layout: cue.irMul }).irreps.toString())
      expect(counts).toEqual(['0e+1o+2e', '4x0e+3x1o+5x2e', '8x0e+12x1o+14x2e'])
    }
    const start = performance.now()
    const fresh = new cue.Irreps('O3', '1o+0e+2e+3o')
    const basis = cue.reducedSymmetricTensorProductBasis(fresh, 3, { keepIr: '0e+1o+2e', layout: cue.irMul })
    expect(performance.now() - start).toBeLessThan(700)
    expectOrthonormal(basis)
    const middle = performance.now()
    expect(cue.reducedSymmetricTensorProductBasis(fresh, 3, { keepIr: '2e+1o+0e', layout: cue.irMul }).irreps.equals(basis.irreps)).toBe(true)
    expect(cue.reducedSymmetricTensorProductBasis(fresh, 3, { keepIr: '0e+1o+2e', layout: cue.irMul })).toBe(basis)
    expect(performance.now() - middle).toBeLessThan(700)
  })

  it('have few entries when asked to, and span the same space', () => {
    const count = (basis: cue.HostIrrepsArray) => basis.array.data.reduce((n, value) => (value === 0 ? n : n + 1), 0)
    for (const [group, text, keepIr, expected] of [
      ['SO3', '0+1+2', '0+1', [4, 37, 437]],
      ['O3', '0e+1o+2e', '0e+1o', [4, 37, 353]],
      ['O3', '0e+1o+2e+3o', '0e+1o+2e', [9, 215, 5296]],
    ] as const) {
      const irreps = new cue.Irreps(group, text)
      const bases = [1, 2, 3].map((degree) => cue.reducedSymmetricTensorProductBasis(irreps, degree, { keepIr, sparse: true }))
      expect(bases.map(count)).toEqual(expected)
      for (const [i, sparse] of bases.entries()) {
        const orthonormal = cue.reducedSymmetricTensorProductBasis(irreps, i + 1, { keepIr })
        const axes = letters.slice(0, i + 1)
        const overlap = cue.einsum(`${axes}a,${axes}b->ab`, orthonormal.array, sparse.array)
        // Unit vectors inside the span of the orthonormal ones: the overlaps of each have norm one.
        for (const norm of cue.einsum('ab,ab->b', overlap, overlap).data) expect(norm).toBeCloseTo(1, 12)
        const { values } = cue.symmetricEigen(gram(sparse))
        expect(values[0]).toBeGreaterThan(0.05)
        expectEquivariant(Array.from({ length: i + 1 }, () => irreps), sparse)
      }
    }
  })
})

describe('other symmetries', () => {
  it('of the elasticity tensor', () => {
    const basis = cue.reducedTensorProductBasis('ijkl=klij=jikl', { i: o3('1o') })
    expect(basis.irreps.toString()).toBe('2x0e+2x2e+4e')
    expect(basis.shape).toEqual([3, 3, 3, 3, 21])
    expectOrthonormal(basis)
    expectEquivariant([o3('1o'), o3('1o'), o3('1o'), o3('1o')], basis)
    for (const permutation of [[2, 3, 0, 1], [1, 0, 2, 3], [0, 1, 3, 2]]) expectSymmetry(basis, permutation, 1)
  })

  it('with signs and axes of different irreps', () => {
    const [a, b] = [o3('0e+1o'), o3('2x1o')]
    const basis = cue.reducedTensorProductBasis('i j k = -j i k', { j: a, k: b })
    expect(basis.shape.slice(0, 3)).toEqual([4, 4, 6])
    expect(basis.irreps.dim).toBe(6 * 6)
    expectOrthonormal(basis)
    expectEquivariant([a, a, b], basis)
    expectSymmetry(basis, [1, 0, 2], -1)
    const cyclic = cue.reducedTensorProductBasis('ijk=jki', { i: o3('0e+1o') })
    expect(cyclic.irreps.dim).toBe((64 + 2 * 4) / 3)
    expectOrthonormal(cyclic)
    expectSymmetry(cyclic, [1, 2, 0], 1)
  })

  it('that contradict themselves leave nothing', () => {
    expect(cue.reducedTensorProductBasis('ij=-ij', { i: o3('1o'), j: o3('1o') }).irreps.dim).toBe(0)
    expect(cue.reducedTensorProductBasis('ijk=-jki', { i: o3('1o') }).irreps.dim).toBe(0)
  })

  it('none at all: the plain product', () => {
    const axes = [o3('0e+1o'), o3('2x1o'), o3('1e')]
    for (const layout of [cue.mulIr, cue.irMul]) {
      const basis = cue.reducedTensorProductBasis(axes, { layout })
      expect(basis.irreps.dim).toBe(4 * 6 * 3)
      expectOrthonormal(basis)
      expectEquivariant(axes, basis)
    }
    const kept = cue.reducedTensorProductBasis(axes, { keepIr: ['1e', '0o'] })
    expect([...kept.irreps].map(({ ir }) => ir.toString())).toEqual(['0o', '1e'])
    expect(cue.reducedTensorProductBasis(['1', '1'], { group: 'SO3' }).irreps.toString()).toBe('0+1+2')
    expect(cue.assume('SO3', cue.irMul, () => cue.reducedTensorProductBasis(['1', '1'])).layout).toBe(cue.irMul)
    expect(cue.reducedSymmetricTensorProductBasis(o3('1o'), 0, { group: 'O3' }).array.toNested()).toEqual([1])
  })

  it('of a group that a user wrote', () => {
    const irreps = new cue.Irreps(Z2, '2xodd+even')
    const basis = cue.reducedSymmetricTensorProductBasis(irreps, 2)
    expect(basis.irreps.toString()).toBe('4xeven+2xodd')
    expectOrthonormal(basis)
    expectEquivariant([irreps, irreps], basis)
  })
})

describe('refused', () => {
  const axis = o3('1o')
  it.each([
    ['a formula with other characters', () => cue.reducedTensorProductBasis('ij=j1', { i: axis }), /'j1' is no term/],
    ['an empty term', () => cue.reducedTensorProductBasis('ij=', { i: axis }), /'' is no term/],
    ['a letter twice', () => cue.reducedTensorProductBasis('ii', { i: axis }), /'ii' names a letter twice/],
    ['other letters', () => cue.reducedTensorProductBasis('ij=jk', { i: axis }), /'jk' is not a permutation of 'ij'/],
    ['irreps of no index', () => cue.reducedTensorProductBasis('ij=ji', { i: axis, k: axis }), /has no index 'k'/],
    ['missing irreps', () => cue.reducedTensorProductBasis('ijk=jik', { i: axis }), /irreps of the index 'k' are not given; pass them as \{ k: irreps \}/],
    ['different irreps of exchanged axes', () => cue.reducedTensorProductBasis('ij=ji', { i: axis, j: o3('1e') }), /exchanges 'i' and 'j', but their irreps '1o' and '1e' differ/],
    ['mixed groups', () => cue.reducedTensorProductBasis([axis, new cue.Irreps('SO3', '1')]), /SO3/],
    ['a negative degree', () => cue.reducedSymmetricTensorProductBasis(axis, -1), /degree -1 must be a non-negative integer/],
    ['a broken degree', () => cue.reducedAntisymmetricTensorProductBasis(axis, 1.5), /degree 1.5/],
    ['an epsilon out of range', () => cue.reducedSymmetricTensorProductBasis(axis, 2, { epsilon: 0 }), /epsilon 0 must lie between 0 and 1/],
    ['irreps without a group', () => cue.reducedTensorProductBasis(['1', '1']), /no group is assumed/],
    ['a result that is too large', () => cue.reducedSymmetricTensorProductBasis(o3('0e+1o+2e+3o+4e'), 5), /more than 13 vectors, too many to hold; keep fewer irreps/],
  ] as const)('%s', (_, call, message) => {
    expect(call).toThrow(message)
    expect(call).toThrow(cue.EquivarError)
  })
})
