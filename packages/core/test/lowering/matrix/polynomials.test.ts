import { describe, expect, test } from 'vitest'
import * as cue from '../../../src/index.ts'
import { lowerMatrix, type PolynomialRequest, type PolynomialSizes, type RowAccess, type Target } from '../../../src/lowering/index.ts'
import { gpu, lanes, newMemory, numbers, orderOf, relativeDifference, runPlan, simd, units } from './run-plan.ts'

interface Case {
  readonly polynomial: cue.SegmentedPolynomial
  readonly inputs: readonly RowAccess[]
  readonly outputs: readonly RowAccess[]
  readonly batchSize: number
  /** Values and number of rows of every index array. */
  readonly indices?: readonly { readonly values: readonly number[]; readonly rows: number }[]
}

type Scalars = Partial<Pick<PolynomialRequest, 'inputScalars' | 'outputScalars' | 'mathScalar'>>

const [shared, batched, species] = [{ kind: 'shared' } as const, { kind: 'batched' } as const, { kind: 'indexed', index: 0 } as const]

/** Entry by entry with the polynomial's own evaluation. */
function reference({ polynomial, inputs, outputs, batchSize, indices = [] }: Case, values: readonly Float64Array[]): Float64Array[] {
  const rowOf = (access: RowAccess, entry: number) => (access.kind === 'shared' ? 0 : access.kind === 'batched' ? entry : (indices[access.index]?.values[entry] ?? 0))
  const results = outputs.map((access, o) => new Float64Array(rowsOf(access, batchSize, indices) * (polynomial.outputs[o]?.size ?? 0)))
  for (let entry = 0; entry < batchSize; entry++) {
    const rows = inputs.map((access, i) => {
      const size = polynomial.inputs[i]?.size ?? 0
      return new cue.HostArray([size], (values[i] ?? new Float64Array()).slice(rowOf(access, entry) * size, (rowOf(access, entry) + 1) * size))
    })
    for (const [o, value] of polynomial.evaluate(...rows).entries()) {
      const [result, access] = [results[o], outputs[o]]
      if (!result || !access) continue
      for (const [i, element] of value.data.entries()) {
        const at = rowOf(access, entry) * value.data.length + i
        result[at] = (result[at] ?? 0) + element
      }
    }
  }
  return results
}

function rowsOf(access: RowAccess, batchSize: number, indices: NonNullable<Case['indices']>): number {
  return access.kind === 'shared' ? 1 : access.kind === 'batched' ? batchSize : (indices[access.index]?.rows ?? 0)
}

function check(one: Case, scalars: Scalars = {}, target: Target = simd): void {
  const { polynomial, inputs, outputs, batchSize, indices = [] } = one
  const { inputScalars = inputs.map(() => 'f64' as const), outputScalars = outputs.map(() => 'f64' as const), mathScalar = 'f64' } = scalars
  const sizes: PolynomialSizes = {
    batchSize,
    inputRows: inputs.map((access) => rowsOf(access, batchSize, indices)),
    outputRows: outputs.map((access) => rowsOf(access, batchSize, indices)),
  }
  const memories = inputs.map((_, i) => {
    const memory = newMemory(inputScalars[i] ?? 'f64', (sizes.inputRows[i] ?? 0) * (polynomial.inputs[i]?.size ?? 0))
    memory.set(numbers(memory.length, i + 1))
    return memory
  })
  const results = outputs.map((_, o) => newMemory(outputScalars[o] ?? 'f64', (sizes.outputRows[o] ?? 0) * (polynomial.outputs[o]?.size ?? 0)).fill(Number.NaN))
  const lowered = lowerMatrix({ polynomial, inputs, outputs, inputScalars, outputScalars, mathScalar }, target, 'auto')
  if (!lowered) throw new Error('a sum of products of matrices must be served')
  const arrays = indices.map(({ values }) => Int32Array.from(values))
  const orders = new Map(lowered.orders.map((index) => [index, orderOf(arrays[index] ?? new Int32Array(), indices[index]?.rows ?? 0)]))
  runPlan(lowered.plan(sizes), [...memories, ...arrays], results, orders)
  const expected = reference(one, memories.map((memory) => Float64Array.from(memory)))
  const tolerance = [...inputScalars, ...outputScalars, mathScalar].includes('f32') ? 1e-5 : 1e-12
  for (const [o, result] of results.entries()) expect(relativeDifference(Float64Array.from(result), expected[o] ?? [])).toBeLessThan(tolerance)
}

/** The descriptor with multiplicities behind components (ir_mul), or in front. */
function linear(irrepsIn: string, irrepsOut: string): cue.SegmentedPolynomial {
  const irreps = (text: string) => new cue.Irreps('O3', text)
  return cue.descriptors.linear(irreps(irrepsIn), irreps(irrepsOut)).polynomial
}

const layers = [
  linear('5x0e+3x1o', '13x0e+2x1o'),
  linear('33x0e+5x1o+2x2e', '4x0e+9x1o+17x2e'),
  // Several segments in, one out; one without an input.
  linear('3x0e+4x0e+2x1o', '7x0e+2x1o+3x2e+1x0e'),
]

/** The layer, its transposes, and its derivatives along both inputs. */
function family(polynomial: cue.SegmentedPolynomial) {
  const [toX] = polynomial.backward([false, true], [true])
  const [toW] = polynomial.backward([true, false], [true])
  const [both] = polynomial.backward([true, true], [true])
  const [jvp] = polynomial.jvp([true, true])
  return { toX, toW, both, jvp }
}

describe('sums of products of matrices', () => {
  for (const [number, polynomial] of layers.entries())
    test(`layer ${number}: shared weights, forward and derivatives`, () => {
      for (const batchSize of [1, 5, 13, 40]) {
        check({ polynomial, inputs: [shared, batched], outputs: [batched], batchSize })
        const { toX, toW, both, jvp } = family(polynomial)
        // Inputs of a derivative are the layer's and the cotangent.
        check({ polynomial: toX, inputs: [shared, batched, batched], outputs: [batched], batchSize })
        check({ polynomial: toW, inputs: [shared, batched, batched], outputs: [shared], batchSize })
        check({ polynomial: both, inputs: [shared, batched, batched], outputs: [shared, batched], batchSize })
        check({ polynomial: jvp, inputs: [shared, batched, shared, batched], outputs: [batched], batchSize })
      }
    })

  for (const [number, polynomial] of layers.entries())
    test(`layer ${number}: weights of species, forward and derivatives`, () => {
      // Unsorted; species 1 and 4 have no entries.
      const values = Array.from({ length: 61 }, (_, e) => [3, 0, 2, 0, 3, 5][(e * e) % 6] ?? 0)
      for (const batchSize of [1, 7, 61]) {
        const indices = [{ values: values.slice(0, batchSize), rows: 6 }]
        check({ polynomial, inputs: [species, batched], outputs: [batched], batchSize, indices })
        const { toX, toW, both, jvp } = family(polynomial)
        check({ polynomial: toX, inputs: [species, batched, batched], outputs: [batched], batchSize, indices })
        check({ polynomial: toW, inputs: [species, batched, batched], outputs: [species], batchSize, indices })
        check({ polynomial: both, inputs: [species, batched, batched], outputs: [species, batched], batchSize, indices })
        check({ polynomial: jvp, inputs: [species, batched, species, batched], outputs: [batched], batchSize, indices })
      }
    })

  test('weights of every entry', () => {
    for (const polynomial of layers) {
      const { toX, toW } = family(polynomial)
      check({ polynomial, inputs: [batched, batched], outputs: [batched], batchSize: 5 })
      check({ polynomial: toX, inputs: [batched, batched, batched], outputs: [batched], batchSize: 5 })
      check({ polynomial: toW, inputs: [batched, batched, batched], outputs: [batched], batchSize: 5 })
    }
  })

  test('gathered x', () => {
    for (const polynomial of layers) {
      const indices = [{ values: [2, 0, 2, 1, 1, 2, 0, 0], rows: 3 }, { values: [4, 1, 0, 0, 1, 2, 3, 4], rows: 5 }]
      const gather = { kind: 'indexed', index: 1 } as const
      const { toW } = family(polynomial)
      check({ polynomial, inputs: [shared, gather], outputs: [batched], batchSize: 8, indices })
      check({ polynomial, inputs: [species, gather], outputs: [batched], batchSize: 8, indices })
      check({ polynomial: toW, inputs: [species, gather, batched], outputs: [species], batchSize: 8, indices })
    }
  })

  test('element types', () => {
    const { both } = family(layers[1] ?? linear('1x0e', '1x0e'))
    const own: Case = { polynomial: both, inputs: [shared, batched, batched], outputs: [shared, batched], batchSize: 9 }
    check(own, { inputScalars: ['f32', 'f32', 'f32'], outputScalars: ['f32', 'f32'], mathScalar: 'f32' })
    check(own, { inputScalars: ['f32', 'f64', 'f32'], outputScalars: ['f32', 'f64'], mathScalar: 'f64' })
    check({ ...own, batchSize: 1 }, { inputScalars: ['f32', 'f32', 'f64'], outputScalars: ['f64', 'f32'], mathScalar: 'f64' })
  })

  test('lanes of a GPU', () => {
    for (const polynomial of layers) {
      check({ polynomial: family(polynomial).both, inputs: [shared, batched, batched], outputs: [shared, batched], batchSize: 9 }, {}, gpu)
      check({ polynomial, inputs: [batched, batched], outputs: [batched], batchSize: 9 }, {}, gpu)
    }
  })

  describe.each([['matrix units of f32', 'f32', units], ['matrix units of f64', 'f64', units], ['registers of lanes', 'f32', lanes]] as const)('%s', (_, scalar, target) => {
    const own: Scalars = { mathScalar: scalar, inputScalars: Array<typeof scalar>(4).fill(scalar), outputScalars: [scalar, scalar] }
    const wide = linear('20x0e+36x1o', '40x0e+12x1o')
    test('a layer and its derivatives', () => {
      for (const polynomial of [...layers, wide]) {
        const { both, jvp } = family(polynomial)
        check({ polynomial, inputs: [shared, batched], outputs: [batched], batchSize: 13 }, own, target)
        check({ polynomial: both, inputs: [shared, batched, batched], outputs: [shared, batched], batchSize: 37 }, own, target)
        check({ polynomial: jvp, inputs: [shared, batched, shared, batched], outputs: [batched], batchSize: 5 }, own, target)
        check({ polynomial: both, inputs: [shared, batched, batched], outputs: [shared, batched], batchSize: 0 }, own, target)
      }
    })

    test('gathered rows, and programs that share the entries', () => {
      const indices = [{ values: Array.from({ length: 300 }, (_, e) => (e * e) % 7), rows: 7 }]
      const { toW } = family(wide)
      check({ polynomial: wide, inputs: [shared, species], outputs: [batched], batchSize: 20, indices }, own, target)
      check({ polynomial: toW, inputs: [shared, species, batched], outputs: [shared], batchSize: 300, indices }, own, target)
    })

    test('weights of species: blocks of entries of one row', () => {
      // Unsorted; species 1 and 4 have no entries, species 0 has several blocks.
      const values = Array.from({ length: 120 }, (_, e) => [3, 0, 2, 0, 0, 5, 0, 0][(e * 5) % 8] ?? 0)
      const indices = [{ values, rows: 6 }, { values: values.map((value, e) => (value + e) % 11), rows: 11 }]
      for (const polynomial of [...layers.slice(1), wide]) {
        const { both, jvp } = family(polynomial)
        check({ polynomial, inputs: [species, batched], outputs: [batched], batchSize: 120, indices }, own, target)
        check({ polynomial: both, inputs: [species, batched, batched], outputs: [species, batched], batchSize: 120, indices }, own, target)
        check({ polynomial: jvp, inputs: [species, batched, species, batched], outputs: [batched], batchSize: 120, indices }, own, target)
      }
      check({ polynomial: wide, inputs: [species, { kind: 'indexed', index: 1 }], outputs: [batched], batchSize: 120, indices }, own, target)
    })

    test('kernels of other targets where types differ or few entries share weights', () => {
      const plain = { polynomial: wide, outputs: [batched], inputScalars: [scalar, scalar], outputScalars: [scalar], mathScalar: scalar }
      const kernelsOf = (inputs: readonly RowAccess[], scalars: Scalars, batchSize = 9) =>
        lowerMatrix({ ...plain, inputs, ...scalars }, target)
          ?.plan({ batchSize, inputRows: [3, batchSize], outputRows: [batchSize] })
          .launches.map(({ kernel }) => kernel.name)
      expect(kernelsOf([shared, batched], {})).toEqual(['unitRows'])
      expect(kernelsOf([species, batched], {})).not.toContain('unitRows')
      expect(kernelsOf([species, batched], {}, 48)).toEqual(['unitRows'])
      expect(kernelsOf([shared, batched], { outputScalars: [scalar === 'f32' ? 'f64' : 'f32'] })).not.toContain('unitRows')
    })
  })

  test('multiplicities in front of components, and segments of every shape', () => {
    const sizes = { u: [3, 9, 3], v: [12, 2, 12], d: [1, 3, 1] }
    const segments = (f: (k: number) => readonly number[]) => new cue.SegmentedOperand([0, 1, 2].map(f))
    const at = (list: readonly number[], k: number) => list[k] ?? 0
    const weights = segments((k) => [at(sizes.v, k), at(sizes.u, k)])
    const x = segments((k) => [at(sizes.u, k), at(sizes.d, k)])
    const y = segments((k) => [at(sizes.v, k), at(sizes.d, k)])
    // Segment 2 of y gets two paths with different factors, segment 0 none.
    const path = (indices: readonly number[], coefficient: number) => new cue.Path(indices, cue.HostArray.scalar(coefficient))
    const paths = [path([1, 1, 1], 0.5), path([2, 2, 2], -2), path([0, 0, 2], 3)]
    const polynomial = cue.SegmentedPolynomial.evalLastOperand(new cue.SegmentedTensorProduct('vu,ui,vi', [weights, x, y], paths))
    const { toX, toW, jvp } = family(polynomial)
    const indices = [{ values: [1, 0, 1, 3, 3, 3, 0, 1, 1, 1, 1, 0, 1], rows: 4 }]
    for (const own of [shared, species, batched]) {
      check({ polynomial, inputs: [own, batched], outputs: [batched], batchSize: 13, indices })
      check({ polynomial: toX, inputs: [own, batched, batched], outputs: [batched], batchSize: 13, indices })
      check({ polynomial: toW, inputs: [own, batched, batched], outputs: [own], batchSize: 13, indices })
      check({ polynomial: jvp, inputs: [own, batched, own, batched], outputs: [batched], batchSize: 13, indices })
    }
    check({ polynomial: toX, inputs: [shared, batched, batched], outputs: [batched], batchSize: 13 }, {}, units)
    check({ polynomial: toW, inputs: [shared, batched, batched], outputs: [shared], batchSize: 13 }, {}, units)
    // More rows of weights than entries.
    check({ polynomial, inputs: [species, batched], outputs: [batched], batchSize: 2, indices: [{ values: [5, 1], rows: 9 }] })
  })

  test('many components: more rows than a program remembers', () => {
    const [weights, x, y] = [[[6, 9]], [[130, 6]], [[130, 9]]].map((shapes) => new cue.SegmentedOperand(shapes))
    if (!weights || !x || !y) throw new Error('three operands')
    const product = new cue.SegmentedTensorProduct('uv,iu,iv', [weights, x, y], [new cue.Path([0, 0, 0], cue.HostArray.scalar(1))])
    const polynomial = cue.SegmentedPolynomial.evalLastOperand(product)
    check({ polynomial, inputs: [shared, batched], outputs: [batched], batchSize: 3 })
    check({ polynomial: family(polynomial).toW, inputs: [shared, batched, batched], outputs: [shared], batchSize: 3 })
  })

  test('a gradient in parts: many entries', () => {
    const polynomial = linear('2x0e+1x1o', '3x0e+2x1o')
    const { toW } = family(polynomial)
    check({ polynomial: toW, inputs: [shared, batched, batched], outputs: [shared], batchSize: 700 })
  })

  test('what is no sum of products of matrices', () => {
    const serves = (polynomial: cue.SegmentedPolynomial, inputs: readonly RowAccess[], outputs: readonly RowAccess[]) =>
      lowerMatrix({ polynomial, inputs, outputs, inputScalars: inputs.map(() => 'f64'), outputScalars: outputs.map(() => 'f64'), mathScalar: 'f64' }, simd) !== undefined
    const irreps = new cue.Irreps('O3', '4x0e+4x1o')
    expect(serves(cue.descriptors.channelwiseTensorProduct(irreps, irreps, irreps).polynomial, [batched, batched, batched], [batched])).toBe(false)
    expect(serves(cue.descriptors.fullyConnectedTensorProduct(irreps, irreps, irreps).polynomial, [shared, batched, batched], [batched])).toBe(false)
    expect(serves(cue.descriptors.sphericalHarmonics(new cue.O3(1, -1), [1, 2]).polynomial, [batched], [batched])).toBe(false)
    const layer = linear('4x0e', '4x0e')
    expect(serves(layer, [shared, batched], [species])).toBe(false)
    expect(serves(layer, [shared, shared], [batched])).toBe(false)
    expect(serves(layer, [shared, batched], [batched])).toBe(true)
  })

  test('more elements than programs can address', () => {
    const request = { polynomial: linear('4x0e', '4x0e'), inputScalars: ['f32', 'f32'], outputScalars: ['f32'], mathScalar: 'f32' } as const
    const lowered = lowerMatrix({ ...request, inputs: [shared, batched], outputs: [batched] }, simd)
    expect(() => lowered?.plan({ batchSize: 2 ** 29, inputRows: [1, 2 ** 29], outputRows: [2 ** 29] })).toThrow(/x has 536870912 rows of 4 elements.*split the batch/)
    expect(lowered?.plan({ batchSize: 2 ** 28, inputRows: [1, 2 ** 28], outputRows: [2 ** 28] }).launches.length).toBe(2)
  })

  test('what was chosen, and why', () => {
    const polynomial = linear('4x0e', '4x0e')
    const request = { polynomial, inputScalars: ['f32', 'f32'], outputScalars: ['f32'], mathScalar: 'f32' } as const
    const plain = lowerMatrix({ ...request, inputs: [shared, batched], outputs: [batched] }, simd)
    const ofSpecies = lowerMatrix({ ...request, inputs: [species, batched], outputs: [batched] }, simd)
    expect([plain?.method, plain?.orders, ofSpecies?.method, ofSpecies?.orders]).toEqual(['uniform_1d', [], 'indexed_linear', [0]])
    const explanation = plain?.explain({ batchSize: 10, inputRows: [1, 10], outputRows: [10] })
    expect(explanation?.flops).toBe(2 * 10 * 4 * 4)
    expect(explanation?.toString()).toMatch(/rowsProduct/)
  })

  test('an empty batch', () => {
    for (const polynomial of layers) {
      check({ polynomial, inputs: [shared, batched], outputs: [batched], batchSize: 0 })
      check({ polynomial: family(polynomial).toW, inputs: [shared, batched, batched], outputs: [shared], batchSize: 0 })
      check({ polynomial: family(polynomial).toW, inputs: [species, batched, batched], outputs: [species], batchSize: 0, indices: [{ values: [], rows: 3 }] })
    }
  })
})
