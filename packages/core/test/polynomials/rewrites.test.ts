import { describe, expect, test } from 'vitest'
import { PolynomialError } from '../../src/errors.ts'
import { HostArray } from '../../src/math/host-array.ts'
import { Operation, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProductBuilder, type Term } from '../../src/polynomials/index.ts'

const builder = (subscripts: string) => new SegmentedTensorProductBuilder(subscripts)
const vector = new SegmentedOperand([[3]])
const scalars = (n: number) => SegmentedOperand.emptySegments(n)

/** `c · a · b` of vectors, element by element. */
function product(buffers: readonly number[], c: number): Term {
  const made = builder(buffers.map(() => 'u').join())
  return [new Operation(buffers), made.addPath([3], ...buffers.slice(1).map(() => null), { c }).build()]
}

const coefficients = (polynomial: SegmentedPolynomial) => polynomial.operations.flatMap(([, { paths }]) => paths.map((path) => path.coefficients.data[0]))

describe('fusing and consolidating', () => {
  test('products of the same operands are added up, whatever their modes are called', () => {
    const other = builder('v,v,v').addPath([3], null, null, { c: 2 }).build()
    const polynomial = new SegmentedPolynomial([vector, vector], [vector], [product([0, 1, 2], 1), [new Operation([0, 1, 2]), other], product([0, 0, 2], 5)])
    const fused = polynomial.fuseStps()
    expect(fused.operations).toHaveLength(2)
    expect(coefficients(fused)).toEqual([5, 3])
    expect(fused.equals(polynomial)).toBe(false)
  })

  test('the same product twice counts twice', () => {
    const polynomial = new SegmentedPolynomial([vector, vector], [vector], [product([0, 1, 2], 4), product([0, 1, 2], 4)])
    expect(coefficients(polynomial.consolidate())).toEqual([8])
    // The polynomial that was consolidated is as it was.
    expect(coefficients(polynomial)).toEqual([4, 4])
  })

  test('what cancels disappears', () => {
    const polynomial = new SegmentedPolynomial([vector, vector], [vector], [product([0, 1, 2], 4), product([0, 1, 2], -4)])
    expect(polynomial.consolidate().operations).toHaveLength(0)
  })

  test('modes side by side are merged, modes of extent one squeezed, empty segments dropped', () => {
    const made = builder('uvi,uvi,uv').addPath([2, 3, 1], null, null, { c: 1 }).addPath([2, 0, 1], null, null, { c: 1 }).build()
    const polynomial = SegmentedPolynomial.evalLastOperand(made).consolidate()
    expect(polynomial.operations[0]?.[1].subscripts.text).toBe('u,u,u')
    expect(polynomial.operands.map((operand) => operand.segments)).toEqual([[[6]], [[6]], [[6]]])
  })

  test('operations that share an operand change it in the same way', () => {
    const both = new SegmentedOperand([[2, 3]])
    const merging = builder('uv,uv').addPath([2, 3], null, { c: 1 }).build()
    const summing = builder('uv,v,u').addPath([2, 3], null, null, { c: 1 }).build()
    const polynomial = new SegmentedPolynomial(
      [both, new SegmentedOperand([[3]])],
      [both, new SegmentedOperand([[2]])],
      [[new Operation([0, 2]), merging], [new Operation([0, 1, 3]), summing]],
    )
    for (const rewritten of [polynomial.consolidate(), polynomial.consolidateModes()]) expect(rewritten.inputs[0]?.segments).toEqual([[2, 3]])
    const alone = polynomial.filterKeepOutputs([true, false]).consolidate()
    expect(alone.inputs[0]?.segments).toEqual([[6]])
  })
})

describe('squeezing', () => {
  const used = builder('ui,ui').addPath([1, 2], null, { c: 1 }).build()
  const [own, unused] = [new SegmentedOperand([[1, 2]]), new SegmentedOperand([[1, 5], [1, 4]])]
  const polynomial = new SegmentedPolynomial([own, unused], [own], [[new Operation([0, 2]), used]])

  test('all modes: also of operands that nothing uses', () => {
    expect(polynomial.squeezeModes().operands.map((operand) => operand.segments)).toEqual([[[2]], [[5], [4]], [[2]]])
  })

  test('named modes: of operands in use only', () => {
    expect(polynomial.squeezeModes('u').operands.map((operand) => operand.segments)).toEqual([[[2]], [[1, 5], [1, 4]], [[2]]])
    expect(() => polynomial.squeezeModes('i')).toThrow(PolynomialError)
  })

  test('a mode that one operation needs stays in all', () => {
    const one = new SegmentedOperand([[1]])
    const mixed = new SegmentedOperand([[1], [4]])
    const needed = builder('u,u').addPath([1], [1], { c: 2 }).addSegments(1, [[4]]).build()
    const free = builder('u,u').addPath([1], null, { c: 3 }).build()
    const shared = new SegmentedPolynomial([one], [mixed, one], [[new Operation([0, 1]), needed], [new Operation([0, 2]), free]])
    const squeezed = shared.squeezeModes()
    expect(squeezed.inputs[0]?.ndim).toBe(1)
    expect(squeezed.evaluate(HostArray.from([7])).map((out) => [...out.data])).toEqual([[14, 0, 0, 0, 0], [21]])
  })

  test('what one operation needs stays in all that are connected with it, however far', () => {
    const link = (buffers: readonly number[], ...extents: readonly number[]): Term => {
      const made = builder('u,u')
      for (const extent of extents) made.addPath([extent], null, { c: 1 })
      return [new Operation(buffers), made.build()]
    }
    const ones = new SegmentedOperand([[1], [1]])
    // Output 3 reads input 2, in which the mode is longer than one; input 2 feeds output 4 as well, and so does input 1, …
    const mixed = new SegmentedOperand([[1], [2]])
    const polynomial = new SegmentedPolynomial(
      [ones, ones, mixed],
      [mixed, ones, ones],
      [
        link([2, 3], 1, 2),
        [new Operation([0, 4]), builder('u,u').addPath([1], [1], { c: 1 }).addPath([1], [1], { c: 1 }).build()],
        [new Operation([1, 4]), builder('u,u').addPath([1], [1], { c: 1 }).addPath([1], [1], { c: 1 }).build()],
        [new Operation([1, 5]), builder('u,u').addPath([1], [1], { c: 1 }).addPath([1], [1], { c: 1 }).build()],
        [new Operation([2, 5]), builder('u,u').addSegments(0, [[1], [2]]).addSegments(1, [[1], [1]]).addPath(0, 0, { c: 1 }).build()],
      ],
    )
    expect(polynomial.squeezeModes().equals(polynomial)).toBe(true)
  })
})

describe('symmetrising', () => {
  const square = builder(',,').addSegments(0, [[], []]).addSegments(1, [[], []]).addPath(0, 1, null, { c: 1 }).build()
  const polynomial = new SegmentedPolynomial([scalars(2)], [scalars(1)], [[new Operation([0, 0, 1]), square]])

  test('x₀ x₁ becomes a half of each order, and back', () => {
    const symmetric = polynomial.symmetrizeForIdenticalOperands()
    expect(symmetric.operations[0]?.[1].indices).toEqual([[0, 1, 0], [1, 0, 0]])
    expect(coefficients(symmetric)).toEqual([0.5, 0.5])
    expect(symmetric.unsymmetrizeForIdenticalOperands().equals(polynomial)).toBe(true)
  })

  test('factors with coefficient modes stay', () => {
    const form = builder('i,j,+ij').addPath([2], [2], null, { c: [[1, 2], [3, 4]] }).build()
    const quadratic = new SegmentedPolynomial([new SegmentedOperand([[2]])], [scalars(1)], [[new Operation([0, 0, 1]), form]])
    expect(quadratic.symmetrizeForIdenticalOperands().equals(quadratic)).toBe(true)
  })
})

describe('stacking', () => {
  const times = (c: number) => SegmentedPolynomial.evalLastOperand(builder('u,u,u').addPath([3], null, null, { c }).build())

  test('outputs behind one another', () => {
    const stacked = SegmentedPolynomial.stack([times(2), times(3)], [false, false, true])
    expect(stacked.outputs[0]?.segments).toEqual([[3], [3]])
    const [out] = stacked.evaluate(HostArray.from([1, 2, 3]), HostArray.from([1, 1, 10]))
    expect([...(out?.data ?? [])]).toEqual([2, 4, 60, 3, 6, 90])
  })

  test('all shared: a sum', () => {
    expect(coefficients(SegmentedPolynomial.stack([times(2), times(3)], [false, false, false]))).toEqual([5])
  })

  test('errors', () => {
    expect(() => SegmentedPolynomial.stack([], [])).toThrow(PolynomialError)
    expect(() => SegmentedPolynomial.stack([times(1)], [true])).toThrow('isStacked has 1 entries')
    const other = SegmentedPolynomial.evalLastOperand(builder('u,u,u').addPath([4], null, null, { c: 1 }).build())
    expect(() => SegmentedPolynomial.stack([times(1), other], [false, true, true])).toThrow('operand 0 is shared')
    expect(() => SegmentedPolynomial.stack([times(1), times(1).filterKeepOperands([true, true, false])], [false, false, false])).toThrow(PolynomialError)
  })

  test('products that bring their segments', () => {
    const copy = builder('u,u').addPath([2], null, { c: 1 }).build()
    const square = builder('u,u,u').addPath([2], null, null, { c: 1 }).build()
    const terms: readonly Term[] = [[new Operation([0, 1]), copy], [new Operation([0, 0, 1]), square]]
    const shared = SegmentedPolynomial.stackTensorProducts([new SegmentedOperand([[2]])], [null], terms)
    expect(shared.evaluate(HostArray.from([3, 5])).map((out) => [...out.data])).toEqual([[3, 5, 9, 25]])
    const separate = SegmentedPolynomial.stackTensorProducts([null], [null], terms)
    expect(separate.inputs[0]?.size).toBe(4)
    expect(separate.evaluate(HostArray.from([3, 5, 7, 11])).map((out) => [...out.data])).toEqual([[3, 5, 49, 121]])
  })

  test('concatenation: mappings are checked', () => {
    const one = times(2)
    const sum = SegmentedPolynomial.concatenate([vector, vector], [vector, vector], [[one, [0, 1, 2, null]], [one, [1, 0, null, 2]]])
    expect(sum.evaluate(HostArray.from([1, 2, 3]), HostArray.from([1, 1, 10])).map((out) => [...out.data])).toEqual([[2, 4, 60], [2, 4, 60]])
    const concatenate = (mapping: readonly (number | null)[]) => () => SegmentedPolynomial.concatenate([vector, vector], [vector], [[one, mapping]])
    expect(concatenate([0, 1])).toThrow('2 entries')
    expect(concatenate([0, 3, 2])).toThrow('no operand 3')
    expect(concatenate([0, 0, 2])).toThrow('twice')
    expect(concatenate([0, 2, 1])).toThrow('both be inputs')
    expect(concatenate([0, null, 2])).toThrow('leaves it out')
  })
})

describe('keys', () => {
  test('no operand is not an operand without segments', () => {
    const none = new SegmentedOperand([])
    const keys = [new SegmentedPolynomial([none], [], []), new SegmentedPolynomial([], [none], []), new SegmentedPolynomial([], [], [])]
    expect(new Set(keys.map((polynomial) => polynomial.canonicalKey())).size).toBe(3)
  })
})

describe('operands', () => {
  const polynomial = new SegmentedPolynomial([vector, vector, vector], [vector, vector], [product([0, 1, 3], 2), product([0, 0, 4], 3)])

  test('use', () => {
    expect(polynomial.usedInputs).toEqual([true, true, false])
    expect(polynomial.usedOutputs).toEqual([true, true])
    expect(polynomial.filterDropUnusedOperands().numInputs).toBe(2)
    expect(polynomial.computeOnly([false, true]).usedOperands).toEqual([true, false, false, false, true])
  })

  test('kept and dropped', () => {
    const kept = polynomial.filterKeepOperands([true, false, false, false, true])
    expect(kept.operations.map(([operation]) => operation.buffers)).toEqual([[0, 0, 1]])
    expect(() => polynomial.filterKeepOperands([true, false, true, true, true])).toThrow('output 0 needs input 1')
    expect(() => polynomial.filterKeepOperands([true])).toThrow(PolynomialError)
    expect(() => polynomial.filterKeepOutputs([true])).toThrow(PolynomialError)
    expect(() => polynomial.computeOnly([true, true, true])).toThrow(PolynomialError)
  })

  test('in another order', () => {
    const permuted = polynomial.permuteInputs([2, 0, 1]).permuteOutputs([1, 0])
    expect(permuted.operations.map(([operation]) => operation.buffers)).toEqual([[1, 1, 3], [1, 2, 4]])
    expect(() => polynomial.permuteInputs([0, 1])).toThrow(PolynomialError)
    expect(() => polynomial.permuteOutputs([0, 0])).toThrow(PolynomialError)
  })

  test('cost', () => {
    expect(polynomial.flop()).toBe(6 + 6)
    expect(polynomial.flop(100)).toBe(1200)
    expect(polynomial.memory([1, 1, 1, 10, 10])).toBe(9 + 60)
    expect(() => polynomial.memory([1])).toThrow(PolynomialError)
  })

  test('terms replaced and dropped', () => {
    const scaled = polynomial.applyFn((operation, own) => (operation.buffers[1] === 0 ? undefined : [operation, own.scale(10)]))
    expect(coefficients(scaled)).toEqual([20])
    expect(coefficients(polynomial.scale(-1))).toEqual([-2, -3])
  })

  test('split', () => {
    const three = builder('u,u,').addPath([1], null, null, { c: 2 }).addPath([2], null, 0, { c: 3 }).build()
    const linear = SegmentedPolynomial.evalLastOperand(three)
    const split = linear.splitOperandBySegment(0, [0, 1, 2])
    expect(split.inputs.map((operand) => operand.segments)).toEqual([[[1]], [[2]], [[1], [2]]])
    expect(split.equals(linear.splitOperandBySize(0, [0, 1, 3]))).toBe(true)
    expect(() => linear.splitOperandBySize(0, [0, 2, 3])).toThrow(PolynomialError)
    expect(() => linear.splitOperandBySegment(0, [0, 1])).toThrow(PolynomialError)
    expect(() => linear.splitOperandBySegment(7, [0, 1])).toThrow(PolynomialError)
  })
})
