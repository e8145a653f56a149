import fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import * as cue from '../../src/index.ts'
import { Z2 } from '../groups/user-groups.ts'

const seed = { seed: 5, numRuns: 100 }
const o3 = (text: string) => new cue.Irreps('O3', text)
const wave = (shape: readonly number[]) => cue.HostArray.from(Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 1), shape)

describe('layouts', () => {
  it('have names, shapes and a printout', () => {
    const segment = new cue.MulIrrep(4, new cue.O3(1, -1))
    expect([cue.mulIr.shape(segment), cue.irMul.shape(segment)]).toEqual([[4, 3], [3, 4]])
    expect([String(cue.mulIr), inspect(cue.irMul), JSON.stringify(cue.irMul)]).toEqual(['(mul,irrep)', '(irrep,mul)', '"ir_mul"'])
    expect([cue.asLayout('mul_ir'), cue.asLayout('ir_mul'), cue.asLayout(cue.mulIr)]).toEqual([cue.mulIr, cue.irMul, cue.mulIr])
    expect(() => cue.asLayout('irmul' as never)).toThrow(/'irmul' is no layout; use mulIr \('mul_ir'\) or irMul/)
  })
})

describe('irreps with a layout', () => {
  it('are a representation with a block for each copy', () => {
    const irreps = o3('2x1o+0e')
    const x = new cue.O3(1, -1).continuousGenerators()
    for (const layout of [cue.mulIr, cue.irMul]) {
      const rep = new cue.IrrepsAndLayout(irreps, layout)
      const identity = cue.HostArray.identity(2)
      const block = layout === cue.mulIr ? cue.einsum('uv,aij->auivj', identity, x) : cue.einsum('uv,aij->aiujv', identity, x)
      const expected = cue.HostArray.zeros([3, 7, 7]).map((_, flat) => {
        const [a, i, j] = [Math.floor(flat / 49), Math.floor(flat / 7) % 7, flat % 7]
        return i < 6 && j < 6 ? block.reshape([3, 6, 6]).get(a, i, j) : 0
      })
      expect(rep.continuousGenerators().equals(expected)).toBe(true)
      expect(rep.discreteGenerators().get(0, 6, 6)).toBe(1)
      expect(rep.discreteGenerators().get(0, 0, 0)).toBe(-1)
    }
  })

  it('act on copies as their irreps do', () => {
    const [c, d] = [[0.3, -0.4, 1.2], [1]]
    const irreps = o3('2x1o+3x0o+2e')
    for (const layout of [cue.mulIr, cue.irMul]) {
      const matrix = new cue.IrrepsAndLayout(irreps, layout).expMap(c, d)
      const input = new cue.HostIrrepsArray(irreps, wave([14]), layout)
      const turned = new cue.HostIrrepsArray(irreps, cue.einsum('ij,j->i', matrix, input.array), layout)
      for (const [s, segment] of input.segments.entries()) {
        const own = irreps.at(s).ir.expMap(c, d)
        const expected = layout === cue.mulIr ? cue.einsum('ij,uj->ui', own, segment) : cue.einsum('ij,ju->iu', own, segment)
        expect(turned.segments[s]?.maxAbsDifference(expected)).toBeLessThan(1e-14)
      }
    }
  })

  it('work for complex, discrete and empty representations', () => {
    const su2 = new cue.IrrepsAndLayout(new cue.Irreps('SU2', '2x1/2+1'), cue.mulIr)
    expect(su2.complexGenerators().shape).toEqual([3, 7, 7])
    expect(su2.complexExpMap([0.1, 0.2, 0.3]).shape).toEqual([7, 7])
    expect(() => su2.expMap([0.1, 0.2, 0.3])).toThrow(/complex/)
    expect(su2.discreteGenerators().shape).toEqual([0, 7, 7])
    const z2 = new cue.IrrepsAndLayout(new cue.Irreps(Z2, '2xodd+even'), cue.irMul)
    expect(z2.expMap([], [1]).toNested()).toEqual([[-1, 0, 0], [0, -1, 0], [0, 0, 1]])
    const empty = new cue.IrrepsAndLayout(o3(''), cue.mulIr)
    expect([empty.continuousGenerators().shape, empty.discreteGenerators().shape, empty.expMap([0, 0, 0]).shape]).toEqual([[3, 0, 0], [1, 0, 0], [0, 0]])
  })

  it('are compared up to layouts that do not matter', () => {
    const rep = (text: string, layout: cue.Layout) => new cue.IrrepsAndLayout(o3(text), layout)
    expect(rep('2x1o', cue.mulIr).equals(rep('2x1o', cue.irMul))).toBe(false)
    expect(rep('2x0e+1o', cue.mulIr).equals(rep('2x0e+1o', cue.irMul))).toBe(true)
    expect(rep('1o', cue.mulIr).equals(new cue.O3(1, -1))).toBe(true)
    expect(rep('1o', cue.mulIr).equals(rep('1e', cue.mulIr))).toBe(false)
    expect([rep('2x0e', cue.mulIr).isScalar(), rep('2x0e', cue.mulIr).isTrivial(), rep('0e', cue.irMul).isTrivial()]).toEqual([true, false, true])
    expect(rep('2x1o', cue.mulIr).trivial().toString()).toBe('0e')
    expect(inspect(rep('2x1o+0e', cue.mulIr))).toBe('2x1o+0e')
    expect(() => new cue.IrrepsAndLayout(o3('1o'))).toThrow(/no layout is assumed/)
  })
})

describe('arrays with irreps', () => {
  const irreps = o3('2x0e+2x1o')

  it('split into segments and come back', () => {
    for (const layout of [cue.mulIr, cue.irMul]) {
      const x = new cue.HostIrrepsArray(irreps, wave([3, 2, 8]), layout)
      expect(x.segments.map(({ shape }) => shape)).toEqual(layout === cue.mulIr ? [[3, 2, 2, 1], [3, 2, 2, 3]] : [[3, 2, 1, 2], [3, 2, 3, 2]])
      expect(cue.HostIrrepsArray.fromSegments(irreps, x.segments, [3, 2], layout).equals(x)).toBe(true)
      expect(x.segments[1]?.get(0, 0, 0, 1)).toBe(4)
    }
  })

  it('change layout by transposing each block', () => {
    const x = new cue.HostIrrepsArray(irreps, [1, 2, 3, 4, 5, 6, 7, 8], cue.mulIr)
    expect([...x.changeLayout(cue.irMul).array.data]).toEqual([1, 2, 3, 6, 4, 7, 5, 8])
    expect(x.changeLayout(cue.irMul).changeLayout('mul_ir').equals(x)).toBe(true)
    expect(x.changeLayout(cue.mulIr)).toBe(x)
    expect(x.equals(x.changeLayout(cue.irMul))).toBe(false)
    expect([...x.neg().array.data]).toEqual([-1, -2, -3, -4, -5, -6, -7, -8])
  })

  it('simplify and sort in both layouts alike', () => {
    const segment = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.constantFrom('0e', '1o', '2e', '1e')).map(([mul, ir]) => `${mul}x${ir}`)
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (terms) => {
        const type = o3(terms.join('+'))
        const x = new cue.HostIrrepsArray(type, wave([2, type.dim]), cue.mulIr)
        const y = x.changeLayout(cue.irMul)
        for (const f of [
          (a: cue.HostIrrepsArray) => a.simplify(),
          (a: cue.HostIrrepsArray) => a.mergeConsecutive(),
          (a: cue.HostIrrepsArray) => a.sort(),
          (a: cue.HostIrrepsArray) => a.regroup(),
          (a: cue.HostIrrepsArray) => a.filter({ keep: '0e+1o' }),
        ]) {
          const [fx, fy] = [f(x), f(y)]
          expect(fy.changeLayout(cue.mulIr).equals(fx)).toBe(true)
          expect(fy.layout).toBe(cue.irMul)
        }
        expect(x.regroup().irreps.equals(type.regroup())).toBe(true)
        // In layout (mul, ir), simplifying only relabels.
        expect(x.simplify().array.equals(x.array)).toBe(true)
      }),
      seed,
    )
    const sorted = new cue.HostIrrepsArray(new cue.Irreps('SO3', '1+0'), [1, 2, 3, 4], cue.mulIr).sort()
    expect([sorted.irreps.toString(), ...sorted.array.data]).toEqual(['0+1', 4, 1, 2, 3])
  })

  it('reshape their leading axes', () => {
    const x = new cue.HostIrrepsArray(irreps, wave([6, 8]), cue.mulIr)
    expect(x.reshape([2, 3, -1]).shape).toEqual([2, 3, 8])
    expect(x.reshape([-1, 2, 8]).shape).toEqual([3, 2, 8])
    expect([x.leadingShape, x.ndim, x.group]).toEqual([[6], 2, cue.O3])
    expect(() => x.reshape([12, 4])).toThrow(/must be 8 or -1, not 4/)
    expect(() => x.reshape([4, 8])).toThrow(cue.ShapeError)
    expect(() => x.reshape([-1, 5, 8])).toThrow(cue.ShapeError)
  })

  it('are joined', () => {
    const [a, b] = [new cue.HostIrrepsArray(o3('0e'), [[1], [2]], cue.mulIr), new cue.HostIrrepsArray(o3('1o'), [[3, 4, 5], [6, 7, 8]], cue.mulIr)]
    const joined = cue.concatenate([a, b])
    expect([joined.irreps.toString(), joined.array.toNested()]).toEqual(['0e+1o', [[1, 3, 4, 5], [2, 6, 7, 8]]])
    expect(cue.concatenate([o3('0e'), o3('1o')]).toString()).toBe('0e+1o')
    const [p, q] = [new cue.IrrepsAndLayout(o3('2x1o'), cue.irMul), new cue.IrrepsAndLayout(o3('2x0e'), cue.mulIr)]
    expect(cue.concatenate([q, p]).layout).toBe(cue.irMul)
    expect(() => cue.concatenate([p, new cue.IrrepsAndLayout(o3('2x1o'), cue.mulIr)])).toThrow(/layouts \(irrep,mul\), \(mul,irrep\) differ/)
    expect(() => cue.concatenate([o3('0e'), new cue.Irreps('SO3', '0')])).toThrow(cue.GroupMismatchError)
    expect(() => cue.concatenate([a, new cue.HostIrrepsArray(o3('0e'), [[1]], cue.mulIr)])).toThrow(/array 0 has leading shape \[2\], array 1 \[1\]/)
    expect(() => cue.concatenate([] as cue.Irreps[])).toThrow(/list is empty/)
    expect(() => cue.concatenate([o3('0e'), a] as never)).toThrow(/different kinds/)
  })

  it('refuse what does not fit', () => {
    expect(() => new cue.HostIrrepsArray(irreps, [1, 2], cue.mulIr)).toThrow(/irreps '2x0e\+2x1o' have dimension 8, but the array has shape \[2\]/)
    expect(() => new cue.HostIrrepsArray(irreps, [1, 2], cue.mulIr)).toThrow(cue.DimensionError)
    expect(() => new cue.HostIrrepsArray(irreps, wave([8]))).toThrow(cue.LayoutError)
    expect(() => cue.HostIrrepsArray.fromSegments(irreps, [wave([2, 1])], [], cue.mulIr)).toThrow(/has 2 segments, but 1 arrays/)
    expect(() => cue.HostIrrepsArray.fromSegments(irreps, [wave([2, 1]), wave([3, 2])], [], cue.mulIr)).toThrow(/segment 1 \(2x1o, layout \(mul,irrep\)\) has shape \[3, 2\], expected \[2, 3\]/)
  })

  it('print', () => {
    const x = new cue.HostIrrepsArray(o3('1o'), [1, 2, 3], cue.mulIr)
    expect(x.toString()).toBe('{1o (mul,irrep) [3]}')
    expect(inspect(x)).toBe('HostIrrepsArray {1o (mul,irrep) [3]} HostArray [3] [1,2,3]')
    expect(JSON.parse(JSON.stringify(x))).toEqual({ irreps: '1o', layout: 'mul_ir', shape: [3], data: [1, 2, 3] })
  })
})
