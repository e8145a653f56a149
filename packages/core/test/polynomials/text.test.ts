import { describe, expect, test } from 'vitest'
import { PolynomialError } from '../../src/errors.ts'
import { HostArray } from '../../src/math/index.ts'
import {
  Operation,
  Path,
  SegmentedOperand,
  SegmentedPolynomial,
  SegmentedTensorProduct,
  SegmentedTensorProductBuilder,
  visualizePolynomial,
} from '../../src/polynomials/index.ts'

function linear(): SegmentedTensorProduct {
  return new SegmentedTensorProductBuilder('uv,iu,iv')
    .addPath([4, 3], [1, 4], [1, 3], { c: 0.5 })
    .addPath([2, 5], [3, 2], [3, 5], { c: 0.7071067811865475 })
    .build()
}

/** y = c + Σ x + Σ x². */
function powers(): SegmentedPolynomial {
  const [x, y] = [SegmentedOperand.emptySegments(2), SegmentedOperand.emptySegments(1)]
  const one = HostArray.scalar(1)
  return new SegmentedPolynomial(
    [x],
    [y],
    [
      [new Operation([1]), new SegmentedTensorProduct('', [y], [new Path([0], one)])],
      [new Operation([0, 1]), new SegmentedTensorProduct(',', [x, y], [new Path([0, 0], one), new Path([1, 0], one)])],
      [new Operation([0, 0, 1]), new SegmentedTensorProduct(',,', [x, x, y], [new Path([0, 0, 0], one), new Path([1, 1, 0], one)])],
    ],
  )
}

describe('printed forms', () => {
  test('a tensor product in one line', () => {
    expect(String(linear())).toBe('uv,iu,iv sizes=22,10,18 num_segments=2,2,2 num_paths=2 i={1, 3} u={2, 4} v={3, 5}')
  })

  test('a tensor product in full', () => {
    expect(linear().toText()).toBe(
      [
        'uv,iu,iv sizes=22,10,18 num_segments=2,2,2 num_paths=2 i={1, 3} u={2, 4} v={3, 5}',
        'operand 0 [uv] size=22 flop=93',
        '  segment 0 (4, 3) at 0',
        '  segment 1 (2, 5) at 12',
        'operand 1 [iu] size=10 flop=93',
        '  segment 0 (1, 4) at 0',
        '  segment 1 (3, 2) at 4',
        'operand 2 [iv] size=18 flop=93',
        '  segment 0 (1, 3) at 0',
        '  segment 1 (3, 5) at 3',
        'memory 50',
        'paths []',
        '  0 0 0: 0.5',
        '  1 1 1: 0.7071067811865475',
      ].join('\n'),
    )
  })

  test('a polynomial', () => {
    expect(String(SegmentedPolynomial.evalLastOperand(linear()))).toBe(
      ['╭ a=22 b=10 -> C=18', '╰─ []·a[uv]·b[iu]➜C[iv] ─ num_paths=2 i={1, 3} u={2, 4} v={3, 5}'].join('\n'),
    )
    expect(String(powers())).toBe(
      ['╭ a=2 -> B=1', '│  []·a[]·a[]➜B[] ─ num_paths=2', '│  []·a[]➜B[] ───── num_paths=2', '╰─ []➜B[] ───────── num_paths=1'].join('\n'),
    )
  })

  test('coefficient modes come first in an operation', () => {
    const product = new SegmentedTensorProductBuilder('iu,ju,ku+ijk').addPath(null, null, null, { c: [[[1, 2]]], dims: { u: 4 } }).build()
    expect(String(SegmentedPolynomial.evalLastOperand(product))).toContain('╰─ [ijk]·a[iu]·b[ju]➜C[ku] ─ num_paths=1 i=1 j=1 k=2 u=4')
  })

  test('without operations, and with more operands than letters', () => {
    const [x, y] = [SegmentedOperand.emptySegments(1), SegmentedOperand.emptySegments(2)]
    expect(String(new SegmentedPolynomial([x], [y], []))).toBe('╭ a=1 -> B=2\n╰─ no operations: all outputs are zero')
    const many = new SegmentedPolynomial(
      Array.from({ length: 27 }, () => x),
      [y],
      [],
    )
    expect(String(many)).toContain(' z=1 a1=1 -> B1=2')
  })
})

describe('graphs', () => {
  test('every operand, operation and use', () => {
    const dot = visualizePolynomial(powers(), ['x'], ['y'])
    expect(dot.startsWith('digraph polynomial {\n')).toBe(true)
    expect(dot).toContain('operand0 [shape=box, style=filled, fillcolor=lightblue, label="x\\n2 segments, size 2"]')
    expect(dot).toContain('operand1 [shape=box, style=filled, fillcolor=lightgreen, label="y\\n1 segments, size 1"]')
    expect(dot.match(/shape=ellipse/g)).toHaveLength(3)
    expect(dot.match(/operand0 -> operation/g)).toHaveLength(3)
    expect(dot.match(/operation\d -> operand1/g)).toHaveLength(3)
  })

  test('names are quoted', () => {
    expect(visualizePolynomial(powers(), ['a "b" \\ c'], ['y'])).toContain('label="a \\"b\\" \\\\ c\\n')
  })

  test('one name for every operand', () => {
    expect(() => visualizePolynomial(powers(), [], ['y'])).toThrow(PolynomialError)
    expect(() => visualizePolynomial(powers(), ['x'], ['y', 'z'])).toThrow('2 output names for 1 outputs')
  })
})
