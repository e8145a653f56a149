import { describe, expect, test } from 'vitest'
import { InputError, PolynomialError, SubscriptsError } from '../../src/errors.ts'
import { HostArray } from '../../src/math/host-array.ts'
import { Path, SegmentedOperand, SegmentedTensorProduct, SegmentedTensorProductBuilder } from '../../src/polynomials/index.ts'
import { randomArray, randomNumbers, randomProduct } from './random-product.ts'

const builder = (subscripts: string) => new SegmentedTensorProductBuilder(subscripts)
const segmentsOf = (product: SegmentedTensorProduct) => product.operands.map((operand) => operand.segments)

describe('renaming and embedding', () => {
  const product = builder('ab,ab').addPath([2, 3], null, { c: 2 }).build()

  test('rename', () => {
    const renamed = product.addOrRenameModes('uv,uv')
    expect(renamed.subscripts.text).toBe('uv,uv')
    expect(segmentsOf(renamed)).toEqual([[[2, 3]], [[2, 3]]])
  })

  test('embed', () => {
    const embedded = product.addOrRenameModes('iuv,uvi')
    expect(embedded.subscripts.text).toBe('iuv,uvi')
    expect(segmentsOf(embedded)).toEqual([[[1, 2, 3]], [[2, 3, 1]]])
    const line = builder('a,a').addPath([4], null, { c: 1 }).build()
    expect(() => line.addOrRenameModes('uv,vu')).toThrow('several ways')
    expect(segmentsOf(line.addOrRenameModes('uv,vu', { a: 'v' }))).toEqual([[[1, 4]], [[4, 1]]])
    expect(segmentsOf(line.addOrRenameModes('uv,vu', { a: 'u' }))).toEqual([[[4, 1]], [[1, 4]]])
  })

  test('errors', () => {
    expect(() => product.addOrRenameModes('u,u')).toThrow(SubscriptsError)
    expect(() => product.addOrRenameModes('uv,vu')).toThrow('does not arise')
    expect(() => product.addOrRenameModes('uv,uv', { a: 'v', b: 'u' })).toThrow('{ a: v, b: u }')
  })
})

describe('adding and transposing modes', () => {
  const product = builder('ui,uj,ij+ij').addPath([2, 3], [2, 4], null, { c: randomArray([3, 4], randomNumbers(1)) }).build()

  test('axes in another order', () => {
    const moved = product.addOrTransposeModes('iu,uj,ji+ji')
    expect(segmentsOf(moved)).toEqual([[[3, 2]], [[2, 4]], [[4, 3]]])
    expect(moved.paths[0]?.coefficients.equals(product.paths[0]?.coefficients.permute([1, 0]) ?? HostArray.zeros([]))).toBe(true)
    expect(moved.addOrTransposeModes('ui,uj,ij+ij').equals(product)).toBe(true)
  })

  test('a mode for operands that did not have it', () => {
    const wide = product.addOrTransposeModes('uiz,uj,zij+ij', { z: 5 })
    expect(segmentsOf(wide)).toEqual([[[2, 3, 5]], [[2, 4]], [[5, 3, 4]]])
    // u becomes a mode of the output instead of being summed over.
    expect(segmentsOf(product.addOrTransposeModes('ui,uj,uij+ij', { u: 2 }))).toEqual([[[2, 3]], [[2, 4]], [[2, 3, 4]]])
  })

  test('errors', () => {
    expect(() => product.addOrTransposeModes('uiz,uj,zij+ij')).toThrow("gets mode 'z', whose extent is not given")
    expect(() => product.addOrTransposeModes('i,uj,ij+ij')).toThrow("mode 'u' of operand 0 cannot be removed")
    expect(() => product.addOrTransposeModes('ui,uj,ij+i')).toThrow('coefficient modes')
    expect(() => product.addOrTransposeModes('ui,uj,ij+iju')).toThrow('coefficient modes')
    expect(() => product.addOrTransposeModes('ui,uj')).toThrow('needs 3 operands')
    expect(() => product.appendModesToAllOperands('u', { u: 2 })).toThrow("a mode 'u' already")
    expect(() => product.appendModesToAllOperands('z', {})).toThrow(SubscriptsError)
  })
})

describe('squeezing', () => {
  const product = builder('uv,iu,iv').addPath([2, 1], [3, 2], null, { c: 1 }).build()

  test('modes of extent one', () => {
    expect(product.squeezeModes().subscripts.text).toBe('u,iu,i')
    expect(product.squeezeModes('v').subscripts.text).toBe('u,iu,i')
    expect(product.squeezeModes('').equals(product)).toBe(true)
    const coupled = builder('ui,ui+i').addPath([1, 2], null, { c: [3, 4] }).addPath([1, 2], null, { c: [5, 6] }).build()
    expect(coupled.squeezeModes().subscripts.text).toBe('i,i+i')
  })

  test('errors', () => {
    expect(() => product.squeezeModes('u')).toThrow(PolynomialError)
    expect(() => product.squeezeModes('vu')).toThrow("'u'")
    expect(() => product.squeezeModes('x')).toThrow("'x'")
    // One segment decides for all.
    const longer = SegmentedTensorProductBuilder.from(product).addPath([2, 4], 0, null, { c: 1 }).build()
    expect(() => longer.squeezeModes('v')).toThrow(PolynomialError)
    expect(longer.squeezeModes().equals(longer)).toBe(true)
  })
})

describe('flattening', () => {
  test('coefficients become numbers, zeros go', () => {
    const product = builder('i,j,k+ijk').addPath([2], [3], [2], { c: HostArray.zeros([2, 3, 2]).map((_, n) => (n % 5 === 0 ? n + 1 : 0)) }).build()
    const flat = product.flattenCoefficientModes()
    expect(flat.subscripts.text).toBe(',,')
    expect(flat.operands.map((operand) => operand.numSegments)).toEqual([2, 3, 2])
    expect(flat.paths.map((path) => [...path.indices, path.coefficients.data[0]])).toEqual([[0, 0, 0, 1], [0, 2, 1, 6], [1, 2, 0, 11]])
    expect(product.flattenCoefficientModes({ skipZeros: false }).numPaths).toBe(12)
  })

  test('coefficients in part', () => {
    const product = builder('ui,uj+ij').addPath([2, 2], [2, 3], { c: [[1, 2, 3], [0, 0, 0]] }).build()
    expect(() => product.flattenModes('i')).toThrow(PolynomialError)
    const forced = product.flattenModes('i', { force: true })
    expect(forced.subscripts.text).toBe(',j+j')
    expect(forced.numPaths).toBe(2)
    expect(forced.paths[0]?.coefficients.toNested()).toEqual([1, 2, 3])
    expect(() => product.flattenCoefficientModes()).toThrow(PolynomialError)
    expect(product.flattenCoefficientModes({ force: true }).subscripts.text).toBe(',')
  })
})

describe('consolidating modes', () => {
  test.each([
    ['uv,uv', 'u,u'],
    ['uvw,uvw,uvw', 'u,u,u'],
    ['uv,vu', 'uv,vu'],
    ['uvi,uvj,uv+ij', 'ui,uj,u+ij'],
    ['uij,uij+ij', 'ui,ui+i'],
    ['uij,uij+ji', 'uij,uij+ji'],
    ['uv,iu,iv', 'uv,iu,iv'],
    ['uv,uv,u', 'uv,uv,u'],
  ])('%s becomes %s', (text, expected) => {
    const product = randomProduct(text, 3)
    const merged = product.consolidateModes()
    expect(merged.subscripts.text).toBe(expected)
    expect(merged.operands.map((operand) => operand.size)).toEqual(product.operands.map((operand) => operand.size))
  })

  test('some of them', () => {
    const product = randomProduct('uvw,uvw', 4)
    expect(product.consolidateModes('vw').subscripts.text).toBe('uv,uv')
    expect(product.consolidateModes('uw').subscripts.text).toBe('uvw,uvw')
    expect(() => product.consolidateModes('ux')).toThrow("no mode 'x'")
  })
})

describe('splitting a mode', () => {
  const product = builder('uj,uk,u+jk').addPath([6, 2], [6, 2], null, { c: [[1, 2], [3, 4]] }).build()

  test('segments and paths in chunks', () => {
    const split = product.splitMode('u', 2)
    expect(segmentsOf(split)).toEqual([[[2, 2], [2, 2], [2, 2]], [[2, 2], [2, 2], [2, 2]], [[2], [2], [2]]])
    expect(split.indices).toEqual([[0, 0, 0], [1, 1, 1], [2, 2, 2]])
    expect(product.splitMode('u', 3).numPaths).toBe(2)
    const coupled = builder('i,i+i').addPath([4], null, { c: [1, 2, 3, 4] }).build().splitMode('i', 2)
    expect(coupled.paths.map((path) => path.coefficients.toNested())).toEqual([[1, 2], [3, 4]])
  })

  test('errors', () => {
    expect(() => product.splitMode('u', 5)).toThrow('extent 6, which chunks of 5 do not divide')
    expect(() => product.splitMode('j', 1)).toThrow('must come first')
    expect(() => product.splitMode('u', 0)).toThrow(PolynomialError)
    expect(product.splitMode('x', 2)).toBe(product)
  })
})

describe('normalising paths', () => {
  test('one path for each segment becomes of size one', () => {
    const product = builder('i,j+ij').addPath([2], [3], { c: [[2, 0, 0], [0, 2, 0]] }).build()
    const normalized = product.normalizePathsForOperand(0)
    // mean(c²) = 8/6, summed over j: V = 4.
    expect(normalized.paths[0]?.coefficients.toNested()).toEqual([[1, 0, 0], [0, 1, 0]])
  })

  test('outputs get unit variance', () => {
    const product = builder('uv,iu,iv').addPath([3, 2], [2, 3], null, { c: 7 }).addPath([5, 2], { u: 5 }, 0, { c: -0.1 }).build().normalizePathsForOperand(2)
    const variance = product.paths.reduce((sum, path, n) => sum + (path.coefficients.data[0] ?? 0) ** 2 * (n === 0 ? 3 : 5), 0)
    expect(variance).toBeCloseTo(1, 14)
  })

  test('paths without value stay zero', () => {
    const product = builder('u,u').addPath([2], null, { c: 0 }).build()
    expect(product.normalizePathsForOperand(1).paths[0]?.coefficients.data).toEqual(Float64Array.of(0))
    expect(() => product.normalizePathsForOperand(2)).toThrow(PolynomialError)
  })
})

describe('paths', () => {
  const scalar = (indices: readonly number[], value: number) => new Path(indices, HostArray.scalar(value))
  const operands = [SegmentedOperand.emptySegments(3), SegmentedOperand.emptySegments(2)]
  const product = new SegmentedTensorProduct(',', operands, [scalar([2, 0], 1), scalar([0, 1], 2), scalar([2, 0], 3), scalar([1, 1], 0)])

  test('fused, consolidated, sorted', () => {
    const listed = ({ paths }: SegmentedTensorProduct) => paths.map((path) => [...path.indices, path.coefficients.data[0]])
    expect(listed(product.fusePathsWithSameIndices())).toEqual([[0, 1, 2], [1, 1, 0], [2, 0, 4]])
    expect(listed(product.consolidatePaths())).toEqual([[0, 1, 2], [2, 0, 4]])
    expect(listed(product.removeZeroPaths())).toEqual([[2, 0, 1], [0, 1, 2], [2, 0, 3]])
    expect(listed(product.sortPaths(1))).toEqual([[2, 0, 1], [2, 0, 3], [0, 1, 2], [1, 1, 0]])
    expect(listed(product.sortPaths([1, 0]))).toEqual([[2, 0, 1], [2, 0, 3], [0, 1, 2], [1, 1, 0]])
    expect(listed(product.sortPaths())).toEqual([[0, 1, 2], [1, 1, 0], [2, 0, 1], [2, 0, 3]])
    expect(() => product.sortPaths(2)).toThrow(PolynomialError)
    // Nothing was changed in place.
    expect(listed(product)).toEqual([[2, 0, 1], [0, 1, 2], [2, 0, 3], [1, 1, 0]])
  })

  test('where the paths of a segment begin', () => {
    expect(product.sortPaths(0).compressedPathSegment(0)).toEqual([0, 1, 2, 4])
    expect(product.sortPaths(1).compressedPathSegment(1)).toEqual([0, 2, 4])
    const gap = new SegmentedTensorProduct(',', operands, [scalar([0, 0], 1), scalar([2, 0], 1)])
    expect(gap.compressedPathSegment(0)).toEqual([0, 1, 1, 2])
    expect(gap.compressedPathSegment(1)).toEqual([0, 2, 2])
    expect(() => product.compressedPathSegment(0)).toThrow('sortPaths(0)')
    expect(() => product.compressedPathSegment(5)).toThrow(PolynomialError)
  })

  test('segments in another order', () => {
    const uneven = builder('u,u').addSegments(0, [[1], [2], [3]]).addSegments(1, [[3], [1]]).addPath(2, 0, { c: 1 }).addPath(0, 1, { c: 2 }).build()
    const permuted = uneven.permuteSegments(0, [2, 0, 1])
    expect(segmentsOf(permuted)).toEqual([[[3], [1], [2]], [[3], [1]]])
    expect(permuted.indices).toEqual([[0, 0], [1, 1]])
    expect(() => uneven.permuteSegments(0, [0, 1])).toThrow(PolynomialError)
    expect(() => uneven.permuteSegments(0, [0, 1, 1])).toThrow(PolynomialError)
    expect(() => uneven.permuteSegments(3, [0])).toThrow(PolynomialError)
  })

  test('coefficients rounded, scaled, replaced', () => {
    const noisy = builder(',').addPath(null, null, { c: 0.75 + 1e-13 }).addPath(null, null, { c: -Math.sqrt(3) + 1e-13 }).build()
    expect(noisy.roundCoefficientsToRational().paths[0]?.coefficients.data[0]).toBe(0.75)
    expect(noisy.roundCoefficientsToSqrtRational().paths[1]?.coefficients.data[0]).toBe(-Math.sqrt(3))
    expect(noisy.scale(2).paths[0]?.coefficients.data[0]).toBe(2 * (0.75 + 1e-13))
    expect(noisy.modifyCoefficients((c) => c.map(Math.abs)).paths[1]?.coefficients.data[0]).toBeGreaterThan(0)
    expect(() => noisy.scale(Number.NaN)).toThrow(InputError)
  })

  test('queries', () => {
    expect(product.stackedCoefficients.toNested()).toEqual([1, 2, 3, 0])
    expect(product.allSegmentsAreUsed()).toBe(true)
    expect(product.removeZeroPaths().allSegmentsAreUsed()).toBe(false)
    expect(product.operandsWithIdenticalSegments()).toEqual([[0], [1]])
    const sized = randomProduct('ui,uj+ij', 2, { extents: [2, 3] })
    expect([...(sized.getDims('u'))].every((extent) => extent === 2 || extent === 3)).toBe(true)
    expect(() => sized.getDims('x')).toThrow(PolynomialError)
    expect([...sized.getPathDimensions(0).keys()]).toEqual(['u', 'i', 'j'])
    expect(() => sized.getPathDimensions(99)).toThrow(PolynomialError)
    const mixed = builder('i,i+i').addPath([2], null, { c: [1, 2] }).addPath([1], null, { c: [1] }).build()
    expect(() => mixed.stackedCoefficients).toThrow(PolynomialError)
  })
})
