import { deflateSync, inflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EquivarError, FormatError } from '../../src/errors.ts'
import { SegmentedOperand, SegmentedTensorProduct } from '../../src/polynomials/index.ts'
import { randomProduct } from './random-product.ts'

const subscripts = ['uv,iu,iv', 'u,iu,ju,ku+ijk', 'ij,j,i', 'uvw,iu,jv,kw+ijk', ',,', 'u,u', 'i,i+i']
const products = fc.tuple(fc.constantFrom(...subscripts), fc.nat(1000)).map(([text, seed]) => randomProduct(text, seed))
const runs = { seed: 5, numRuns: 100 }

describe('round trips', () => {
  test('data, text and the extended form', () => {
    fc.assert(
      fc.property(products, (product) => {
        expect(SegmentedTensorProduct.fromJSON(product.toJSON()).key).toBe(product.key)
        expect(SegmentedTensorProduct.fromJSON(JSON.stringify(product)).key).toBe(product.key)
        expect(SegmentedTensorProduct.fromJSON(JSON.stringify(product.toExtendedJSON())).key).toBe(product.key)
      }),
      runs,
    )
  })

  test('bytes and base64', async () => {
    await fc.assert(
      fc.asyncProperty(products, fc.boolean(), async (product, extended) => {
        expect((await SegmentedTensorProduct.fromBytes(await product.toBytes({ extended }))).key).toBe(product.key)
        expect((await SegmentedTensorProduct.fromBase64(await product.toBase64({ extended }))).key).toBe(product.key)
      }),
      { ...runs, numRuns: 20 },
    )
  })

  test('without segments and paths', () => {
    const empty = new SegmentedTensorProduct('uv,uv', [new SegmentedOperand([], 2), new SegmentedOperand([], 2)], [])
    expect(SegmentedTensorProduct.fromJSON(JSON.stringify(empty)).key).toBe(empty.key)
  })

  test('bytes are a zlib stream of the text, as other languages write it', async () => {
    const product = randomProduct('uv,iu,iv', 1)
    const text = JSON.stringify(product)
    expect(inflateSync(await product.toBytes()).toString()).toBe(text)
    expect((await SegmentedTensorProduct.fromBytes(deflateSync(text))).key).toBe(product.key)
  })
})

describe('form', () => {
  const product = SegmentedTensorProduct.fromJSON({
    subscripts: 'uv,iu,iv',
    operands: [{ segments: [[4, 3]] }, { segments: [[1, 4]] }, { segments: [[1, 3]] }],
    paths: { indices: [[0, 0, 0]], coefficients: [0.5] },
  })

  test('plain', () => {
    expect(JSON.parse(JSON.stringify(product))).toEqual({
      subscripts: 'uv,iu,iv',
      operands: [{ segments: [[4, 3]] }, { segments: [[1, 4]] }, { segments: [[1, 3]] }],
      paths: { indices: [[0, 0, 0]], coefficients: [0.5] },
    })
  })

  test('extended', () => {
    expect(product.toExtendedJSON()).toMatchObject({
      coefficient_subscripts: '',
      operands: [
        { subscripts: 'uv', size: 12, offsets: [0], sizes: [12] },
        { subscripts: 'iu', size: 4, offsets: [0], sizes: [4] },
        { subscripts: 'iv', size: 3, offsets: [0], sizes: [3], flops: 27 },
      ],
      memory: 19,
    })
  })
})

describe('hostile input', () => {
  const good = () => ({
    subscripts: 'u,iu,ju+ij' as unknown,
    operands: [{ segments: [[2]] }, { segments: [[3, 2]] }, { segments: [[1, 2]] }] as unknown,
    paths: { indices: [[0, 0, 0]], coefficients: [[[1], [2], [3]]] } as unknown,
  })
  const paths = (indices: unknown, coefficients: unknown) => ({ ...good(), paths: { indices, coefficients } })
  const segments = (own: unknown) => ({ ...good(), operands: [{ segments: own }, { segments: [[3, 2]] }, { segments: [[1, 2]] }] })
  let deep: unknown = 1
  for (let n = 0; n < 20_000; n++) deep = [deep]

  test('the starting point is good', () => {
    expect(SegmentedTensorProduct.fromJSON(good()).numPaths).toBe(1)
  })

  test.each<readonly [string, unknown, string]>([
    ['no object', null, 'null'],
    ['a list', [], 'a list of 0'],
    ['text that is no JSON', '{"subscripts":', 'does not parse'],
    ['nothing inside', {}, "no 'subscripts'"],
    ['an inherited field', Object.create(good()), "no 'subscripts'"],
    ['subscripts that are no text', { ...good(), subscripts: 3 }, 'must be a text, got 3'],
    ['too few operands', { ...good(), operands: [] }, "'operands' lists 0"],
    ['an operand that is no object', { ...good(), operands: [1, 2, 3] }, 'operands[0] must be an object, got 1'],
    ['segments that are no list', segments('x'), 'operands[0].segments must be a list'],
    ['a segment of wrong rank', segments([[2, 2]]), 'has 2 extents'],
    ['a negative extent', segments([[-2]]), 'operands[0].segments[0][0] is -2'],
    ['a fractional extent', segments([[1.5]]), 'is 1.5'],
    ['an extent that is no number', segments([['2']]), "the text '2'"],
    ['an absurd extent', segments([[2 ** 52]]), 'no array is that long'],
    ['absurdly many elements', segments([[2 ** 31], [2 ** 31], [2 ** 31]]), 'up to segment 2'],
    ['a negative index', paths([[0, 0, -1]], [[[1], [2], [3]]]), 'paths.indices[0][2] is -1'],
    ['an index out of range', paths([[0, 9, 0]], [[[1], [2], [3]]]), '1 segments of operand 1'],
    ['a fractional index', paths([[0, 0.5, 0]], [[[1], [2], [3]]]), 'is 0.5'],
    ['too few indices', paths([[0, 0]], [[[1], [2], [3]]]), 'names 2 segments, but there are 3 operands'],
    ['indices without coefficients', paths([[0, 0, 0], [0, 0, 0]], [[[1], [2], [3]]]), '2 paths.indices, but 1'],
    ['coefficients of wrong shape', paths([[0, 0, 0]], [[[1], [2]]]), 'must have shape [3, 1]'],
    ['coefficients of wrong rank', paths([[0, 0, 0]], [[1, 2, 3]]), 'must be a list, got 1'],
    ['coefficients that are too deep', paths([[0, 0, 0]], deep), 'paths.coefficients[0] holds a list of 1 on axis 0'],
    ['a coefficient NaN', paths([[0, 0, 0]], [[[Number.NaN], [2], [3]]]), 'holds NaN'],
    ['a coefficient null, which is how JSON writes NaN', paths([[0, 0, 0]], [[[null], [2], [3]]]), 'holds null'],
    ['a coefficient that overflows', JSON.stringify(good()).replace('[1]', '[1e999]'), 'holds Infinity'],
  ])('%s', (_, json, message) => {
    const read = () => SegmentedTensorProduct.fromJSON(json)
    expect(read).toThrow(FormatError)
    expect(read).toThrow(message)
  })

  test('extents that disagree within a path', () => {
    expect(() => SegmentedTensorProduct.fromJSON(segments([[5]]))).toThrow("mode 'u'")
  })

  test.each([
    ['cut off', async () => (await randomProduct('u,u', 1).toBytes()).slice(0, 20)],
    ['no stream', async () => new Uint8Array([1, 2, 3])],
    ['empty', async () => new Uint8Array(0)],
    ['no JSON inside', async () => deflateSync('hello')],
  ])('bytes: %s', async (_, bytes) => {
    await expect(SegmentedTensorProduct.fromBytes(await bytes())).rejects.toThrow(FormatError)
  })

  test('bytes that inflate without end', async () => {
    const bomb = deflateSync(Buffer.alloc(2 ** 26 + 1, ' '))
    expect(bomb.length).toBeLessThan(2 ** 20)
    await expect(SegmentedTensorProduct.fromBytes(bomb)).rejects.toThrow('inflates to more than')
  })

  test('base64: not base64', async () => {
    await expect(SegmentedTensorProduct.fromBase64('*?')).rejects.toThrow(FormatError)
  })

  test('any mutation of a text gives a product or a typed error', () => {
    const text = JSON.stringify(randomProduct('u,iu,ju,ku+ijk', 3).toExtendedJSON())
    const pieces = ['-', '1e99', 'null', '[', ']', '{}', '""', '0.5', '9', ',', ':', 'NaN']
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom(...pieces), fc.nat(3), (at, piece, removed) => {
        const mutated = text.slice(0, at) + piece + text.slice(at + removed)
        try {
          expect(SegmentedTensorProduct.fromJSON(mutated)).toBeInstanceOf(SegmentedTensorProduct)
        } catch (error) {
          expect(error).toBeInstanceOf(EquivarError)
        }
      }),
      { seed: 11, numRuns: 1000 },
    )
  })
})
