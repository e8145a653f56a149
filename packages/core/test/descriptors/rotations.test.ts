import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { expectClose, expectEquivariant, numPaths, sines, Z2 } from './support.ts'

const { fixedAxisAngleRotation, inversion, transpose, xRotation, xyRotation, yRotation, yxRotation, yxyRotation } = cue.descriptors
const irreps = (group: cue.GroupName, text: string) => new cue.Irreps(group, text)

/** [cos(Lφ), …, cos φ, 1, sin φ, …, sin(Lφ)]. */
function encoded(angle: number, lmax: number): cue.HostArray {
  return cue.HostArray.from(Array.from({ length: 2 * lmax + 1 }, (_, i) => (i <= lmax ? Math.cos((lmax - i) * angle) : Math.sin((i - lmax) * angle))))
}

/** R_{last} … R_{first} x with rotations about named axes. */
function expected(e: cue.EquivariantPolynomial, rotations: readonly (readonly ['x' | 'y', number])[], x: cue.HostArray): cue.HostArray {
  return rotations.reduce((y, [axis, angle]) => {
    const matrix = e.outputs[0].expMap(axis === 'x' ? [angle, 0, 0] : [0, angle, 0])
    return cue.einsum('ij,j->i', matrix, y)
  }, x)
}

const [a, b, c] = [0.7, -1.9, 2.6]
const cases = [
  ['yRotation', yRotation, [['y', a]]],
  ['xRotation', xRotation, [['x', a]]],
  ['xyRotation', xyRotation, [['y', a], ['x', b]]],
  ['yxRotation', yxRotation, [['x', a], ['y', b]]],
  ['yxyRotation', yxyRotation, [['y', a], ['x', b], ['y', c]]],
] as const

describe('rotations by angles that are inputs', () => {
  it.each(cases)('%s equals the product of matrices, l = 0 … 4', (_, rotation, rotations) => {
    for (const [group, text, lmax] of [['SO3', '2x0+1+3x2+3+4', undefined], ['O3', '1o+2x1e+2e', 4], ['O3E3nn', '2x2o+0o', undefined]] as const) {
      const input = irreps(group, text)
      const e = rotation(input, lmax)
      const L = (e.inputs[0].dim - 1) / 2
      const x = sines(input.dim, 1)
      const [y] = e.evaluate(...rotations.map(([, angle]) => encoded(angle, L)), x)
      // Without discrete generators in SO(3); none applied in O(3).
      expectClose(y?.data ?? [], expected(e, rotations, x).data)
    }
  })

  it('have the numbers of paths of the reference', () => {
    const input = irreps('SO3', '0+1+2')
    expect(cases.map(([, rotation]) => numPaths(rotation(input))[0])).toEqual([15, 23, 38, 38, 64])
  })

  it('undo each other', () => {
    const input = irreps('SO3', '3x0+1+0+4x2+4')
    const e = yxyRotation(input)
    const x = sines(input.dim, 0)
    const [turned] = e.evaluate(encoded(a, 4), encoded(b, 4), encoded(c, 4), x)
    const [back] = e.evaluate(encoded(-c, 4), encoded(-b, 4), encoded(-a, 4), turned ?? x)
    expectClose(back?.data ?? [], x.data)
  })

  it('refuse groups without l, and an lmax that is too small', () => {
    expect(() => yRotation(irreps('SU2', '1/2'))).toThrow(/SU2/)
    expect(() => xRotation(new cue.Irreps(Z2, 'odd'))).toThrow(cue.InputError)
    expect(() => xyRotation(irreps('SO3', '2'), 1)).toThrow(/below the largest l = 2/)
    expect(() => yRotation(irreps('SO3', '2'), 2.5)).toThrow(cue.InputError)
    expect(() => yRotation('1o' as never)).toThrow(cue.InputError)
  })
})

describe('fixedAxisAngleRotation', () => {
  it('equals the exponential of the generators', () => {
    for (const [group, text] of [['SO3', '2x0+1+2x3'], ['O3', '2x1o+2e'], ['O3E3nn', '2o+1e']] as const) {
      const input = irreps(group, text)
      const e = fixedAxisAngleRotation(input, [1, -2, 2], 0.9)
      const x = sines(input.dim, 0)
      const matrix = e.outputs[0].expMap([0.3, -0.6, 0.6])
      expectClose(e.evaluate(x)[0]?.data ?? [], cue.einsum('ij,j->i', matrix, x).data)
    }
  })

  it('is exact for quarter turns', () => {
    const e = fixedAxisAngleRotation(irreps('SO3', '2x0+1'), [1, 0, 0], Math.PI / 2)
    expect(numPaths(e)).toEqual([4])
    expect([...(e.evaluate(cue.HostArray.from([5, 6, 1, 2, 3]))[0]?.data ?? [])]).toEqual([5, 6, 1, -3, 2])
  })

  it('refuses bad axes, angles and groups', () => {
    const input = irreps('SO3', '1')
    expect(() => fixedAxisAngleRotation(input, [0, 0, 0], 1)).toThrow(cue.InputError)
    expect(() => fixedAxisAngleRotation(input, [1, 0], 1)).toThrow(cue.ShapeError)
    expect(() => fixedAxisAngleRotation(input, [1, 0, 0], Number.NaN)).toThrow(cue.InputError)
    expect(() => fixedAxisAngleRotation(irreps('SU2', '1'), [1, 0, 0], 1)).toThrow(/SU2/)
  })
})

describe('inversion', () => {
  it('applies the discrete generator and commutes with the group', () => {
    const e = inversion(irreps('O3', '2x0e+1o+2x2o+0o'))
    expectEquivariant(e)
    const x = sines(e.inputs[0].dim, 0)
    expectClose(e.evaluate(x)[0]?.data ?? [], cue.einsum('ij,j->i', e.inputs[0].expMap([0, 0, 0], [1]), x).data)
    const twice = e.evaluate(e.evaluate(x)[0] ?? x)
    expectClose(twice[0]?.data ?? [], x.data)
    expect([...(inversion(new cue.Irreps(Z2, 'even+odd')).evaluate(cue.HostArray.from([1, 1]))[0]?.data ?? [])]).toEqual([1, -1])
  })

  it('refuses groups without one discrete generator of order two', () => {
    expect(() => inversion(irreps('SO3', '0+1'))).toThrow(/SO3 has 0 discrete generators/)
  })
})

describe('transpose', () => {
  it('changes the layout, and changes it back', () => {
    const input = irreps('O3', '2x0e+3x1o')
    const e = transpose(input, cue.mulIr, cue.irMul)
    expectEquivariant(e)
    const [y] = e.evaluate(cue.HostArray.from([1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]))
    expect([...(y?.data ?? [])]).toEqual([1, 2, 10, 20, 30, 11, 21, 31, 12, 22, 32])
    const [back] = transpose(input, 'ir_mul', 'mul_ir').evaluate(y ?? cue.HostArray.zeros([11]))
    expect([...(back?.data ?? [])]).toEqual([1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32])
  })

  it('with one layout twice is the identity', () => {
    const input = irreps('O3', '2x0e+3x1o')
    for (const layout of [cue.mulIr, cue.irMul]) expectClose(transpose(input, layout, layout).evaluate(sines(11, 0))[0]?.data ?? [], sines(11, 0).data)
  })

  it('refuses unknown layouts', () => {
    expect(() => transpose(irreps('O3', '1o'), 'ir' as never, 'mul_ir')).toThrow(cue.LayoutError)
  })
})
