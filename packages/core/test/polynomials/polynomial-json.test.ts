import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EquivarError } from '../../src/errors.ts'
import { SegmentedOperand, SegmentedPolynomial } from '../../src/polynomials/index.ts'

/** y = x A x with a matrix of coefficients. */
const good = () => ({
  format: 'equivar.segmentedPolynomial' as unknown,
  version: 1 as unknown,
  inputs: [{ ndim: 1, segments: [[2], [3]] }] as unknown,
  outputs: [{ ndim: 0, segments: [[]] }] as unknown,
  operations: [{ buffers: [0, 0, 1], subscripts: 'i,j,+ij', paths: { indices: [[0, 1, 0]], coefficients: [[[1, 2, 3], [4, 5, 6]]] } }] as unknown,
})
const operation = (changes: object) => ({
  ...good(),
  operations: [{ buffers: [0, 0, 1], subscripts: 'i,j,+ij', paths: { indices: [[0, 1, 0]], coefficients: [[[1, 2, 3], [4, 5, 6]]] }, ...changes }],
})

describe('polynomials as JSON', () => {
  test('form', () => {
    const polynomial = SegmentedPolynomial.fromJSON(good())
    expect(JSON.parse(JSON.stringify(polynomial))).toEqual(good())
    expect(SegmentedPolynomial.fromJSON(JSON.stringify(polynomial)).equals(polynomial)).toBe(true)
  })

  test('operands that nothing uses, without segments, stay', () => {
    const polynomial = new SegmentedPolynomial([new SegmentedOperand([], 2), new SegmentedOperand([[1, 2]])], [new SegmentedOperand([[3]])], [])
    const read = SegmentedPolynomial.fromJSON(JSON.stringify(polynomial))
    expect(read.equals(polynomial)).toBe(true)
    expect(read.inputs[0]?.ndim).toBe(2)
  })

  test.each<readonly [string, unknown, string]>([
    ['no object', 3, 'must be an object, got 3'],
    ['text that is no JSON', 'x', 'does not parse'],
    ['another format', { ...good(), format: 'x' }, 'format "x"'],
    ['a later version', { ...good(), version: 2 }, 'version 2 cannot be read'],
    ['no outputs', { ...good(), outputs: undefined }, 'outputs must be a list'],
    ['an impossible number of axes', { ...good(), inputs: [{ ndim: 1e9, segments: [] }] }, 'inputs[0].ndim is 1000000000'],
    ['a segment of other rank', { ...good(), inputs: [{ ndim: 1, segments: [[2, 2]] }] }, 'has 2 extents'],
    ['a negative extent', { ...good(), inputs: [{ ndim: 1, segments: [[-1]] }] }, 'is -1'],
    ['an absurd size', { ...good(), inputs: [{ ndim: 2, segments: [[2 ** 31, 2 ** 31]] }] }, 'no array is that long'],
    ['a buffer that does not exist', operation({ buffers: [0, 5, 1] }), 'operations[0].buffers[1] is 5'],
    ['two outputs', operation({ buffers: [0, 1, 1], subscripts: 'i,,+i', paths: { indices: [], coefficients: [] } }), 'several'],
    ['too few buffers', operation({ buffers: [0, 1] }), "'buffers' lists 2"],
    ['subscripts of other rank', operation({ subscripts: 'ik,jk,+ij' }), "has modes 'ik'"],
    ['malformed subscripts', operation({ subscripts: 'I,j,+ij' }), "'I'"],
    ['a mode that occurs once', operation({ subscripts: 'i,j,+i', paths: { indices: [], coefficients: [] } }), "'j'"],
    ['a segment that does not exist', operation({ paths: { indices: [[0, 2, 0]], coefficients: [[[1]]] } }), 'paths.indices[0][1] is 2'],
    ['coefficients of wrong shape', operation({ paths: { indices: [[0, 0, 0]], coefficients: [[[1]]] } }), 'must have shape [2, 2]'],
    ['an infinite coefficient', operation({ paths: { indices: [[0, 1, 0]], coefficients: [[[1, 2, 3], [4, 5, Infinity]]] } }), 'holds Infinity'],
  ])('%s is refused', (_, json, message) => {
    const read = () => SegmentedPolynomial.fromJSON(json)
    expect(read).toThrow(EquivarError)
    expect(read).toThrow(message)
  })

  test('any mutation of a text gives a polynomial or a typed error', () => {
    const text = JSON.stringify(good())
    const pieces = ['-', '1e99', 'null', '[', ']', '{}', '""', '0.5', '9', ',', ':', '"__proto__"']
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...pieces), fc.nat(3), (at, piece, removed) => {
        try {
          expect(SegmentedPolynomial.fromJSON(text.slice(0, at) + piece + text.slice(at + removed))).toBeInstanceOf(SegmentedPolynomial)
        } catch (error) {
          expect(error).toBeInstanceOf(EquivarError)
        }
      }),
      { seed: 12, numRuns: 1000 },
    )
  })
})
