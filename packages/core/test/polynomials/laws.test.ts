import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HostArray } from '../../src/math/index.ts'
import { Path, SegmentedOperand, SegmentedPolynomial, SegmentedTensorProduct } from '../../src/polynomials/index.ts'
import { polynomialByDefinition, productByDefinition, valuesOf } from './independent.ts'
import { argumentsOf, polynomials, products } from './random-polynomial.ts'

// All numbers are small and whole, so sums and products of them are exact and are compared without tolerance.
const runs = { seed: 42, numRuns: 150 }

function inputsOf(product: SegmentedTensorProduct): HostArray[] {
  return argumentsOf(product.operands.slice(0, -1), 3)
}

function valuesOfAll(polynomial: SegmentedPolynomial, inputs: readonly HostArray[]): number[][] {
  return polynomial.evaluate(...inputs).map(valuesOf)
}

describe('tensor products', () => {
  test('evaluation follows the definition', () => {
    fc.assert(
      fc.property(products, (product) => {
        const inputs = inputsOf(product)
        expect(valuesOf(product.evaluate(...inputs))).toEqual(productByDefinition(product, inputs).map((value) => value + 0))
      }),
      runs,
    )
  })

  test('leading axes broadcast: every row by itself', () => {
    fc.assert(
      fc.property(products, (product) => {
        const numInputs = product.numOperands - 1
        const batches = Array.from({ length: numInputs }, (_, k) => (k % 2 === 0 ? [2, 1] : [3]))
        const inputs = batches.map((batch, k) => argumentsOf(product.operands.slice(k, k + 1), 3 + k, batch)[0] ?? HostArray.zeros([0]))
        const result = product.evaluate(...inputs)
        const batch = numInputs === 0 ? [] : numInputs === 1 ? [2, 1] : [2, 3]
        const size = product.operands[numInputs]?.size ?? 0
        expect(result.shape).toEqual([...batch, size])
        const row = (array: HostArray, n: number, length: number) => HostArray.from(array.data.slice(n * length, (n + 1) * length))
        for (let i = 0; i < (batch[0] ?? 1); i++)
          for (let j = 0; j < (batch[1] ?? 1); j++) {
            const own = inputs.map((input, k) => row(input, k % 2 === 0 ? i : j, product.operands[k]?.size ?? 0))
            expect(valuesOf(row(result, i * (batch[1] ?? 1) + j, size))).toEqual(valuesOf(product.evaluate(...own)))
          }
      }),
      runs,
    )
  })

  test.each<readonly [string, (product: SegmentedTensorProduct) => SegmentedTensorProduct]>([
    ['canonicalizeSubscripts', (product) => product.canonicalizeSubscripts()],
    ['squeezeModes', (product) => product.squeezeModes()],
    ['consolidateModes', (product) => product.consolidateModes()],
    ['consolidatePaths', (product) => product.consolidatePaths()],
    ['fusePathsWithSameIndices', (product) => product.fusePathsWithSameIndices()],
    ['removeZeroPaths', (product) => product.removeZeroPaths()],
    ['removeEmptySegments', (product) => product.removeEmptySegments()],
    ['flattenCoefficientModes', (product) => product.flattenCoefficientModes({ force: true })],
    ['flattenCoefficientModes with zeros', (product) => product.flattenCoefficientModes({ force: true, skipZeros: false })],
    ['sortPaths', (product) => product.sortPaths([...product.operands.keys()].reverse())],
    ['a mode of extent one', (product) => product.appendModesToAllOperands('z', { z: 1 })],
  ])('%s keeps values and leaves its source alone', (_, rewrite) => {
    fc.assert(
      fc.property(products, (product) => {
        const { key } = product
        const result = rewrite(product)
        expect(valuesOf(result.evaluate(...inputsOf(product)))).toEqual(valuesOf(product.evaluate(...inputsOf(product))))
        expect(new SegmentedTensorProduct(product.subscripts, product.operands, product.paths).key).toBe(key)
      }),
      runs,
    )
  })

  test('every set that can be flattened, flattened: also some of several coefficient modes', () => {
    fc.assert(
      fc.property(products, (product) => {
        const expected = valuesOf(product.evaluate(...inputsOf(product)))
        for (const modes of product.subscripts.flattenablePowerset()) {
          const flattened = product.flattenModes(modes)
          expect(valuesOf(flattened.evaluate(...inputsOf(product)))).toEqual(expected)
        }
      }),
      runs,
    )
  })

  test('a mode split wherever it can be, refused elsewhere', () => {
    fc.assert(
      fc.property(products, fc.integer({ min: 1, max: 3 }), (product, size) => {
        for (const mode of product.subscripts.modes) {
          const axes = product.subscripts.axesOf(mode)
          const divides = ([k]: readonly [number, number]) => product.operands[k]?.segments.every((shape) => (shape[0] ?? 0) % size === 0)
          if (!axes.every((axis) => axis[1] === 0 && divides(axis))) {
            expect(() => product.splitMode(mode, size)).toThrow(`mode '${mode}'`)
            continue
          }
          const split = product.splitMode(mode, size)
          expect(valuesOf(split.evaluate(...inputsOf(product)))).toEqual(valuesOf(product.evaluate(...inputsOf(product))))
        }
      }),
      runs,
    )
  })

  test('a slice is the product of sliced inputs, where the rest is zero', () => {
    fc.assert(
      fc.property(products, fc.array(fc.tuple(fc.nat(2), fc.nat(3)), { minLength: 4, maxLength: 4 }), (product, bounds) => {
        const slices = product.operands.map(({ numSegments }, k) => {
          const [start = 0, length = 0] = bounds[k] ?? []
          return [Math.min(start, numSegments), Math.min(start + length, numSegments)] as const
        })
        const range = (k: number) => [0, 1].map((end) => product.operands[k]?.offsets[slices[k]?.[end] ?? 0] ?? 0)
        const cut = (values: readonly number[], k: number) => values.slice(...range(k))
        const inputs = inputsOf(product)
        const zeroed = inputs.map((input, k) => input.map((value, i) => (i >= (range(k)[0] ?? 0) && i < (range(k)[1] ?? 0) ? value : 0)))
        const result = product.sliceBySegment(...slices).evaluate(...inputs.map((input, k) => HostArray.from(cut([...input.data], k))))
        expect(valuesOf(result)).toEqual(cut(valuesOf(product.evaluate(...zeroed)), product.numOperands - 1))
      }),
      runs,
    )
  })
})

/** Products of two to four operands with equal segments, closed now and then under some permutation. */
const symmetricProducts: fc.Arbitrary<SegmentedTensorProduct> = fc
  .tuple(
    fc.integer({ min: 2, max: 4 }),
    fc.array(fc.tuple(fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }), fc.integer({ min: -2, max: 2 })), { maxLength: 5 }),
    fc.nat(2),
  )
  .map(([n, entries, kind]) => {
    const operand = new SegmentedOperand([[2], [2], [2]], 1)
    const permutation = [[...Array(n).keys()].map((k) => (k + 1) % n), [1, 0, 2, 3].slice(0, n), [1, 0, 3, 2]][n === 4 ? kind : kind % 2] ?? []
    const paths = entries.map(([indices, c]) => new Path(indices.slice(0, n), HostArray.scalar(c)))
    let orbit = paths
    const all = [...paths]
    for (let power = 1; power < n; power++) {
      orbit = orbit.map((path) => path.withIndices(permutation.map((k) => path.indices[k] ?? 0)))
      all.push(...orbit)
    }
    return new SegmentedTensorProduct(
      Array.from({ length: n }, () => 'u').join(),
      Array.from({ length: n }, () => operand),
      all,
    )
  })

function permutations(items: readonly number[]): number[][] {
  return items.length < 2 ? [[...items]] : items.flatMap((first) => permutations(items.filter((other) => other !== first)).map((rest) => [first, ...rest]))
}

describe('symmetries', () => {
  test('are exactly the permutations that leave the product as it is', () => {
    fc.assert(
      fc.property(symmetricProducts, (product) => {
        const normal = (order: readonly number[]) => product.permuteOperands(order).canonicalizeSubscripts().consolidatePaths().key
        const identity = [...product.operands.keys()]
        const expected = permutations(identity).filter((order) => normal(order) === normal(identity))
        expect(product.symmetries().map(String).sort()).toEqual(expected.map(String).sort())
      }),
      runs,
    )
  })

  test('equal factors symmetrised or sorted: the same value, and what it says', () => {
    fc.assert(
      fc.property(symmetricProducts, (product) => {
        const factors = [...product.operands.keys()].slice(0, -1)
        const [x = HostArray.zeros([0])] = argumentsOf(product.operands.slice(0, 1), 9)
        const inputs = factors.map(() => x)
        const expected = product.evaluate(...inputs)
        const [sorted, symmetric] = [product.sortIndicesForIdenticalOperands(factors), product.symmetrizeOperands(factors)]
        expect(valuesOf(sorted.evaluate(...inputs))).toEqual(valuesOf(expected))
        expect(symmetric.evaluate(...inputs).maxAbsDifference(expected)).toBeLessThan(1e-12)
        expect(sorted.paths.every(({ indices }) => factors.every((k) => k === 0 || (indices[k - 1] ?? 0) <= (indices[k] ?? 0)))).toBe(true)
        const coefficientOf = (path: Path, order: readonly number[]) => {
          const same = symmetric.paths.filter(({ indices }) => indices.every((segment, k) => segment === path.indices[order[k] ?? 0]))
          return same.reduce((sum, { coefficients }) => sum + (coefficients.data[0] ?? 0), 0)
        }
        const last = product.numOperands - 1
        const identity = [...factors, last]
        for (const path of symmetric.paths)
          for (const order of permutations(factors)) expect(coefficientOf(path, [...order, last])).toBeCloseTo(coefficientOf(path, identity), 12)
      }),
      { ...runs, numRuns: 60 },
    )
  })
})

/**
 * Directional derivative of a polynomial of degree up to four, exactly: (8 (f(1) − f(−1)) − (f(2) − f(−2))) / 12, whose error
 * is the fifth derivative.
 */
function directionalDerivative(polynomial: SegmentedPolynomial, inputs: readonly HostArray[], direction: readonly (HostArray | undefined)[]): number[][] {
  const at = (t: number) => {
    const moved = inputs.map((input, i) => (direction[i] ? input.add(direction[i].scale(t)) : input))
    return valuesOfAll(polynomial, moved)
  }
  const [f1, f2, b1, b2] = [at(1), at(2), at(-1), at(-2)]
  const pick = (values: readonly (readonly number[])[], o: number, i: number) => values[o]?.[i] ?? Number.NaN
  return f1.map((output, o) => output.map((_, i) => (8 * (pick(f1, o, i) - pick(b1, o, i)) - (pick(f2, o, i) - pick(b2, o, i))) / 12 + 0))
}

const flags = (count: number) => fc.array(fc.boolean(), { minLength: count, maxLength: count })

describe('polynomials', () => {
  test('evaluation follows the definition', () => {
    fc.assert(
      fc.property(polynomials, (polynomial) => {
        const inputs = argumentsOf(polynomial.inputs, 5)
        expect(valuesOfAll(polynomial, inputs)).toEqual(polynomialByDefinition(polynomial, inputs).map((output) => output.map((value) => value + 0)))
      }),
      runs,
    )
  })

  test('the key does not depend on the order of operations or operands', () => {
    fc.assert(
      fc.property(polynomials, fc.nat(), (polynomial, seed) => {
        const shuffled = polynomial.operations
          .map((term, n) => [Math.sin(seed + n), term] as const)
          .sort(([a], [b]) => a - b)
          .map(([, term]) => term)
        expect(new SegmentedPolynomial(polynomial.inputs, polynomial.outputs, shuffled).canonicalKey()).toBe(polynomial.canonicalKey())
      }),
      runs,
    )
  })

  test('jvp is the directional derivative', () => {
    fc.assert(
      fc.property(polynomials, flags(3), (polynomial, some) => {
        const hasTangent = polynomial.inputs.map((_, i) => some[i] ?? false)
        const inputs = argumentsOf(polynomial.inputs, 5)
        const tangents = argumentsOf(polynomial.inputs, 99).map((tangent, i) => (hasTangent[i] ? tangent : undefined))
        const [derivative, map] = polynomial.jvp(hasTangent)
        const all = [...inputs, ...tangents.filter((tangent) => tangent !== undefined)]
        expect(valuesOfAll(derivative, all)).toEqual(directionalDerivative(polynomial, inputs, tangents))
        const names = polynomial.inputs.map((_, i) => `x${i}`)
        expect(map(names, ['y0', 'y1'].slice(0, polynomial.numOutputs))).toEqual([
          [...names, ...names.filter((_, i) => hasTangent[i])],
          ['y0', 'y1'].slice(0, polynomial.numOutputs),
        ])
      }),
      runs,
    )
  })

  test('backward is the gradient, and its map says where arguments come from', () => {
    fc.assert(
      fc.property(polynomials, flags(3), flags(2), (polynomial, someInputs, someOutputs) => {
        const requiresGradient = polynomial.inputs.map((_, i) => someInputs[i] ?? false)
        const hasCotangent = polynomial.outputs.map((_, o) => someOutputs[o] ?? false)
        const inputs = argumentsOf(polynomial.inputs, 5)
        const cotangents = argumentsOf(polynomial.outputs, 31)
        const [gradient, map] = polynomial.backward(requiresGradient, hasCotangent)
        const [newInputs, of] = map(inputs, cotangents)
        expect(newInputs).toEqual([...inputs, ...cotangents.filter((_, o) => hasCotangent[o])])
        expect(of).toEqual(inputs.filter((_, i) => requiresGradient[i]))
        const results = valuesOfAll(gradient, newInputs)
        const wanted = inputs.flatMap((_, i) => (requiresGradient[i] ? [i] : []))
        const expected = wanted.map((i) =>
          Array.from({ length: inputs[i]?.size ?? 0 }, (_, e) => {
            const unit = inputs.map((input, j) => (j === i ? input.map((_value, k) => Number(k === e)) : undefined))
            const change = directionalDerivative(polynomial, inputs, unit)
            const products = change.flatMap((output, o) => (hasCotangent[o] ? output.map((value, k) => value * (cotangents[o]?.data[k] ?? 0)) : []))
            return products.reduce((sum, value) => sum + value, 0)
          }),
        )
        expect(results).toEqual(expected)
      }),
      runs,
    )
  })

  test('transposing the derivative twice is the derivative', () => {
    fc.assert(
      fc.property(polynomials, (polynomial) => {
        const all = polynomial.inputs.map(() => true)
        const [linear] = polynomial.jvp(all)
        const isTangent = linear.inputs.map((_, i) => i >= polynomial.numInputs)
        const [once] = linear.transpose(isTangent, polynomial.outputs.map(() => true))
        const isCotangent = once.inputs.map((_, i) => i >= polynomial.numInputs)
        const [twice] = once.transpose(isCotangent, once.outputs.map(() => true))
        const inputs = argumentsOf(linear.inputs, 8)
        expect(valuesOfAll(twice, inputs)).toEqual(valuesOfAll(linear, inputs))
      }),
      runs,
    )
  })

  test.each<readonly [string, (polynomial: SegmentedPolynomial) => SegmentedPolynomial]>([
    ['squeezeModes', (polynomial) => polynomial.squeezeModes()],
    ['flattenCoefficientModes', (polynomial) => polynomial.flattenCoefficientModes()],
    ['fuseStps', (polynomial) => polynomial.fuseStps()],
    ['consolidateModes', (polynomial) => polynomial.consolidateModes()],
    ['consolidate', (polynomial) => polynomial.consolidate()],
    ['canonicalizeSubscripts', (polynomial) => polynomial.canonicalizeSubscripts()],
    ['symmetrizeForIdenticalOperands', (polynomial) => polynomial.symmetrizeForIdenticalOperands()],
    ['unsymmetrizeForIdenticalOperands', (polynomial) => polynomial.unsymmetrizeForIdenticalOperands()],
    ['applyFn', (polynomial) => polynomial.applyFn((operation, product) => [operation, product])],
    ['toJSON', (polynomial) => SegmentedPolynomial.fromJSON(JSON.stringify(polynomial))],
  ])('%s keeps values', (_, rewrite) => {
    fc.assert(
      fc.property(polynomials, (polynomial) => {
        // Where operations cut one operand differently, flattening it is refused.
        const inputs = argumentsOf(polynomial.inputs, 5)
        let rewritten: SegmentedPolynomial
        try {
          rewritten = rewrite(polynomial)
        } catch (error) {
          expect(String(error)).toContain('different segments')
          return
        }
        const expected = valuesOfAll(polynomial, inputs)
        for (const [o, output] of valuesOfAll(rewritten, inputs).entries())
          for (const [i, value] of output.entries()) expect(Math.abs(value - (expected[o]?.[i] ?? Number.NaN))).toBeLessThan(1e-10)
      }),
      runs,
    )
  })

  test('JSON keeps the key', () => {
    fc.assert(
      fc.property(polynomials, (polynomial) => {
        expect(SegmentedPolynomial.fromJSON(JSON.stringify(polynomial)).canonicalKey()).toBe(polynomial.canonicalKey())
      }),
      runs,
    )
  })

  test('a split operand: the same numbers, cut', () => {
    fc.assert(
      fc.property(polynomials, fc.nat(4), (polynomial, choice) => {
        const k = choice % polynomial.numOperands
        const operand = polynomial.operands[k] ?? new SegmentedOperand([])
        const bounds = [...new Set([0, 1, operand.numSegments])]
        const inputs = argumentsOf(polynomial.inputs, 5)
        const starts = bounds.map((bound) => operand.offsets[bound] ?? 0)
        const cut = (input: HostArray) => starts.slice(1).map((end, n) => HostArray.from(input.data.slice(starts[n], end)))
        const pieces = inputs.flatMap((input, i) => (i === k ? cut(input) : [input]))
        const split = polynomial.splitOperandBySegment(k, bounds)
        expect(valuesOfAll(split, pieces).flat()).toEqual(valuesOfAll(polynomial, inputs).flat())
        expect(polynomial.splitOperandBySize(k, starts).canonicalKey()).toBe(split.canonicalKey())
      }),
      runs,
    )
  })

  test('stacked outputs and stacked inputs', () => {
    fc.assert(
      fc.property(polynomials, (polynomial) => {
        const inputs = argumentsOf(polynomial.inputs, 5)
        const other = polynomial.scale(2)
        const values = valuesOfAll(polynomial, inputs)
        const twice = values.map((output) => output.map((value) => 2 * value + 0))
        const outputs = SegmentedPolynomial.stack([polynomial, other], [...polynomial.inputs.map(() => false), ...polynomial.outputs.map(() => true)])
        expect(valuesOfAll(outputs, inputs)).toEqual(values.map((output, o) => [...output, ...(twice[o] ?? [])]))
        const joined = SegmentedPolynomial.stack([polynomial, other], [...polynomial.inputs.map(() => true), ...polynomial.outputs.map(() => false)])
        const second = argumentsOf(polynomial.inputs, 77)
        const both = inputs.map((input, i) => HostArray.from([...input.data, ...(second[i]?.data ?? [])]))
        const expected = valuesOfAll(other, second)
        expect(valuesOfAll(joined, both)).toEqual(values.map((output, o) => output.map((value, i) => value + (expected[o]?.[i] ?? 0))))
      }),
      runs,
    )
  })

  test('a sum of two: concatenate', () => {
    fc.assert(
      fc.property(polynomials, (polynomial) => {
        const mapping = polynomial.operands.map((_, k) => k)
        const sum = SegmentedPolynomial.concatenate(polynomial.inputs, polynomial.outputs, [
          [polynomial, mapping],
          [polynomial.scale(3), mapping],
        ])
        const inputs = argumentsOf(polynomial.inputs, 5)
        expect(valuesOfAll(sum, inputs)).toEqual(valuesOfAll(polynomial, inputs).map((output) => output.map((value) => 4 * value + 0)))
      }),
      runs,
    )
  })

  test('operands permuted, dropped, not computed', () => {
    fc.assert(
      fc.property(polynomials, flags(2), (polynomial, some) => {
        const inputs = argumentsOf(polynomial.inputs, 5)
        const values = valuesOfAll(polynomial, inputs)
        const [inputOrder, outputOrder] = [[...polynomial.inputs.keys()].reverse(), [...polynomial.outputs.keys()].reverse()]
        const permuted = polynomial.permuteInputs(inputOrder).permuteOutputs(outputOrder)
        expect(valuesOfAll(permuted, inputs.toReversed())).toEqual(values.toReversed())
        const keep = polynomial.outputs.map((_, o) => some[o] ?? false)
        expect(valuesOfAll(polynomial.filterKeepOutputs(keep), inputs)).toEqual(values.filter((_, o) => keep[o]))
        expect(valuesOfAll(polynomial.computeOnly(keep), inputs)).toEqual(values.map((output, o) => (keep[o] ? output : output.map(() => 0))))
        const { usedInputs, usedOutputs } = polynomial
        const small = polynomial.filterDropUnusedOperands()
        const used = inputs.filter((_, i) => usedInputs[i])
        expect(valuesOfAll(small, used)).toEqual(values.filter((_, o) => usedOutputs[o]))
        const { numInputs } = polynomial
        const drop = polynomial.applyFn((operation, product) => (operation.outputBuffer(numInputs) === numInputs ? undefined : [operation, product]))
        expect(valuesOfAll(drop, inputs)[0]?.every((value) => value === 0)).toBe(true)
      }),
      runs,
    )
  })
})
